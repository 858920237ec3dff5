"""What a revision asks of a backfill."""

from alembic import context

from ..database import SafeMigrationError, driver_text
from ..names import literal, table_name
from ..rows import keyset_paging
from ..session import session
from .task import Backfill, named

BATCH_ROWS = 500
"""Rows that `fill` does in one transaction."""


def ensure_finished(backfill: Backfill | str) -> None:
    """Stops a revision that needs the backfill done while rows are left, and says how many.

    backfill: it, or its name among the revisions.
    """
    task = named(context.script, backfill) if isinstance(backfill, str) else backfill
    with session() as run:
        name = table_name(run, task.table)
        said = (
            f"rows of {task.table} are still to be done by the backfill {task.name}: switch its flag "
            f"{task.flag} on, wait until it says that it is finished, and run the migration again"
        )
        count = f"SELECT count(*) FROM {name} WHERE {task.pending}"
        if run.offline:
            run.brief(
                f"DO $$ DECLARE rest bigint := ({count}); BEGIN "
                f"IF rest > 0 THEN RAISE EXCEPTION {literal('% ' + said)}, rest; END IF; END $$",
                tables=(name,),
            )
            return
        rest = int(run.rows(count)[0][0])
        if rest > 0:
            raise SafeMigrationError(f"{rest} {said}")


def fill(task: Backfill) -> None:
    """Does a backfill in the migration itself, a few rows at a time: for a downgrade, where no flag and no
    release waits for it."""
    with session() as run:
        name = table_name(run, task.table)
        if run.offline:
            run.brief(
                f"UPDATE {name} SET {assignments(run.quote, task)} WHERE {task.pending}", tables=(name,)
            )
            return
        type_ = keyset_paging.key_type(run.database, task.table, task.key)
        if type_ is None:
            raise SafeMigrationError(no_key(task))
        key, cursor = run.quote(task.key), keyset_paging.FIRST
        while (
            upto := keyset_paging.bound(run.database, name, key, type_, cursor, None, BATCH_ROWS)
        ) is not None:
            run.change(
                f"UPDATE {name} SET {driver_text(assignments(run.quote, task))} WHERE "
                f"{keyset_paging.after(key, type_, cursor)} AND {key} <= CAST(%(upto)s AS {type_}) "
                f"AND ({driver_text(task.pending)})",
                table=name,
                after=cursor,
                upto=upto,
            )
            cursor = upto


def assignments(quote: keyset_paging.Quote, task: Backfill) -> str:
    """`given_name = split_part(…), family_name = …`."""
    return ", ".join(f"{quote(column)} = {expression}" for column, expression in task.assign.items())


def no_key(task: Backfill) -> str:
    return (
        f"{task.table}.{task.key} cannot be the key of the backfill {task.name}: it must be there, NOT NULL, "
        "and have a unique index of its own. Name the primary key"
    )
