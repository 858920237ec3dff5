"""A teacher gives a grade."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.answers import answer, body, services
from school.fault import fault


async def add_grade(request: Request) -> Response:
    """POST /api/grades with `{"pupil_id": …, "subject": …, "value": 0 to 100}`; the average follows, by a
    job."""
    given = await body(request, pupil_id=int, subject=str, value=int)
    if not 0 <= given["value"] <= 100:
        raise HTTPException(422, "value must be 0 to 100")
    await fault.request(given["pupil_id"])
    rows = await services(request).database.write(
        """
        WITH pupil AS (SELECT id FROM pupils WHERE id = %s),
             grade AS (
                 INSERT INTO grades (pupil_id, subject, value) SELECT id, %s, %s FROM pupil RETURNING id
             ),
             job AS (INSERT INTO jobs (pupil_id) SELECT id FROM pupil RETURNING id)
        SELECT grade.id, job.id AS job_id FROM grade, job
        """,
        given["pupil_id"],
        given["subject"],
        given["value"],
    )
    if not rows:
        raise HTTPException(404, "there is no such pupil")
    return answer(request, {**rows[0], "pupil_id": given["pupil_id"]}, 202)


routes = [Route("/api/grades", add_grade, methods=["POST"])]
