"""Names of tables, columns and what is made for them."""

import hashlib

from .database import SafeMigrationError
from .session import Session

LONGEST = 63
"""Bytes of a name in PostgreSQL; a longer one is cut without a word."""


def table_name(session: Session, table: str) -> str:
    """`guardians` or `app.guardians`, quoted where it has to be."""
    parts = table.split(".")
    if len(parts) > 2 or not all(parts):
        raise SafeMigrationError(
            f"{table!r} is no table; allowed is a name, or a schema and a name: app.pupils"
        )
    return ".".join(session.quote(part) for part in parts)


def column_list(session: Session, columns: list[str] | tuple[str, ...]) -> str:
    """The columns, quoted, with commas between them."""
    if not columns:
        raise SafeMigrationError("no column is named; name at least one")
    return ", ".join(session.quote(column) for column in columns)


def own_name(*parts: str) -> str:
    """A name for what is made on the way: the parts with underscores, and a hash where that is too long."""
    name = "_".join(parts).replace(".", "_")
    if len(name.encode()) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: LONGEST - 9].decode(errors='ignore')}_{digest}"


def checked_name(name: str) -> str:
    """The name itself, if PostgreSQL would keep all of it."""
    if not 0 < len(name.encode()) <= LONGEST:
        raise SafeMigrationError(f"{name!r} has {len(name.encode())} bytes; a name has 1 to {LONGEST}")
    return name


def literal(value: str) -> str:
    """A text in quotes."""
    return "'" + value.replace("'", "''") + "'"
