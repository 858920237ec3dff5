"""Values that a downgrade takes out of the application's tables and the next upgrade puts back."""

from .. import state
from ..database import Database, Row, SafeMigrationError, driver_text
from ..names import column_list, literal, own_name, table_name
from ..schema import catalog
from ..session import Session
from . import keyset_paging

BATCH_ROWS = 1000
"""Rows that are copied in one transaction."""


def keep_columns(run: Session, table: str, columns: list[str], key: str, valid_while: list[str]) -> None:
    """Copies the columns into a table of their own, by key, and drops them from theirs.

    Until the drop a trigger copies what is written meanwhile; both end in the transaction that drops the
    columns, so that no value is lost in between. Killed anywhere, it is run again.
    """
    name, database = table_name(run, table), run.database
    type_ = keyset_paging.key_type(database, table, key)
    if type_ is None:
        raise SafeMigrationError(
            f"{table}.{key} cannot be the key by which values are kept: it must be NOT NULL and have a "
            "unique index of its own. Name the primary key, or keep nothing"
        )
    state.ensure(database)
    # An upgrade that was killed while it put values back has left some: they go back first, or they would be
    # lost.
    for column in columns:
        take_up_column(run, table, column)
    store = own_name("kept", table, *columns)
    place, mirror = f"{state.SCHEMA}.{run.quote(store)}", run.quote(own_name("keep", table, *columns))
    _prepare(run, table, store, columns, key, type_, valid_while)
    was = [f"was_{column}" for column in valid_while]
    into = column_list(run, [key, *columns, *was])
    run.brief(
        _mirror_function(run, mirror, place, key, columns, valid_while),
        f"DROP TRIGGER IF EXISTS {mirror} ON {name}",
        f"CREATE TRIGGER {mirror} AFTER INSERT OR UPDATE OR DELETE ON {name} "
        f"FOR EACH ROW EXECUTE FUNCTION {state.SCHEMA}.{mirror}()",
        tables=(name,),
    )
    quoted_key = run.quote(key)
    something = " OR ".join(f"{run.quote(column)} IS NOT NULL" for column in columns)
    cursor = keyset_paging.FIRST
    while (
        upto := keyset_paging.bound(database, name, quoted_key, type_, cursor, None, BATCH_ROWS)
    ) is not None:
        run.change(
            f"INSERT INTO {place} ({into}) SELECT {column_list(run, [key, *columns, *valid_while])} FROM "
            f"{name} WHERE {keyset_paging.after(quoted_key, type_, cursor)} "
            f"AND {quoted_key} <= CAST(%(upto)s AS {type_}) AND ({something}) ON CONFLICT DO NOTHING",
            table=name,
            after=cursor,
            upto=upto,
        )
        cursor = upto
    drops = ", ".join(f"DROP COLUMN IF EXISTS {run.quote(column)}" for column in columns)
    run.brief(
        f"ALTER TABLE {name} {drops}",
        f"DROP TRIGGER IF EXISTS {mirror} ON {name}",
        f"DROP FUNCTION IF EXISTS {state.SCHEMA}.{mirror}()",
        f"UPDATE {state.SCHEMA}.kept SET state = 'kept' WHERE store = {literal(store)}",
        tables=(name,),
    )
    if not database.value(f"SELECT EXISTS (SELECT FROM {place})"):
        _forget(database, place, store)


def _prepare(
    run: Session, table: str, store: str, columns: list[str], key: str, type_: str, valid_while: list[str]
) -> None:
    """The table for the values, and the note that it is being filled."""
    fields = [f"{run.quote(key)} {type_} PRIMARY KEY"]
    for names, prefix in ((columns, ""), (valid_while, "was_")):
        for column in names:
            there = catalog.column(run, table, column)
            if there is None:
                raise SafeMigrationError(f"there is no column {table}.{column}, so its values cannot be kept")
            fields.append(f"{run.quote(prefix + column)} {there.type}")
    with run.database.transaction():
        run.database.run(f"CREATE TABLE {state.SCHEMA}.{run.quote(store)} ({', '.join(fields)})")
        run.database.run(
            f"INSERT INTO {state.SCHEMA}.kept (store, source, columns, key_column, valid_while, state) "
            "VALUES (%(store)s, %(source)s, %(columns)s, %(key)s, %(valid_while)s, 'filling')",
            store=store,
            source=table,
            columns=columns,
            key=key,
            valid_while=valid_while,
        )


