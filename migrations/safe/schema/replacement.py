"""Another type or name for a column while releases that use the old one and the new one run side by side.

Expand: `replace_column` adds the new column and a trigger that keeps both in step. Backfill: rows that
nobody writes. Then the code moves to the new column, and a `contract` revision drops the old one
(`finish_replacement`). Where the code must go on under the old name, `swap_columns` exchanges the two names
at once.
"""

from ..database import SafeMigrationError
from ..names import literal, own_name, table_name
from ..rows import preserved_values
from ..session import Session, session
from . import catalog
from .columns import add_column


def replace_column(table: str, old: str, new: str, type_: str, *, forward: str, backward: str) -> None:
    """Adds `new` beside `old`, and a trigger by which a write to one of them reaches the other.

    type_: SQL type of the new column.
    forward, backward: SQL of the new value from the old one and back, with `{value}` for it:
    `"{value}::bigint"`. A value that cannot be converted fails the write: make both total.
    """
    for what, expression in (("forward", forward), ("backward", backward)):
        if "{value}" not in expression:
            raise SafeMigrationError(f"`{what}` is {expression!r}; it must use {{value}}")
    with session() as run:
        add_column(table, new, type_)
        name = table_name(run, table)
        trigger = run.quote(own_name("sync", table, old, new))
        run.brief(
            sync_function(run, table, old, new, forward, backward),
            f"DROP TRIGGER IF EXISTS {trigger} ON {name}",
            f"CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {name} FOR EACH ROW "
            f"EXECUTE FUNCTION {_function(run, table, old, new)}()",
            tables=(name,),
        )


def _function(run: Session, table: str, old: str, new: str) -> str:
    schema, _, _ = table.rpartition(".")
    name = run.quote(own_name("sync", table, old, new))
    return f"{run.quote(schema)}.{name}" if schema else name


def sync_function(
    run: Session,
    table: str,
    old: str,
    new: str,
    forward: str,
    backward: str,
    *,
    old_now: str | None = None,
    new_now: str | None = None,
) -> str:
    """The trigger's function. The names that the two columns have now may differ from those that name it."""
    left, right = run.quote(old_now or old), run.quote(new_now or new)
    ahead = forward.replace("{value}", f"NEW.{left}")
    back = backward.replace("{value}", f"NEW.{right}")
    return f"""
        CREATE OR REPLACE FUNCTION {_function(run, table, old, new)}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.{right} IS NULL THEN NEW.{right} := {ahead};
                ELSIF NEW.{left} IS NULL THEN NEW.{left} := {back};
                END IF;
            ELSIF NEW.{right} IS DISTINCT FROM OLD.{right} THEN
                -- A backfill writes what the old column says already.
                IF NEW.{left} IS NOT DISTINCT FROM OLD.{left} AND NEW.{right} IS DISTINCT FROM {ahead}
                THEN NEW.{left} := {back};
                END IF;
            ELSIF NEW.{left} IS DISTINCT FROM OLD.{left} OR NEW.{right} IS NULL THEN
                NEW.{right} := {ahead};
            END IF;
            RETURN NEW;
        END $$
    """


def drop_replacement(table: str, old: str, new: str, *, keep_by: str | None = None) -> None:
    """Undoes replace_column(): the trigger goes, and the new column, whose values the old one has too.

    keep_by: column of the primary key, by which they are kept where going back loses something (a length, a
    digit).
    """
    with session() as run:
        name = table_name(run, table)
        if not run.offline and keep_by is not None and catalog.column(run, table, new) is not None:
            preserved_values.keep_columns(run, table, [new], keep_by, [old])
        _drop(run, table, old, new, new, "" if run.offline or keep_by is None else name)


def finish_replacement(table: str, old: str, new: str, *, drop: str | None = None) -> None:
    """Ends it in a `contract` revision: the trigger goes, and the column that no release uses any more.

    drop: name that this column has now; default: `old`.
    """
    with session() as run:
        _drop(run, table, old, new, drop or old, "")


