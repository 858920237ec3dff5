"""Alembic's environment: connects to DATABASE_URL, takes the lock, checks where the database is and
that its revisions are the proved ones, and migrates.

It is run by `alembic` in a migration Job (`alembic upgrade <revision>` in the image's root) and by
developers. A failure ends with its cause in the last lines, without the password, and a non-zero exit code.
"""

import logging
import os
import sys
from pathlib import Path

import sqlalchemy
from alembic import context
from alembic.script import ScriptDirectory

from migrations import connection, contents, position

RUNNING = "Running "


def log_to_stderr() -> None:
    """One line a revision ("Running upgrade 8c0d1b2e -> 3f2a77aa, ..."); nothing of what Alembic assumes."""
    logger = logging.getLogger("alembic.runtime.migration")
    if logger.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: record.getMessage().startswith(RUNNING))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def refuse_wrong_direction(script: ScriptDirectory) -> None:
    """Stops an upgrade that cannot or would not upgrade. Commands that only show something pass."""
    migration = context.get_context()
    function = getattr(migration.opts.get("fn"), "__name__", "")
    if function not in ("upgrade", "downgrade"):
        return
    refusal = position.refusal(
        script, migration.get_current_heads(), str(migration.opts.get("destination_rev")), function
    )
    if refusal is not None:
        raise connection.MigrationError(refusal)


def refuse_other_contents() -> None:
    """Stops a run of revisions that are not those that the Job was told of; which will run, Alembic says."""
    told = os.environ.get(contents.VARIABLE)
    migration = context.get_context()
    if told is None or getattr(migration.opts.get("fn"), "__name__", "") not in ("upgrade", "downgrade"):
        return
    steps = migration.opts["fn"](migration.get_current_heads(), migration)
    try:
        expected = contents.read(told)
    except ValueError as error:
        raise connection.MigrationError(str(error)) from None
    scripts = [step.revision for step in steps]
    refusal = contents.refusal([(one.revision, Path(one.path)) for one in scripts], expected)
    if refusal is not None:
        raise connection.MigrationError(refusal)


def migrate(script: ScriptDirectory) -> None:
    with connection.connect() as database, connection.exclusive(database):
        context.configure(
            connection=database,
            target_metadata=sqlalchemy.MetaData(),
            transaction_per_migration=True,
        )
        refuse_wrong_direction(script)
        refuse_other_contents()
        database.rollback()  # ends the transaction in which the version was read
        with context.begin_transaction():
            context.run_migrations()


def print_sql() -> None:
    """`--sql`: the statements on stdout, with no database."""
    context.configure(url="postgresql+psycopg://", literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    log_to_stderr()
    with connection.readable_errors():
        migrate(context.script)
