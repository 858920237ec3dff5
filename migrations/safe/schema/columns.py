"""Columns: added without a rewrite, NOT NULL without a scan under lock, dropped when no code uses them."""

import datetime
import decimal

from sqlalchemy.exc import DBAPIError

from ..database import CHECK_VIOLATION, SafeMigrationError, sqlstate
from ..names import checked_name, literal, own_name, table_name
from ..rows import preserved_values
from ..session import Session, session
from . import catalog

Constant = bool | int | float | str | decimal.Decimal | datetime.date
"""A default that is the same for every row: PostgreSQL then writes it down once instead of rewriting the
table."""


def add_column(
    table: str,
    column: str,
    type_: str,
    *,
    default: Constant | None = None,
    not_null: bool = False,
    default_for_new_rows: str | None = None,
) -> None:
    """Adds a column, nullable unless it has a constant default.

    type_: SQL, `text` or `numeric(5, 2)`.
    default: a constant; the rows that are there have it at once.
    not_null: only with `default`. Otherwise: add, backfill, and `set_not_null` in a later revision.
    default_for_new_rows: SQL such as `gen_random_uuid()`; the rows that are there stay NULL, for giving each
    of them a value would rewrite the table under lock. A backfill fills them.

    A column that is there must be of this type. Values that a downgrade kept are put back
    (`safe_downgrade`).
    """
    if not_null and default is None:
        raise SafeMigrationError(
            f"{table}.{column} is NOT NULL without a constant default: rows that are there, and rows that "
            "the old release writes, have no value. Add it nullable, fill it with a backfill, and "
            "set_not_null() in a later revision"
        )
    if default is not None and default_for_new_rows is not None:
        raise SafeMigrationError(
            f"{table}.{column} has both `default` and `default_for_new_rows`; give one of them"
        )
    checked_name(column)
    with session() as run:
        name, quoted = table_name(run, table), run.quote(column)
        words = f"{quoted} {type_}"
        if default is not None:
            words += f" DEFAULT {constant(default)}"
        if not_null:
            words += " NOT NULL"
        if run.offline or _is_new(run, table, column, type_):
            run.brief(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {words}", tables=(name,))
        if default_for_new_rows is not None:
            set_default(table, column, default_for_new_rows)
        if not run.offline:
            preserved_values.take_up_column(
                run, table, column, "NULL" if default is None else constant(default)
            )


def _is_new(run: Session, table: str, column: str, type_: str) -> bool:
    there = catalog.column(run, table, column)
    if there is None:
        return True
    wanted = catalog.full_type(run, type_)
    if there.type != wanted:
        raise SafeMigrationError(
            f"{table}.{column} is there already, as {there.type} and not as {wanted}. Somebody else made it: "
            "use another name, or replace_column() to change a type"
        )
    return False


def set_default(table: str, column: str, expression: str) -> None:
    """Default for rows that are written from now on; SQL."""
    with session() as run:
        name = table_name(run, table)
        run.brief(
            f"ALTER TABLE {name} ALTER COLUMN {run.quote(column)} SET DEFAULT {expression}", tables=(name,)
        )


def drop_default(table: str, column: str) -> None:
    """New rows have NULL where nobody says otherwise."""
    with session() as run:
        name = table_name(run, table)
        run.brief(f"ALTER TABLE {name} ALTER COLUMN {run.quote(column)} DROP DEFAULT", tables=(name,))


def set_not_null(table: str, column: str) -> None:
    """NOT NULL through a check that is validated while writers go on: the last step finds it proved and
    scans nothing.

    Refuses while rows have NULL, and says how many: finish the backfill first.
    """
    check = own_name(table, column, "is_not_null")
    with session() as run:
        name, quoted, quoted_check = table_name(run, table), run.quote(column), run.quote(check)
        if not run.offline:
            there = catalog.column(run, table, column)
            if there is None:
                raise SafeMigrationError(f"there is no column {table}.{column}; add_column() comes first")
            if there.not_null:
                drop = f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {quoted_check}"
                if catalog.constraint(run, table, check) is not None:
                    run.brief(drop, tables=(name,))
                return
            _refuse_nulls(run, table, column)
        if run.offline or catalog.constraint(run, table, check) is None:
            run.brief(
                f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {quoted_check}, "
                f"ADD CONSTRAINT {quoted_check} CHECK ({quoted} IS NOT NULL) NOT VALID",
                tables=(name,),
            )
        try:
            run.patient(f"ALTER TABLE {name} VALIDATE CONSTRAINT {quoted_check}")
        except DBAPIError as error:
            if sqlstate(error) != CHECK_VIOLATION:
                raise
            # A row without a value was written between the count and the check; without the check it may
            # stay.
            run.brief(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {quoted_check}", tables=(name,))
            _refuse_nulls(run, table, column)
            raise
        # The rule of the linter is met by the validated check, which it does not see.
        ignore = "-- squawk-ignore adding-not-nullable-field\n" if run.offline else ""
        run.brief(f"{ignore}ALTER TABLE {name} ALTER COLUMN {quoted} SET NOT NULL", tables=(name,))
        run.brief(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {quoted_check}", tables=(name,))


def _refuse_nulls(run: Session, table: str, column: str) -> None:
    query = f"SELECT count(*) FROM {table_name(run, table)} WHERE {run.quote(column)} IS NULL"
    missing = int(run.rows(query)[0][0])
    if missing > 0:
        raise SafeMigrationError(
            f"{missing} rows of {table} have no {column}, so it cannot be NOT NULL; finish the backfill "
            "first, and see that the release that is live writes it"
        )


def allow_null(table: str, column: str) -> None:
    """Undoes set_not_null()."""
    with session() as run:
        name = table_name(run, table)
        ignore = "-- squawk-ignore ban-drop-not-null\n" if run.offline else ""
        run.brief(
            f"{ignore}ALTER TABLE {name} ALTER COLUMN {run.quote(column)} DROP NOT NULL", tables=(name,)
        )


def drop_column(
    table: str, column: str, *, keep_by: str | None = None, valid_while: tuple[str, ...] = ()
) -> None:
    """Drops a column in a `contract` revision, when no release that may still run uses it.

    keep_by: column of the primary key, by which the values are kept in a table of their own until a
    downgrade adds the column again; None keeps nothing.
    valid_while: columns; a value is put back only where these still are what they were.
    """
    with session() as run:
        name = table_name(run, table)
        drop = f"ALTER TABLE {name} DROP COLUMN IF EXISTS {run.quote(column)}"
        if run.offline:
            run.brief(f"-- squawk-ignore ban-drop-column\n{drop}", tables=(name,))
        elif catalog.column(run, table, column) is None:
            return
        elif keep_by is None:
            run.brief(drop, tables=(name,))
        else:
            preserved_values.keep_columns(run, table, [column], keep_by, list(valid_while))


def constant(value: Constant) -> str:
    """A constant in SQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | decimal.Decimal):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime.date):
        return literal(value.isoformat())
    return literal(value)
