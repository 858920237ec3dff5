"""The web process's database: a small pool, and limits so that an outage is an answer within two seconds and
not a wait."""

import asyncio
from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

Row = dict[str, Any]

CONNECTION: Mapping[str, Any] = {
    # Seconds; libpq takes no less than 2.
    "connect_timeout": 2,
    # A host that has vanished is noticed after 3 s (milliseconds), also in the middle of a query.
    "tcp_user_timeout": 3000,
    "options": "-c statement_timeout=1500 -c lock_timeout=1000 -c idle_in_transaction_session_timeout=5000",
}
"""Settings of every connection of the application, above what DATABASE_URL says."""

REQUEST_SECONDS = 1.8
"""Limit for one request's work in the database."""

READY_SECONDS = 1.0
"""Limit for the readiness check's."""


class UnavailableError(Exception):
    """The database did not answer in time, or not at all: the request is answered with 503."""


class BrokenError(UnavailableError):
    """The connection broke, as one does that the server ended while it was idle."""


def make_pool(url: str, name: str) -> AsyncConnectionPool[psycopg.AsyncConnection[Row]]:
    """A pool that is still closed. It opens without waiting: a process starts while the database is away."""
    return AsyncConnectionPool(
        url,
        kwargs={**CONNECTION, "autocommit": True, "row_factory": dict_row, "application_name": name},
        min_size=1,
        max_size=4,
        open=False,
        # Seconds that a request waits for a free connection.
        timeout=1.0,
        # After this long without a database the pool gives up; the next request makes it try again at once,
        # whereas its own attempts would be further and further apart.
        reconnect_timeout=5.0,
    )


class Database:
    """Statements against the pool. A fault of the connection is `UnavailableError`."""

    def __init__(self, pool: AsyncConnectionPool[psycopg.AsyncConnection[Row]]) -> None:
        self.pool = pool

    async def read(self, statement: LiteralString, *values: object) -> list[Row]:
        """Rows of a statement that changes nothing: on a connection that broke while idle it is sent a second
        time."""
        try:
            return await self.write(statement, *values)
        except BrokenError:
            # The others of the pool may have broken with it.
            await self.pool.check()
            return await self.write(statement, *values)

    async def write(self, statement: LiteralString, *values: object) -> list[Row]:
        """Rows of a statement, which is a transaction of its own."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS), self.pool.connection() as connection:
                cursor = await connection.execute(statement, values)
                return await cursor.fetchall()
        except (
            TimeoutError,
            PoolTimeout,
            psycopg.errors.QueryCanceled,
            psycopg.errors.LockNotAvailable,
        ) as fault:
            raise UnavailableError("no answer in time") from fault
        except (psycopg.OperationalError, psycopg.InterfaceError) as fault:
            raise BrokenError("no connection") from fault

    async def ready(self) -> bool:
        """Whether the database answers within READY_SECONDS."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                return await self.read("SELECT 1") != []
        except (TimeoutError, UnavailableError):
            return False
