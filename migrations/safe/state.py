"""Where migrations keep what is theirs: one schema, which is no part of the application's."""

from .database import Database

SCHEMA = "migration_state"
"""Schema of kept values and of the progress of backfills. Whoever compares schemas leaves it out."""


def ensure(database: Database) -> None:
    """Creates the schema and its tables where they are not there; takes no lock that an application waits
    for."""
    if database.value(
        "SELECT count(*) = 2 FROM pg_tables WHERE schemaname = 'migration_state' "
        "AND tablename IN ('kept', 'backfills')"
    ):
        return
    with database.transaction():
        # Two sessions that both find nothing would both create it.
        database.run("SELECT pg_advisory_xact_lock(hashtext('migration_state'))")
        database.run("CREATE SCHEMA IF NOT EXISTS migration_state")
        database.run(
            """
            CREATE TABLE IF NOT EXISTS migration_state.kept (
                store text PRIMARY KEY,
                source text NOT NULL,
                columns text[] NOT NULL,
                key_column text NOT NULL,
                valid_while text[] NOT NULL,
                state text NOT NULL CHECK (state IN ('filling', 'kept')),
                since timestamptz NOT NULL DEFAULT now()
            )
            """
        )
        database.run(
            """
            CREATE TABLE IF NOT EXISTS migration_state.backfills (
                name text PRIMARY KEY,
                source text NOT NULL,
                pass bigint NOT NULL DEFAULT 1,
                cursor_after text,
                pass_until text,
                rows_done bigint NOT NULL DEFAULT 0,
                rows_seen bigint NOT NULL DEFAULT 0,
                started_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now(),
                finished_at timestamptz
            )
            """
        )


def exists(database: Database) -> bool:
    """Whether anything was ever kept here."""
    return bool(database.value("SELECT to_regclass('migration_state.kept') IS NOT NULL"))
