"""How far a backfill is: one row a backfill, changed in the same transaction as the rows that it counts."""

from dataclasses import dataclass

from .. import state
from ..database import Database
from .task import Backfill


@dataclass
class Progress:
    number: int
    """Pass over the table, from 1."""
    after: str | None
    """Key of the last row that was looked at in this pass; None before the first."""
    until: str | None
    """Key at which this pass ends: the last there was when it began, so that writers cannot keep it going
    for ever."""
    done: int
    """Rows that were changed, in all passes."""
    seen: int
    """Rows that were looked at in this pass."""
    finished: bool


def load(database: Database, task: Backfill) -> Progress:
    """The progress as it was written down last; begins where there is none."""
    state.ensure(database)
    database.run(
        "INSERT INTO migration_state.backfills (name, source) VALUES (%(name)s, %(source)s) ON CONFLICT "
        "DO NOTHING",
        name=task.name,
        source=task.table,
    )
    row = database.rows(
        "SELECT pass, cursor_after, pass_until, rows_done, rows_seen, finished_at IS NOT NULL "
        "FROM migration_state.backfills WHERE name = %(name)s",
        name=task.name,
    )[0]
    return Progress(*row)


def save(database: Database, task: Backfill, progress: Progress) -> None:
    """Writes down where a pass begins or ends; a batch notes itself, in its own transaction."""
    database.run(
        "UPDATE migration_state.backfills SET pass = %(number)s, cursor_after = %(after)s, pass_until = "
        "%(until)s, rows_done = %(done)s, rows_seen = %(seen)s, updated_at = now(), finished_at = CASE WHEN "
        "%(finished)s THEN coalesce(finished_at, now()) END WHERE name = %(name)s",
        name=task.name,
        number=progress.number,
        after=progress.after,
        until=progress.until,
        done=progress.done,
        seen=progress.seen,
        finished=progress.finished,
    )
