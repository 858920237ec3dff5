"""One batch of a backfill: a few rows and the note of them, in one transaction."""

from dataclasses import replace

from ..database import Database, SafeMigrationError, driver_text
from ..rows import keyset_paging
from ..rows.keyset_paging import Quote
from .gate import assignments, no_key
from .progress import Progress, save
from .task import Backfill


class Batches:
    """Goes through a table by key."""

    def __init__(self, database: Database, task: Backfill, quote: Quote) -> None:
        type_ = keyset_paging.key_type(database, task.table, task.key)
        if type_ is None:
            raise SafeMigrationError(no_key(task))
        self.database, self.task, self.type = database, task, type_
        self.table = ".".join(quote(part) for part in task.table.split("."))
        self.key = quote(task.key)
        self.assign = driver_text(assignments(quote, task))
        self.pending = driver_text(task.pending)

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
        after = keyset_paging.after(self.key, self.type, progress.after)
        until = "" if progress.until is None else f"AND {self.key} <= CAST(%(until)s AS {self.type})"
        # One statement, which is one transaction and one way to the server and back: the rows, and the note
        # of them.
        found = self.database.rows(
            f"""
            WITH bound AS MATERIALIZED (
                SELECT max(k) AS upto FROM (
                    SELECT {self.key} AS k FROM {self.table} WHERE {after} {until}
                    ORDER BY {self.key} LIMIT %(size)s
                ) part
            ), changed AS (
                UPDATE {self.table} SET {self.assign}
                WHERE {after} AND {self.key} <= (SELECT upto FROM bound) AND ({self.pending})
                RETURNING 1
            )
            UPDATE migration_state.backfills
            SET cursor_after = (SELECT upto::text FROM bound), updated_at = now(),
                rows_done = rows_done + (SELECT count(*) FROM changed), rows_seen = rows_seen + %(size)s
            WHERE name = %(name)s AND (SELECT upto FROM bound) IS NOT NULL
            RETURNING cursor_after, rows_done, rows_seen
            """,
            after=progress.after,
            until=progress.until,
            size=size,
            name=self.task.name,
        )
        if not found:
            return None
        cursor, done, seen = found[0]
        return replace(progress, after=str(cursor), done=int(done), seen=int(seen))
