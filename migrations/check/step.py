"""Runs one step of Alembic in this process and records what the revision's own code sends to the database."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import sqlalchemy
from alembic.script import ScriptDirectory
from alembic.util import CommandError

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sent:
    """One text that a revision sent to the database."""

    text: str
    line: int
    """Line of the revision's file that sent it."""
    safe: bool
    """Whether the package migrations.safe sent it, on the revision's behalf."""
    autocommit: bool
    """Whether it ran outside of a transaction."""


def config() -> alembic.config.Config:
    """Alembic's settings: those of ALEMBIC_CONFIG, by default the project's own."""
    file = os.environ.get("ALEMBIC_CONFIG") or str(PROJECT / "migrations" / "alembic.ini")
    return alembic.config.Config(file, stdout=open(os.devnull, "w"))


def script() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def run(url: str, direction: str, revision: str) -> None:
    """`alembic <direction> <revision>` on `url`.

    Raises CommandError with the cause.
    """
    before = {name: os.environ.get(name) for name in ("DATABASE_URL", "ALEMBIC_QUIET")}
    os.environ.update(DATABASE_URL=url, ALEMBIC_QUIET="1")
    try:
        getattr(alembic.command, direction)(config(), revision)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def recorded(url: str, direction: str, revision: str, file: Path) -> tuple[list[Sent], CommandError | None]:
    """Runs a step and gives what `file` sent in it, and the failure that it ended with, if it did."""
    sent: list[Sent] = []
    with listening(file, sent):
        try:
            run(url, direction, revision)
        except CommandError as error:
            return sent, error
    return sent, None


@contextmanager
def listening(file: Path, sent: list[Sent]) -> Iterator[None]:
    def record(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        origin = origin_of(file)
        if origin is None:
            return  # Alembic's own
        line, safe = origin
        raw = connection.connection.dbapi_connection
        text = re.sub(r"%\(\w+\)s(::\w+)?", "'…'", statement).replace("%%", "%")
        sent.append(Sent(text, line, safe, bool(getattr(raw, "autocommit", False))))

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "before_cursor_execute", record)
    try:
        yield
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "before_cursor_execute", record)


def origin_of(file: Path) -> tuple[int, bool] | None:
    """The line of `file` that is being run, and whether migrations.safe is between it and the database."""
    safe = False
    frame = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if f"{os.sep}migrations{os.sep}safe{os.sep}" in name:
            safe = True
        if name == str(file):
            return frame.f_lineno, safe
        frame = frame.f_back  # type: ignore[assignment]
    return None