def _drop(run: Session, table: str, old: str, new: str, column: str, already_dropped: str) -> None:
    name, trigger = table_name(run, table), run.quote(own_name("sync", table, old, new))
    ignore = "-- squawk-ignore ban-drop-column\n" if run.offline else ""
    drop = f"{ignore}ALTER TABLE {name} DROP COLUMN IF EXISTS {run.quote(column)}"
    run.brief(
        f"DROP TRIGGER IF EXISTS {trigger} ON {name}",
        *(() if already_dropped else (drop,)),
        f"DROP FUNCTION IF EXISTS {_function(run, table, old, new)}()",
        tables=(name,),
    )


def swap_columns(table: str, old: str, new: str, *, forward: str, backward: str) -> None:
    """Exchanges the names of two columns that are kept in step, in one transaction: code that reads `old`
    then reads the new type. Called again it exchanges them back, so it is its own downgrade.

    Statements that a driver has prepared may fail once with "cached plan must not change result type"; where
    the code cannot repeat them, let it move to the new name instead.
    """
    aside = own_name(old, "swapped")
    with session() as run:
        name = table_name(run, table)
        mark = f"swapped with {old}"
        first, second, between = run.quote(old), run.quote(new), run.quote(aside)
        if run.offline:
            swapped = False
        else:
            _require_values(run, table, old, new)
            swapped = _comment(run, table, new) == mark
        # Before the swap `old` is the source; after it, the source has the name `new`.
        now = {} if swapped else {"old_now": new, "new_now": old}
        run.brief(
            f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE",
            _rename(run, name, first, between),
            _rename(run, name, second, first),
            _rename(run, name, between, second),
            sync_function(run, table, old, new, forward, backward, **now),
            f"COMMENT ON COLUMN {name}.{first} IS NULL",
            f"COMMENT ON COLUMN {name}.{second} IS {'NULL' if swapped else literal(mark)}",
            tables=(name,),
        )


def _rename(run: Session, name: str, old: str, new: str) -> str:
    ignore = "-- squawk-ignore renaming-column\n" if run.offline else ""
    return f"{ignore}ALTER TABLE {name} RENAME COLUMN {old} TO {new}"


def _comment(run: Session, table: str, column: str) -> str | None:
    return run.rows(  # type: ignore[no-any-return]
        "SELECT col_description(attrelid, attnum) FROM pg_attribute "
        "WHERE attrelid = %(table)s::regclass AND attname = %(column)s",
        table=table,
        column=column,
    )[0][0]


def _require_values(run: Session, table: str, old: str, new: str) -> None:
    for column in (old, new):
        if catalog.column(run, table, column) is None:
            raise SafeMigrationError(f"there is no column {table}.{column}; replace_column() comes first")
    left, right = run.quote(old), run.quote(new)
    missing = run.rows(
        f"SELECT count(*) FROM {table_name(run, table)} WHERE ({left} IS NULL) <> ({right} IS NULL)"
    )[0][0]
    if missing:
        raise SafeMigrationError(
            f"{missing} rows of {table} have {old} without {new} or the other way round; finish the "
            f"backfill first"
        )


def rename_table(old: str, new: str) -> None:
    """Renames a table and leaves a view under the old name, which reads and writes go through until a
    `contract` revision drops it (`drop_old_name`)."""
    with session() as run:
        before, after = table_name(run, old), table_name(run, new)
        if not run.offline and catalog.table_exists(run, new):
            return
        ignore = "-- squawk-ignore renaming-table\n" if run.offline else ""
        run.brief(
            f"{ignore}ALTER TABLE {before} RENAME TO {run.quote(new.rpartition('.')[2])}",
            f"CREATE VIEW {before} AS SELECT * FROM {after}",
            tables=(before,),
        )


def undo_rename_table(old: str, new: str) -> None:
    """Undoes rename_table()."""
    with session() as run:
        before, after = table_name(run, old), table_name(run, new)
        if not run.offline and not catalog.table_exists(run, new):
            return
        ignore = "-- squawk-ignore renaming-table\n" if run.offline else ""
        run.brief(
            f"DROP VIEW IF EXISTS {before}",
            f"{ignore}ALTER TABLE {after} RENAME TO {run.quote(old.rpartition('.')[2])}",
            tables=(after,),
        )


def drop_old_name(old: str) -> None:
    """Drops the view that rename_table() left, in a `contract` revision."""
    with session() as run:
        run.brief(f"DROP VIEW IF EXISTS {table_name(run, old)}", tables=(table_name(run, old),))
