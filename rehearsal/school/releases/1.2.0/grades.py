"""Grades, and their average: by the weights of their subjects where the flag gradebook-v2 is on."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.answers import answer, record, services
from school.averages import GRADEBOOK
from school.fault import fault

PLAIN = """
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
"""

WEIGHTED = """
    SELECT round(sum(value * coalesce(weight, 1)) / sum(coalesce(weight, 1)), 2)::float8 AS average
    FROM grades LEFT JOIN grade_weights USING (subject) WHERE pupil_id = %s
"""


async def grades(request: Request) -> Response:
    """GET /api/pupils/{id}/grades: the newest 20"""
    number = record(request)
    await fault.request(number)
    database = services(request).database
    rows = await database.read(PLAIN, number)
    if not rows:
        raise HTTPException(404, "there is no such pupil")
    found = {
        "pupil_id": number,
        "gradebook": "v1",
        "average": rows[0]["average"],
        "grades": rows[0]["grades"],
    }
    if has_gradebook(request):
        weighted = await database.read(WEIGHTED, number)
        found |= {"gradebook": "v2", "average": weighted[0]["average"]}
    return answer(request, found)


def has_gradebook(request: Request) -> bool:
    """The headers are set by the school's sign-on in front of the service."""
    header = request.headers.get
    person, role, cohort = header("x-user", "nobody"), header("x-role", ""), header("x-cohort", "")
    return services(request).flags.is_on(GRADEBOOK, person, role, cohort)


async def weights(request: Request) -> Response:
    """GET /api/weights: of each subject; not there for those without gradebook-v2"""
    if not has_gradebook(request):
        raise HTTPException(404, "Not Found")
    rows = await services(request).database.read(
        "SELECT subject, weight::float8 AS weight FROM grade_weights ORDER BY subject"
    )
    return answer(request, {"weights": {row["subject"]: row["weight"] for row in rows}})


routes = [Route("/api/pupils/{id:int}/grades", grades), Route("/api/weights", weights)]