def _mirror_function(
    run: Session, mirror: str, place: str, key: str, columns: list[str], valid_while: list[str]
) -> str:
    """Copies what is written while the values are copied. It runs as its owner, for the application has no
    right to the schema."""
    quoted_key = run.quote(key)
    into = [key, *columns, *(f"was_{column}" for column in valid_while)]
    new = ", ".join(f"NEW.{run.quote(column)}" for column in (key, *columns, *valid_while))
    updates = ", ".join(f"{run.quote(column)} = excluded.{run.quote(column)}" for column in into[1:])
    nothing = " AND ".join(f"NEW.{run.quote(column)} IS NULL" for column in columns)
    return f"""
        CREATE OR REPLACE FUNCTION {state.SCHEMA}.{mirror}() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                DELETE FROM {place} WHERE {quoted_key} = OLD.{quoted_key};
            ELSIF {nothing} THEN
                DELETE FROM {place} WHERE {quoted_key} = NEW.{quoted_key};
            ELSE
                INSERT INTO {place} ({column_list(run, into)}) VALUES ({new})
                ON CONFLICT ({quoted_key}) DO UPDATE SET {updates};
            END IF;
            RETURN NULL;
        END $$
    """


def take_up_column(run: Session, table: str, column: str, blank: str = "NULL") -> None:
    """Puts kept values of a column back where the row has none of its own yet, a few rows at a time; forgets
    them once every column that was kept with it is back.

    blank: SQL of what a row has that nobody wrote: NULL, or the column's constant default.
    """
    if not state.exists(run.database):
        return
    found = run.rows(
        f"SELECT store, columns, key_column, valid_while, state FROM {state.SCHEMA}.kept "
        "WHERE source = %(table)s AND %(column)s = ANY (columns)",
        table=table,
        column=column,
    )
    for row in found:
        _take_up(run, table, column, row, blank)


def _take_up(run: Session, table: str, column: str, row: Row, blank: str) -> None:
    store, columns, key, valid_while, filling = row
    name, place = table_name(run, table), f"{state.SCHEMA}.{run.quote(store)}"
    if filling == "filling":
        # The downgrade was killed before it dropped the column: every value is still where it was.
        mirror = run.quote(own_name("keep", table, *columns))
        run.brief(
            f"DROP TRIGGER IF EXISTS {mirror} ON {name}",
            f"DROP FUNCTION IF EXISTS {state.SCHEMA}.{mirror}()",
            tables=(name,),
        )
        _forget(run.database, place, str(store))
        return
    there = {other for other in (*columns, *valid_while) if catalog.column(run, table, other) is not None}
    if not there.issuperset(valid_while):
        return  # whether a value still holds cannot be told yet: a later revision brings the column back
    quoted, quoted_key = run.quote(column), run.quote(key)
    type_ = str(keyset_paging.key_type(run.database, f"{state.SCHEMA}.{store}", str(key)))
    still = "".join(
        f" AND t.{run.quote(other)} IS NOT DISTINCT FROM k.{run.quote(f'was_{other}')}"
        for other in valid_while
    )
    cursor = keyset_paging.FIRST
    while (
        upto := keyset_paging.bound(run.database, place, quoted_key, type_, cursor, None, BATCH_ROWS)
    ) is not None:
        run.change(
            f"UPDATE {name} t SET {quoted} = k.{quoted} FROM {place} k "
            f"WHERE t.{quoted_key} = k.{quoted_key} AND k.{quoted} IS NOT NULL "
            f"AND t.{quoted} IS NOT DISTINCT FROM {driver_text(blank)}{still} "
            f"AND {keyset_paging.after(f'k.{quoted_key}', type_, cursor)} "
            f"AND k.{quoted_key} <= CAST(%(upto)s AS {type_})",
            table=name,
            after=cursor,
            upto=upto,
        )
        cursor = upto
    if there.issuperset(columns):
        _forget(run.database, place, str(store))


def _forget(database: Database, place: str, store: str) -> None:
    with database.transaction():
        database.run(f"DROP TABLE IF EXISTS {place}")
        database.run(f"DELETE FROM {state.SCHEMA}.kept WHERE store = %(store)s", store=store)
