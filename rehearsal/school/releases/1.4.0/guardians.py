"""Guardians: the name in two parts, and nothing else. The one name of older releases is made up of them
here, and kept in step by the database as long as there is a column for it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.answers import answer, body, only, record, services
from school.fault import fault
from school.runtime.database import Row


def split(full_name: str) -> tuple[str, str]:
    """Given name and family name of a name: "Ada von Adler" -> "Ada von", "Adler"."""
    given, _, family = full_name.strip().rpartition(" ")
    return given, family


def whole(row: Row) -> Row:
    """A guardian with the name in both forms."""
    return {**row, "full_name": f"{row['given_name']} {row['family_name']}".strip()}


async def guardian(request: Request) -> Response:
    """GET /api/guardians/{id}"""
    number = record(request)
    await fault.request(number)
    rows = await services(request).database.read(
        "SELECT id, pupil_id, given_name, family_name FROM guardians WHERE id = %s", number
    )
    return answer(request, whole(only(rows, "guardian")))


async def rename_guardian(request: Request) -> Response:
    """PUT /api/guardians/{id} with `{"full_name": …}`"""
    number = record(request)
    await fault.request(number)
    given, family = split((await body(request, full_name=str))["full_name"])
    rows = await services(request).database.write(
        """
        UPDATE guardians SET given_name = %s, family_name = %s WHERE id = %s
        RETURNING id, pupil_id, given_name, family_name
        """,
        given,
        family,
        number,
    )
    return answer(request, whole(only(rows, "guardian")))


routes = [
    Route("/api/guardians/{id:int}", guardian),
    Route("/api/guardians/{id:int}", rename_guardian, methods=["PUT"]),
]
