"""Pupils, and the school in figures."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.answers import answer, only, record, services
from school.fault import fault


async def pupil(request: Request) -> Response:
    """GET /api/pupils/{id}"""
    number = record(request)
    await fault.request(number)
    rows = await services(request).database.read("SELECT id, name, class FROM pupils WHERE id = %s", number)
    return answer(request, only(rows, "pupil"))


async def summary(request: Request) -> Response:
    """GET /api/summary"""
    rows = await services(request).database.read(
        """
        SELECT (SELECT count(*) FROM pupils) AS pupils, (SELECT count(*) FROM guardians) AS guardians,
               (SELECT count(*) FROM jobs WHERE state = 'waiting') AS waiting_jobs
        """
    )
    return answer(request, rows[0])


routes = [Route("/api/pupils/{id:int}", pupil), Route("/api/summary", summary)]
