"""What is in the database, as its catalog says; names alone prove nothing."""

from dataclasses import dataclass

from ..database import SafeMigrationError
from ..session import Session


@dataclass(frozen=True)
class Column:
    type: str
    """As format_type writes it: `numeric(5,2)`."""
    not_null: bool
    default: str | None


@dataclass(frozen=True)
class Index:
    table: str
    """Table that it is on, as regclass writes it."""
    definition: str
    """pg_get_indexdef without the names of index and table."""
    valid: bool
    unique: bool
    builder: int | None
    """Session that is building it now."""


@dataclass(frozen=True)
class Constraint:
    definition: str
    """pg_get_constraintdef without NOT VALID."""
    valid: bool


def table_exists(session: Session, table: str) -> bool:
    return bool(session.rows("SELECT to_regclass(%(table)s) IS NOT NULL", table=table)[0][0])


def require_table(session: Session, table: str) -> None:
    if not table_exists(session, table):
        raise SafeMigrationError(f"there is no table {table}; an earlier revision has to create it")


def column(session: Session, table: str, name: str) -> Column | None:
    """A column of a table that must be there."""
    require_table(session, table)
    found = session.rows(
        """
        SELECT format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = %(table)s::regclass AND a.attname = %(name)s AND a.attnum > 0
          AND NOT a.attisdropped
        """,
        table=table,
        name=name,
    )
    return Column(str(found[0][0]), bool(found[0][1]), found[0][2]) if found else None


def full_type(session: Session, type_: str) -> str:
    """A type with its length or precision as format_type writes it: `varchar( 20 )` -> `character
    varying(20)`."""
    with session.database.transaction():
        session.database.run(f"CREATE TEMPORARY TABLE safe_probe (probed {type_}) ON COMMIT DROP")
        found = session.database.value(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'safe_probe'::regclass AND attnum = 1"
        )
    return str(found)


def index(session: Session, table: str, name: str) -> Index | None:
    """The index of that name in the table's schema, whichever table it is on."""
    found = session.rows(
        """
        SELECT i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid AND i.indisready,
               i.indisunique, p.pid, c.relname, t.relname, n.nspname
        FROM pg_class c
        JOIN pg_index i ON i.indexrelid = c.oid
        JOIN pg_class t ON t.oid = i.indrelid
        JOIN pg_namespace n ON n.oid = t.relnamespace
        LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = c.oid
        WHERE c.relname = %(name)s
          AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = %(table)s::regclass)
        """,
        table=table,
        name=name,
    )
    if not found:
        return None
    on, definition, valid, unique, builder = found[0][:5]
    return Index(str(on), _without_names(str(definition)), bool(valid), bool(unique), builder)


def index_as_written(session: Session, table: str, statement: str) -> str:
    """The definition that PostgreSQL would write for `CREATE INDEX safe_probe_index ON safe_probe …`, tried
    on an empty copy of the table."""
    with session.database.transaction():
        session.database.run(f"CREATE TEMPORARY TABLE safe_probe (LIKE {table}) ON COMMIT DROP")
        session.database.run(statement)
        found = session.database.value("SELECT pg_get_indexdef('safe_probe_index'::regclass)")
    return _without_names(str(found))


def _without_names(definition: str) -> str:
    """`CREATE UNIQUE INDEX i ON public.t USING btree (a)` -> `UNIQUE btree (a)`."""
    head, _, rest = definition.partition(" USING ")
    return f"{'UNIQUE ' if head.startswith('CREATE UNIQUE') else ''}{rest}"


def constraint(session: Session, table: str, name: str) -> Constraint | None:
    found = session.rows(
        "SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint "
        "WHERE conrelid = %(table)s::regclass AND conname = %(name)s",
        table=table,
        name=name,
    )
    if not found:
        return None
    return Constraint(str(found[0][0]).removesuffix(" NOT VALID"), bool(found[0][1]))


def check_as_written(session: Session, table: str, condition: str) -> str:
    """The definition that PostgreSQL would write for a CHECK, tried on an empty copy of the table."""
    with session.database.transaction():
        session.database.run(f"CREATE TEMPORARY TABLE safe_probe (LIKE {table}) ON COMMIT DROP")
        session.database.run(f"ALTER TABLE safe_probe ADD CONSTRAINT safe_probed CHECK ({condition})")
        found = session.database.value(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = 'safe_probe'::regclass AND conname = 'safe_probed'"
        )
    return str(found)
