"""Indexes: built and dropped while writers go on; a half-built one is rebuilt."""

from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from ..database import UNIQUE_VIOLATION, SafeMigrationError, sqlstate
from ..names import checked_name, table_name
from ..session import Session, session
from . import catalog
from .catalog import Index


def create_index(
    name: str,
    table: str,
    columns: Sequence[str],
    *,
    unique: bool = False,
    where: str | None = None,
    method: str = "btree",
    include: Sequence[str] = (),
) -> None:
    """Creates an index CONCURRENTLY.

    columns: names, with whatever follows (`"given_at DESC"`), or SQL expressions in brackets
    (`"(lower(name))"`).
    where: SQL condition of a partial index.

    An index of this name that is equal and valid is left alone; one that a killed build left invalid is
    dropped and built again; another one is an error.
    """
    checked_name(name)
    parts = f"USING {method} ({', '.join(columns)})"
    if include:
        parts += f" INCLUDE ({', '.join(include)})"
    if where is not None:
        parts += f" WHERE {where}"
    kind = "UNIQUE INDEX" if unique else "INDEX"
    with session() as run:
        quoted = table_name(run, table)
        statement = f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {run.quote(name)} ON {quoted} {parts}"
        if run.offline:
            run.patient(statement)
            return
        catalog.require_table(run, table)
        there = catalog.index(run, table, name)
        if there is not None:
            probe = f"CREATE {kind} safe_probe_index ON safe_probe {parts}"
            refuse_other(run, table, name, there, catalog.index_as_written(run, quoted, probe))
            if there.valid:
                return
            refuse_building(name, there)
            drop_index(name, table)
        try:
            run.patient(statement)
        except DBAPIError as error:
            _drop_half_built(run, table, name)
            if sqlstate(error) != UNIQUE_VIOLATION:
                raise
            raise SafeMigrationError(
                f"{table} has rows that the unique index {name} does not allow: {str(error.orig).strip()}. "
                "Nothing is left of it; clean these rows up, then run the migration again"
            ) from error


def refuse_other(run: Session, table: str, name: str, there: Index, wanted: str) -> None:
    """An error where an index has the name and is not the one that is wanted."""
    (on,) = run.rows("SELECT %(table)s::regclass::text", table=table)[0]
    if there.table != on or there.definition != wanted:
        raise SafeMigrationError(
            f"an index {name} is there already, but it is another one: {there.definition} on {there.table}, "
            f"and not {wanted} on {on}. Give the new one another name, or drop the old one in a revision of "
            "its own"
        )


def refuse_building(name: str, there: Index) -> None:
    """An error while another session builds the index: dropping it would only fail both."""
    if there.builder is not None:
        raise SafeMigrationError(
            f"session {there.builder} is building the index {name} now; wait until it is done, or end it "
            f"with pg_terminate_backend({there.builder})"
        )


def _drop_half_built(run: Session, table: str, name: str) -> None:
    try:
        there = catalog.index(run, table, name)
        if there is not None and not there.valid and there.builder is None:
            drop_index(name, table)
    except DBAPIError:
        return  # the session is gone: the next run finds the index invalid and rebuilds it


def drop_index(name: str, table: str) -> None:
    """Drops an index CONCURRENTLY; nothing happens where it is not there. An index of that name on another
    table is an error."""
    with session() as run:
        if not run.offline:
            there = catalog.index(run, table, name)
            if there is None:
                return
            (on,) = run.rows("SELECT %(table)s::regclass::text", table=table)[0]
            if there.table != on:
                raise SafeMigrationError(
                    f"the index {name} is on {there.table} and not on {on}; name its table"
                )
        schema, _, _ = table.rpartition(".")
        quoted = f"{run.quote(schema)}.{run.quote(name)}" if schema else run.quote(name)
        run.patient(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted}")
