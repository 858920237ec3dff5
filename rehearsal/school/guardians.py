"""Guardians: one name, in one column."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.answers import answer, body, only, record, services
from school.fault import fault


async def guardian(request: Request) -> Response:
    """GET /api/guardians/{id}"""
    number = record(request)
    await fault.request(number)
    rows = await services(request).database.read(
        "SELECT id, pupil_id, full_name FROM guardians WHERE id = %s", number
    )
    return answer(request, only(rows, "guardian"))


async def rename_guardian(request: Request) -> Response:
    """PUT /api/guardians/{id} with `{"full_name": …}`"""
    number = record(request)
    await fault.request(number)
    given = await body(request, full_name=str)
    rows = await services(request).database.write(
        "UPDATE guardians SET full_name = %s WHERE id = %s RETURNING id, pupil_id, full_name",
        given["full_name"],
        number,
    )
    return answer(request, only(rows, "guardian"))


routes = [
    Route("/api/guardians/{id:int}", guardian),
    Route("/api/guardians/{id:int}", rename_guardian, methods=["PUT"]),
]
