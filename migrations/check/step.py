"""Runs one step of Alembic in this process and records what the revision's own code sends to the database."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import sqlalchemy
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError, to_tuple

from migrations.check.server import Server

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


def below(revision: Script) -> str:
    """The target of the `alembic downgrade` that takes back this revision alone; of a merge, a parent."""
    parents: tuple[str, ...] = to_tuple(revision.down_revision, default=())
    return parents[0] if parents else "base"


class Databases:
    """Databases on which nothing but what a revision builds on has run: the other branches have not."""

    def __init__(self, server: Server, take: Callable[[str, Script], None], empty: str | None = None) -> None:
        """take: runs one revision on the database of a URL. empty: where the first one runs."""
        self.server, self.take, self.directory = server, take, script()
        self.empty = empty or server.create()
        self.at: dict[str, str] = {}

    def builds_on(self, revision: Script) -> list[Script]:
        """What must have run before a revision, the oldest first; merges and depends_on are followed."""
        found = self.directory.iterate_revisions(revision.revision, "base")
        return [one for one in reversed(list(found)) if one.revision != revision.revision]

    def before(self, revision: Script) -> str:
        """URL of a database that is ready for a revision; a template, which must stay as it is."""
        earlier = self.builds_on(revision)
        nearest = max(earlier, key=lambda one: len(self.builds_on(one)), default=None)
        if nearest is None:
            return self.empty
        there = {one.revision for one in [nearest, *self.builds_on(nearest)]}
        rest = [one for one in earlier if one.revision not in there]
        url = self.after(nearest)
        if rest:
            url = self.server.copy(url)
        for one in rest:
            self.take(url, one)
        return url

    def after(self, revision: Script) -> str:
        """URL of one on which the revision has run; a template as well."""
        if revision.revision not in self.at:
            url = self.server.copy(self.before(revision))
            self.take(url, revision)
            self.at[revision.revision] = url
        return self.at[revision.revision]


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
