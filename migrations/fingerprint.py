"""The schema as a catalog of its objects, and as one hash: by it a database is compared with the one on which
a revision was proved.

What is looked at is in catalog.sql, which the commands that look at a live database send as well.
"""

import hashlib
from pathlib import Path
from typing import Any

import psycopg

OTHERS = ("information_schema", "reporting", "migration_state", "deployment_safety")
"""Schemas that are not the revisions': the server's, the incident log's, the state of migrations.safe, the
markers of drills."""

VERSION_TABLE = "alembic_version"

QUERY = (Path(__file__).parent / "catalog.sql").read_text()

Catalog = dict[str, str]
"""Object -> definition, as "column public.guardians.full_name" -> "text not null …"."""


def catalog(session: psycopg.Connection[Any]) -> Catalog:
    """Every object of the application's schemas, in the order of names."""
    with session.transaction():
        # As pg_dump does it: every name is written with its schema, whatever the session's settings are.
        session.execute("SELECT set_config('search_path', '', true)")
        schemas = session.execute(
            "SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> ALL (%s)",
            [list(OTHERS)],
        )
        wanted = [str(row[0]) for row in schemas]
        rows = psycopg.RawCursor(session).execute(QUERY.encode(), [wanted])
        return dict(sorted((str(name), str(definition)) for name, definition in rows))


def changes(before: Catalog, after: Catalog) -> dict[str, str | None]:
    """What became of the objects that are not what they were: their new definition, None where they are
    gone."""
    new: dict[str, str | None] = {
        name: definition for name, definition in after.items() if before.get(name) != definition
    }
    return dict(sorted({**new, **{name: None for name in before if name not in after}}.items()))


def hash_of(found: Catalog) -> str:
    """SHA-256 of a catalog, 64 hex digits; decisions/database/catalog.ts computes the same."""
    whole = hashlib.sha256()
    for name, definition in sorted(found.items()):
        whole.update(f"{name}\0{definition}\0".encode())
    return whole.hexdigest()


def fingerprint(session: psycopg.Connection[Any]) -> str:
    """SHA-256 of the schema, 64 hex digits."""
    return hash_of(catalog(session))
