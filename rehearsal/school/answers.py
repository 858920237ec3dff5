"""Answers, and how a handler gets at what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from school.runtime.database import Database, Row
from school.runtime.flags import Flags
from school.runtime.settings import Settings


@dataclass
class Services:
    """What the handlers of one process share."""

    settings: Settings
    database: Database
    flags: Flags
    draining: bool = False
    """SIGTERM has come: not ready any more, and every answer closes its connection."""


def services(request: Request) -> Services:
    found = request.app.state.services
    assert isinstance(found, Services)  # noqa: S101 - narrows the type of an untyped attribute
    return found


def answer(request: Request, body: Mapping[str, Any], status: int = 200) -> JSONResponse:
    """JSON with the release's version."""
    return JSONResponse({**body, "version": services(request).settings.version}, status)


def only(rows: list[Row], what: str) -> Row:
    """The one row of a look-up by id, or 404."""
    if not rows:
        raise HTTPException(404, f"there is no such {what}")
    return rows[0]


def record(request: Request) -> int:
    """The id in the path. Beyond 2^63 there is no record, and PostgreSQL would call it a fault."""
    number = int(request.path_params["id"])
    if number >= 1 << 63:
        raise HTTPException(404, "there is no record with such an id")
    return number


async def body(request: Request, **kinds: type) -> dict[str, Any]:
    """The request's JSON object, whose keys and kinds must be these; 422 names what is wrong with it."""
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise HTTPException(422, f"the body must be a JSON object with {', '.join(kinds)}")
    faults = [
        f"{name} must be a {kind.__name__}"
        for name, kind in kinds.items()
        if not isinstance(given.get(name), kind) or isinstance(given.get(name), bool)
    ]
    if faults:
        raise HTTPException(422, "; ".join(faults))
    return {name: given[name] for name in kinds}
