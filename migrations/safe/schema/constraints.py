"""Constraints: in force for new rows at once, proved for the old ones while writers go on."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.exc import DBAPIError

from ..database import CHECK_VIOLATION, FOREIGN_KEY_VIOLATION, SafeMigrationError, sqlstate
from ..names import checked_name, column_list, literal, table_name
from ..session import Session, session
from . import catalog
from .indexes import create_index, refuse_building, refuse_other

Action = Literal["NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"]
"""What becomes of rows whose target goes."""


def add_check(table: str, name: str, condition: str, *, validate: bool = True) -> None:
    """A CHECK: NOT VALID, then VALIDATE.

    condition: SQL without brackets around it.
    validate: False leaves that to `validate_constraint` in a later revision, after a backfill.
    """
    with session() as run:
        quoted = table_name(run, table)
        wanted = "" if run.offline else catalog.check_as_written(run, quoted, condition)
        _add(run, table, name, f"CHECK ({condition})", wanted, (quoted,), validate)


def add_foreign_key(
    table: str,
    name: str,
    columns: Sequence[str],
    target: str,
    target_columns: Sequence[str],
    *,
    on_delete: Action = "NO ACTION",
    on_update: Action = "NO ACTION",
    validate: bool = True,
) -> None:
    """A foreign key: NOT VALID, then VALIDATE. Adding it locks both tables for a moment, so each has half of
    the lock's time."""
    with session() as run:
        quoted, other = table_name(run, table), table_name(run, target)
        words = (
            f"FOREIGN KEY ({column_list(run, list(columns))}) "
            f"REFERENCES {other}({column_list(run, list(target_columns))})"
        )
        # In PostgreSQL's own order, and without what is the default: as pg_get_constraintdef writes it.
        words += "" if on_update == "NO ACTION" else f" ON UPDATE {on_update}"
        words += "" if on_delete == "NO ACTION" else f" ON DELETE {on_delete}"
        _add(run, table, name, words, words, (quoted, other), validate)


def _add(
    run: Session, table: str, name: str, words: str, wanted: str, tables: tuple[str, ...], validate: bool
) -> None:
    quoted, constraint = table_name(run, table), run.quote(checked_name(name))
    there = None if run.offline else catalog.constraint(run, table, name)
    if there is not None and there.definition != wanted:
        raise SafeMigrationError(
            f"{table} has a constraint {name} already, but it is another one: {there.definition}, and not "
            f"{wanted}. Give the new one another name, or drop the old one in a revision of its own"
        )
    if there is None:
        # Printed statements cannot look at the catalog, so they say what makes them repeatable.
        again = f"DROP CONSTRAINT IF EXISTS {constraint}, " if run.offline else ""
        run.brief(f"ALTER TABLE {quoted} {again}ADD CONSTRAINT {constraint} {words} NOT VALID", tables=tables)
    if validate and not (there is not None and there.valid):
        try:
            run.patient(f"ALTER TABLE {quoted} VALIDATE CONSTRAINT {constraint}")
        except DBAPIError as error:
            if sqlstate(error) not in (CHECK_VIOLATION, FOREIGN_KEY_VIOLATION):
                raise
            said = _broken(run, quoted, constraint, tables, there is None, error)
            raise SafeMigrationError(said) from error


def _broken(
    run: Session, quoted: str, constraint: str, tables: tuple[str, ...], is_new: bool, error: DBAPIError
) -> str:
    """What to do about rows that break it. One that was added just now is taken away again: the live release
    wrote those rows and will write more, which it would refuse although the migration failed."""
    drop = f"ALTER TABLE {quoted} DROP CONSTRAINT IF EXISTS {constraint}"
    said = f"{str(error.orig).strip()}. Correct those rows, and what writes them, then migrate again"
    if not is_new:
        return f"{said}. It was there before and stays in force for new rows; if they suffer: {drop}"
    run.brief(drop, tables=tables)
    return f"{said}. The constraint was taken away again, so that nobody who writes is refused"


def validate_constraint(table: str, name: str) -> None:
    """Proves a NOT VALID constraint for the rows that were there before it."""
    with session() as run:
        if not run.offline:
            there = catalog.constraint(run, table, name)
            if there is None:
                raise SafeMigrationError(f"{table} has no constraint {name} to validate")
            if there.valid:
                return
        run.patient(f"ALTER TABLE {table_name(run, table)} VALIDATE CONSTRAINT {run.quote(name)}")


def add_unique(table: str, name: str, columns: Sequence[str]) -> None:
    """A UNIQUE constraint from a unique index that is built CONCURRENTLY and has the same name."""
    with session() as run:
        quoted, constraint = table_name(run, table), run.quote(checked_name(name))
        listed = column_list(run, list(columns))
        if not run.offline:
            there = catalog.constraint(run, table, name)
            if there is not None:
                _refuse_other_unique(run, table, name, there.definition, listed)
                return
            index = catalog.index(run, table, name)
            if index is not None:
                refuse_other(run, table, name, index, f"UNIQUE btree ({listed})")
                refuse_building(name, index)
        create_index(name, table, [run.quote(column) for column in columns], unique=True)
        attach = f"ALTER TABLE {quoted} ADD CONSTRAINT {constraint} UNIQUE USING INDEX {constraint}"
        if run.offline:
            # To drop the constraint first, as printed statements do elsewhere, would drop its index too.
            there_already = (
                f"SELECT FROM pg_constraint WHERE conrelid = {literal(table)}::regclass "
                f"AND conname = {literal(name)}"
            )
            attach = f"DO $$ BEGIN IF NOT EXISTS ({there_already}) THEN {attach}; END IF; END $$"
        run.brief(attach, tables=(quoted,))


def _refuse_other_unique(run: Session, table: str, name: str, there: str, listed: str) -> None:
    if there != f"UNIQUE ({listed})":
        raise SafeMigrationError(
            f"{table} has a constraint {name} already, but it is another one: {there}, and not UNIQUE "
            f"({listed}). Give the new one another name, or drop the old one in a revision of its own"
        )


def drop_constraint(table: str, name: str, *, target: str | None = None) -> None:
    """Drops a constraint; nothing happens where it is not there.

    target: the other table of a foreign key, which is locked for a moment too.
    """
    with session() as run:
        quoted = table_name(run, table)
        tables = (quoted,) if target is None else (quoted, table_name(run, target))
        run.brief(f"ALTER TABLE {quoted} DROP CONSTRAINT IF EXISTS {run.quote(name)}", tables=tables)
