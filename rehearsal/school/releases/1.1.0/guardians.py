"""Guardians: the name in two parts. Both forms are written and either is read, for 1.0.0 may be live beside
this release."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.answers import answer, body, only, record, services
from school.fault import fault
from school.runtime.database import Row

NAMES = "guardian-names"
"""Flag: a guardian's name is read from its two parts."""


def split(full_name: str) -> tuple[str, str]:
    """Given name and family name of a name: "Ada von Adler" -> "Ada von", "Adler"."""
    given, _, family = full_name.strip().rpartition(" ")
    return given, family


def whole(request: Request, row: Row) -> Row:
    """A guardian with the name in both forms.

    Where the flag guardian-names is on, the parts count: 1.0.0 is gone by then and the backfill has ended.
    Where it is off, `full_name` counts, which every release writes; if the parts do not make it up, 1.0.0
    has written since, and they are old.
    """
    if services(request).flags.is_on(NAMES, f"guardian-{row['id']}") and row["family_name"] is not None:
        return {**row, "full_name": f"{row['given_name']} {row['family_name']}".strip()}
    given, family, full = row["given_name"], row["family_name"], row["full_name"]
    if f"{given or ''} {family or ''}".strip() != full.strip():
        given, family = split(full)
    return {**row, "given_name": given or "", "family_name": family or ""}


async def guardian(request: Request) -> Response:
    """GET /api/guardians/{id}"""
    number = record(request)
    await fault.request(number)
    rows = await services(request).database.read(
        "SELECT id, pupil_id, full_name, given_name, family_name FROM guardians WHERE id = %s", number
    )
    return answer(request, whole(request, only(rows, "guardian")))


async def rename_guardian(request: Request) -> Response:
    """PUT /api/guardians/{id} with `{"full_name": …}`"""
    number = record(request)
    await fault.request(number)
    full = (await body(request, full_name=str))["full_name"]
    given, family = split(full)
    rows = await services(request).database.write(
        """
        UPDATE guardians SET full_name = %s, given_name = %s, family_name = %s WHERE id = %s
        RETURNING id, pupil_id, full_name, given_name, family_name
        """,
        full,
        given,
        family,
        number,
    )
    return answer(request, whole(request, only(rows, "guardian")))


routes = [
    Route("/api/guardians/{id:int}", guardian),
    Route("/api/guardians/{id:int}", rename_guardian, methods=["PUT"]),
]
