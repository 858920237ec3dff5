"""A migration's session: statements of their own, limits on each, and tries until a lock is given."""

import contextvars
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from .database import (
    DEADLOCK_DETECTED,
    LOCK_NOT_AVAILABLE,
    QUERY_CANCELED,
    Database,
    Row,
    SafeMigrationError,
    sqlstate,
)
from .limits import Limits, read_limits

RETRIED = {LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED, QUERY_CANCELED}

BLOCKERS = """
    SELECT a.pid, coalesce(nullif(a.application_name, ''), a.backend_type), a.state,
           date_trunc('second', now() - a.xact_start)
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.relation = ANY (%(tables)s::regclass[]) AND l.granted AND l.pid <> pg_backend_pid()
    GROUP BY 1, 2, 3, 4 ORDER BY 4 DESC LIMIT 3
"""


class Session:
    """What the operations run on. With `--sql` it prints the statements, and nothing can be asked."""

    def __init__(self, context: MigrationContext, limits: Limits) -> None:
        self.context = context
        self.limits = limits
        self.offline = context.as_sql
        self.quote = context.dialect.identifier_preparer.quote
        self._in_force: tuple[str, str] | None = None
        self._ends_autovacuum: bool | None = None

    @property
    def database(self) -> Database:
        """The connection to ask and to change data with."""
        if self.offline or self.context.connection is None:
            raise SafeMigrationError("with --sql there is no database to ask")
        return Database(self.context.connection)

    def brief(self, *statements: str, tables: tuple[str, ...]) -> None:
        """Runs statements that change the catalog of `tables` in one transaction, under locks that writers
        wait for: short tries, with room for writers between them."""
        lock_ms = max(1, self.limits.lock_ms // max(1, len(tables)))
        if self.offline:
            self._limit(f"{lock_ms}ms", f"{self.limits.brief_seconds}s")
            self._print(*(("BEGIN", *statements, "COMMIT") if len(statements) > 1 else statements))
            return
        self._until_given(statements, tables, lock_ms)

    def change(self, statement: str, *, table: str, **values: object) -> int:
        """Changes a few rows, in a transaction of its own that waits for a row as briefly as for a table;
        gives their number."""
        return self._until_given((statement,), (table,), self.limits.lock_ms, values)

    def _until_given(
        self,
        statements: tuple[str, ...],
        tables: tuple[str, ...],
        lock_ms: int,
        values: dict[str, object] | None = None,
    ) -> int:
        for attempt in range(1, self.limits.attempts + 1):
            self._limit(f"{lock_ms}ms", f"{self.limits.brief_seconds}s")
            self._before_autovacuum(max(1, lock_ms // 2))
            try:
                if len(statements) == 1:
                    return self.database.run(statements[0], **(values or {}))
                with self.database.transaction():
                    for statement in statements:
                        self.database.run(statement)
                return 0
            except DBAPIError as error:
                if sqlstate(error) not in RETRIED:
                    raise
                if attempt == self.limits.attempts:
                    raise SafeMigrationError(self._gave_up(statements, tables, lock_ms, error)) from error
            time.sleep(self.limits.pause_ms * random.uniform(0.5, 1.5) / 1000)  # noqa: S311 - no secret
        raise AssertionError("the last try returns or raises")

    def _before_autovacuum(self, milliseconds: int | None) -> None:
        """Whoever waits longer than deadlock_timeout for an autovacuum ends it; with PostgreSQL's own 1 s a
        brief statement would never get that far, and fail as long as the table is vacuumed. None: as it was.

        A role that may not set it does without.
        """
        if self._ends_autovacuum is None:
            self._ends_autovacuum = self.database.rows("SELECT current_setting('is_superuser')")[0][0] == "on"
        if self._ends_autovacuum:
            value = "DEFAULT" if milliseconds is None else f"'{milliseconds}ms'"
            self.database.run(f"SET deadlock_timeout = {value}")

    def patient(self, statement: str) -> None:
        """Runs a statement that no writer waits for, however long it takes within its limit."""
        self._limit(f"{self.limits.patient_lock_seconds}s", f"{self.limits.patient_seconds}s")
        if self.offline:
            self._print(statement)
        else:
            self._before_autovacuum(None)
            self.database.run(statement)

    def rows(self, query: str, **values: object) -> list[Row]:
        """Asks the catalog or counts rows."""
        self._limit(f"{self.limits.lock_ms}ms", f"{self.limits.patient_seconds}s")
        return self.database.rows(query, **values)

    def restore(self, before: tuple[str, str] | None) -> None:
        """Gives the session back with the limits that it had."""
        if self._in_force is None:
            return
        if before is None:
            self._print("RESET lock_timeout", "RESET statement_timeout")
        else:
            self._set(*before)
            self._before_autovacuum(None)

    def in_force(self) -> tuple[str, str] | None:
        """lock_timeout and statement_timeout as they are; None with `--sql`."""
        if self.offline:
            return None
        row = self.database.rows(
            "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
        )
        return str(row[0][0]), str(row[0][1])

    def _limit(self, lock: str, statement: str) -> None:
        if self._in_force != (lock, statement):
            self._set(lock, statement)
            self._in_force = (lock, statement)

    def _set(self, lock: str, statement: str) -> None:
        # SET and not SET LOCAL, which does nothing outside of a transaction.
        settings = (f"SET lock_timeout = '{lock}'", f"SET statement_timeout = '{statement}'")
        if self.offline:
            self._print(*settings)
            return
        for setting in settings:
            self.database.run(setting)

    def _print(self, *statements: str) -> None:
        for statement in statements:
            self.context.impl.static_output(f"{statement};\n")

    def _gave_up(
        self, statements: tuple[str, ...], tables: tuple[str, ...], lock_ms: int, error: DBAPIError
    ) -> str:
        holders = [
            f"session {pid} of {name}, {state or 'at work'}, its transaction {age or '00:00:00'} old"
            for pid, name, state, age in self.database.rows(BLOCKERS, tables=list(tables))
        ]
        what = " ".join(statements[0].split())[:160]
        return (
            f"canceling statement due to lock timeout: {self.limits.attempts} tries of {lock_ms} ms each "
            f"found "
            f"{', '.join(tables)} locked ({str(error.orig).strip().splitlines()[0]}); "
            f"held by {'; '.join(holders) or 'sessions that have ended'}. Nothing of this statement was "
            f"done: end "
            f"what holds the table or wait for it, and run the migration again.\nin: {what}"
        )


_open: contextvars.ContextVar[Session | None] = contextvars.ContextVar("safe_session", default=None)


@contextmanager
def session() -> Iterator[Session]:
    """The session of the migration that is running; blocks may be nested.

    The block leaves Alembic's transaction: what the revision did before it is committed, and each operation
    in it is its own transaction. A lock is then held for one statement and not for the rest of the revision.
    A revision that was killed half-way is run again: every operation first looks at what is there.
    """
    context = op.get_context()
    running = _open.get()
    if running is not None and running.context is context:
        yield running
        return
    if context.dialect.name != "postgresql":
        raise SafeMigrationError(f"the database is {context.dialect.name}; these operations know postgresql")
    with context.autocommit_block():
        opened = Session(context, read_limits())
        before = opened.in_force()
        token = _open.set(opened)
        try:
            yield opened
        finally:
            _open.reset(token)
            try:
                opened.restore(before)
            except DBAPIError:
                # The session is gone; there is nothing to give back, and the first error is the one to show.
                opened._in_force = None
