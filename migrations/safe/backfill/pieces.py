"""One piece of a backfill: a few rows and the note of them, in one transaction."""

from dataclasses import replace

from .. import keys
from ..database import Database, SafeMigrationError, driver_text
from ..keys import Quote
from .gate import assignments, no_key
from .progress import Progress, save
from .task import Backfill


class Pieces:
    """Goes through a table by key."""

    def __init__(self, database: Database, task: Backfill, quote: Quote) -> None:
        type_ = keys.key_type(database, task.table, task.key)
        if type_ is None:
            raise SafeMigrationError(no_key(task))
        self.database, self.task, self.type = database, task, type_
        self.table = ".".join(quote(part) for part in task.table.split("."))
        self.key = quote(task.key)
        self.update = (
            f"UPDATE {self.table} SET {driver_text(assignments(quote, task))} "
            f"WHERE {{after}} AND {self.key} <= CAST(%(upto)s AS {type_}) AND ({driver_text(task.pending)})"
        )

    def begin_pass(self, progress: Progress) -> Progress:
        """The next pass, up to the last row that there is now."""
        last = self.database.value(f"SELECT max({self.key})::text FROM {self.table}")
        begun = replace(
            progress, after=None, until=None if last is None else str(last), seen=0, finished=False
        )
        save(self.database, self.task, begun)
        return begun

    def rest(self) -> int:
        """Rows that are still to be done."""
        return int(self.database.value(f"SELECT count(*) FROM {self.table} WHERE {self.task.pending}"))

    def estimate(self) -> int:
        """Rows of the table, as the statistics have it; at least 0."""
        found = self.database.value(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%(table)s)", table=self.task.table
        )
        return max(0, int(found or 0))

    def next(self, progress: Progress, size: int) -> Progress | None:
        """Does the next `size` rows; None if this pass has no more."""
        upto = keys.bound(
            self.database, self.table, self.key, self.type, progress.after, progress.until, size
        )
        if upto is None:
            return None
        with self.database.transaction():
            changed = self.database.run(
                self.update.replace("{after}", keys.after(self.key, self.type, progress.after)),
                after=progress.after,
                upto=upto,
            )
            moved = replace(progress, after=upto, done=progress.done + changed, seen=progress.seen + size)
            save(self.database, self.task, moved)
        return moved
