"""Grades, and their average as the worker computed it last."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.answers import answer, record, services
from school.fault import fault


async def grades(request: Request) -> Response:
    """GET /api/pupils/{id}/grades: the newest 20"""
    number = record(request)
    await fault.request(number)
    rows = await services(request).database.read(
        """
        SELECT p.id, a.average::float8 AS average, g.grades
        FROM pupils p
        LEFT JOIN averages a ON a.pupil_id = p.id
        CROSS JOIN LATERAL (
            SELECT coalesce(json_agg(newest), '[]') AS grades
            FROM (
                SELECT id, subject, value FROM grades WHERE pupil_id = p.id ORDER BY id DESC LIMIT 20
            ) newest
        ) g
        WHERE p.id = %s
        """,
        number,
    )
    if not rows:
        raise HTTPException(404, "there is no such pupil")
    return answer(request, {"pupil_id": number, "average": rows[0]["average"], "grades": rows[0]["grades"]})


routes = [Route("/api/pupils/{id:int}/grades", grades)]
