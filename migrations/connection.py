"""The migrations' database session: time limits, one run at a time, and errors that name the cause but no
password."""

import os
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import psycopg
import sqlalchemy
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

APPLICATION_NAME = "deployment-safety-migration"
"""Name of the session in pg_stat_activity: by it a rollback finds and ends a migration that is running."""

LOCK_KEY = 0x5AFE_DEB1
"""Advisory lock of a whole run, in the database that is migrated."""

CONNECT_SECONDS = 5
"""Limit for connecting to one address."""

LOCK_TIMEOUT = "50ms"
"""A statement that waits longer for a lock fails: requests queue behind it meanwhile. Those of
migrations.safe are tried again."""

CLIENT_CHECK = "2s"
"""How often the server looks whether a migration is still there while a statement of its runs: one that was
killed must not go on building an index, and hold the lock of the next run, for an hour."""

STATEMENT_TIMEOUT = "5min"
"""Limit of one statement; the whole Job has its own (`database.migrationSeconds`)."""


class MigrationError(CommandError):
    """A failure whose message is for people; Alembic prints it as the last line and exits non-zero."""


@contextmanager
def connect() -> Iterator[sqlalchemy.Connection]:
    """A session on DATABASE_URL (as libpq takes it: postgresql://user@host:5432/name?sslmode=…), by
    SQLAlchemy and psycopg."""
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=open_session, poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        yield connection


def open_session() -> psycopg.Connection:
    url = os.environ.get("DATABASE_URL", "")
    if not re.match(r"postgres(ql)?://", url):
        given = "is not set" if url == "" else "is not a postgresql:// URL"
        raise MigrationError(
            f"DATABASE_URL {given}; allowed is postgresql://user:password@host:5432/database"
        )
    try:
        session = psycopg.connect(
            url, connect_timeout=CONNECT_SECONDS, application_name=APPLICATION_NAME, autocommit=True
        )
    except psycopg.Error as error:
        raise MigrationError(
            f"{without_password(str(error)).rstrip()}; nothing was done: correct DATABASE_URL (in a cluster "
            "it comes from the Secret that `database.secretName` names), or see that this database answers, "
            "then run the same command again"
        ) from None
    # SET and not the connection's options, which a URL may have its own of.
    session.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    session.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
    # From PostgreSQL 14 on; before, there is no such setting.
    session.execute(
        "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = 'client_connection_check_interval'",
        [CLIENT_CHECK],
    )
    session.autocommit = False
    return session


@contextmanager
def exclusive(connection: sqlalchemy.Connection) -> Iterator[None]:
    """Holds the advisory lock while the block runs; waits at most MIGRATION_LOCK_SECONDS (default 30) for
    another run."""
    deadline = time.monotonic() + float(os.environ.get("MIGRATION_LOCK_SECONDS", "30"))
    while not connection.scalar(sqlalchemy.text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}):
        connection.rollback()
        if time.monotonic() > deadline:
            raise MigrationError(
                f"another migration holds this database: {holder(connection)}; wait for it, or end it with "
                "pg_terminate_backend"
            )
        time.sleep(0.2)
    connection.commit()
    yield
    # The lock ends with the session: also when the block fails, or the process is killed.


def holder(connection: sqlalchemy.Connection) -> str:
    """Who holds the advisory lock: "session 4711 of deployment-safety-migration from 10.0.0.7 since
    2026-01-01 10:00:00+00"."""
    row = connection.execute(
        sqlalchemy.text(
            """
            SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'a local socket'),
                   date_trunc('second', a.backend_start)
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND l.objid::bigint = :key
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        ),
        {"key": LOCK_KEY},
    ).first()
    if row is None:
        return "a session that has just ended"
    pid, name, address, since = row
    return f"session {pid} of {name or 'an unnamed program'} from {address} since {since}"


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turns what the block raises into a MigrationError with the cause alone; a fault of our own keeps its
    traceback above."""
    try:
        yield
    except CommandError:
        raise
    except DBAPIError as error:
        statement = " ".join(error.statement.split())[:200] if error.statement else ""
        where = f"\nin: {statement}" if statement else ""
        raise MigrationError(without_password(f"{error.orig}{where}")) from None
    except psycopg.Error as error:
        raise MigrationError(without_password(str(error))) from None
    except Exception as error:  # noqa: BLE001 - any failure of a migration ends with its cause
        sys.stderr.write(without_password(traceback.format_exc()))
        raise MigrationError(without_password(f"{type(error).__name__}: {error}")) from None


def without_password(message: str) -> str:
    """The message with every password in it replaced: those of URLs, of `password=` settings, and
    DATABASE_URL's own."""
    masked = re.sub(r"(://[^\s/:@]*:)[^\s/]*@", r"\1***@", message)
    masked = re.sub(r"(password=)\S+", r"\1***", masked)
    own = re.search(r"://[^/:@]*:(.*)@", os.environ.get("DATABASE_URL", ""))
    for form in (own[1], unquote(own[1])) if own else ():
        masked = masked.replace(form, "***") if form else masked
    return masked
