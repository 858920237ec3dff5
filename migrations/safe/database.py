"""Statements on a SQLAlchemy connection that is in AUTOCOMMIT: plain SQL text in, tuples out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

Row = tuple[Any, ...]

LOCK_NOT_AVAILABLE = "55P03"
QUERY_CANCELED = "57014"
DEADLOCK_DETECTED = "40P01"
SERIALIZATION_FAILURE = "40001"
UNIQUE_VIOLATION = "23505"
CHECK_VIOLATION = "23514"
FOREIGN_KEY_VIOLATION = "23503"


class SafeMigrationError(CommandError):
    """A refusal or failure whose message is for people: what was found, what is allowed, what to do next.
    Alembic prints it as the last line."""


class Database:
    """A session that commits each statement, or each `transaction` block."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self.connection = connection

    def run(self, statement: str, **values: object) -> int:
        """Runs one statement, with `%(name)s` for each value if there are any; gives the number of rows."""
        return int(self._execute(statement, values).rowcount)

    def rows(self, query: str, **values: object) -> list[Row]:
        """The rows of a query, with `%(name)s` for each value if there are any."""
        return [tuple(row) for row in self._execute(query, values).fetchall()]

    def value(self, query: str, **values: object) -> Any:
        """The first column of the first row; None without a row."""
        found = self.rows(query, **values)
        return found[0][0] if found else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements of the block, or none of them."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self._end("ROLLBACK")
            raise
        self.run("COMMIT")

    def _end(self, statement: str) -> None:
        try:
            self.run(statement)
        except DBAPIError:
            # The session is gone, and its transaction with it; the first error is the one to show.
            return

    def _execute(self, statement: str, values: dict[str, object]) -> Any:
        if values:
            return self.connection.exec_driver_sql(statement, values)
        # Without values a driver must not look for placeholders: a % is a % then.
        return self.connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's five-character code, whichever driver it came through; "" without one."""
    original = error.orig
    return str(getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or "")


def driver_text(fragment: str) -> str:
    """A fragment of SQL for a statement that has values: there, a % is written twice."""
    return fragment.replace("%", "%%")
