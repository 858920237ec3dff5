"""A database as text: its schema as pg_dump writes it, and its rows."""

import difflib
import re
import subprocess
from collections import Counter

import psycopg
from psycopg import sql

from migrations.check.server import Server
from migrations.fingerprint import OTHERS, VERSION_TABLE

Rows = dict[str, Counter[str]]
"""Table -> its rows as text; the columns' names are part of each."""


def schema(server: Server, url: str) -> str:
    """The schema with types, functions, triggers, grants and comments.

    Normalised: the random key of pg_dump's restrict line is left out, and so are Alembic's own table and the
    schemas that are not the revisions' (migrations.fingerprint.OTHERS).
    """
    command = [str(server.folder / "pg_dump"), "--schema-only", f"--exclude-table={VERSION_TABLE}"]
    command += [f"--exclude-schema={name}" for name in OTHERS]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"pg_dump ended with {done.returncode}: {done.stderr}")
    return "".join(
        line
        for line in done.stdout.splitlines(keepends=True)
        if not line.startswith((r"\restrict", r"\unrestrict"))
    )


def without_column_order(text: str) -> str:
    """The dump with the columns of each table in the order of their names.

    A column that is dropped and added again comes last, and no program may rely on where it stands."""

    def ordered(table: re.Match[str]) -> str:
        parts = [part.rstrip(",") for part in table[2].strip("\n").split("\n")]
        return table[1] + "\n".join(sorted(parts)) + "\n" + table[3]

    return re.sub(r"(CREATE TABLE [^\n]+ \(\n)(.*?)(^\))", ordered, text, flags=re.DOTALL | re.MULTILINE)


def difference(before: str, after: str) -> str:
    """The first lines that differ, for people."""
    changed = [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    return "; ".join(changed[:6])


def rows(url: str, columns: dict[str, list[str]] | None = None) -> Rows:
    """Every row of the application's tables, with all columns or with those that are named for a table."""
    found: Rows = {}
    with psycopg.connect(url) as connection:
        for table, there in tables(connection).items():
            wanted = there if columns is None else [name for name in columns.get(table, []) if name in there]
            if not wanted:
                continue
            fields = sql.SQL(", ").join(map(sql.Identifier, wanted))
            query = sql.SQL("SELECT row_to_json(x)::text FROM (SELECT {} FROM {}) x").format(
                fields, sql.Identifier(*table.split("."))
            )
            found[table] = Counter(str(row[0]) for row in connection.execute(query))
    return found


def tables(connection: psycopg.Connection) -> dict[str, list[str]]:
    """The application's tables with their columns, in the order of names."""
    found: dict[str, list[str]] = {}
    for schema_name, table, column in connection.execute(
        """
        SELECT c.table_schema, c.table_name, c.column_name
        FROM information_schema.columns c
             JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE t.table_type = 'BASE TABLE' AND c.table_schema !~ '^pg_' AND c.table_schema <> ALL (%s)
          AND c.table_name <> %s
        ORDER BY 1, 2, 3
        """,
        [list(OTHERS), VERSION_TABLE],
    ):
        found.setdefault(f"{schema_name}.{table}", []).append(str(column))
    return found


def columns(url: str) -> dict[str, list[str]]:
    with psycopg.connect(url) as connection:
        return tables(connection)


def lost(before: Rows, after: Rows) -> list[str]:
    """Rows of `before` that are not in `after`, one line a table."""
    missing = []
    for table, there in before.items():
        gone = there - after.get(table, Counter())
        if gone:
            missing.append(
                f"{gone.total()} of {there.total()} rows of {table}, such as {next(iter(gone))[:120]}"
            )
    return missing
