"""A table, batch by batch, by a column that is unique and never NULL."""

from collections.abc import Callable

from ..database import Database

Quote = Callable[[str], str]
"""Puts a name in quotes where it has to be."""

FIRST = None
"""Cursor before the first row."""


def key_type(database: Database, table: str, key: str) -> str | None:
    """Type of the key as SQL; None where the table or the column is not there, or the column may be NULL or
    twice."""
    return database.value(  # type: ignore[no-any-return]
        """
        SELECT format_type(a.atttypid, a.atttypmod)
        FROM pg_attribute a
        JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                       AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
        WHERE a.attrelid = to_regclass(%(table)s) AND a.attname = %(key)s AND a.attnotnull
        LIMIT 1
        """,
        table=table,
        key=key,
    )


def after(quoted_key: str, type_: str, cursor: str | None) -> str:
    """Condition "beyond the cursor", with the value `%(after)s`."""
    return "true" if cursor is None else f"{quoted_key} > CAST(%(after)s AS {type_})"


def bound(
    database: Database, table: str, key: str, type_: str, cursor: str | None, until: str | None, size: int
) -> str | None:
    """Key of the last of the next `size` rows beyond the cursor; None if there is none up to `until`.

    table, key: quoted. until: key of the last row that is looked at; None looks at all.
    """
    limit = "" if until is None else f" AND {key} <= CAST(%(until)s AS {type_})"
    found = database.value(
        f"SELECT max(k)::text FROM (SELECT {key} AS k FROM {table} WHERE {after(key, type_, cursor)}{limit} "
        f"ORDER BY {key} LIMIT %(size)s) part",
        after=cursor,
        until=until,
        size=size,
    )
    return None if found is None else str(found)
