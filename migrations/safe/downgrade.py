"""Downgrades that lose nothing that nobody agreed to lose."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .database import SafeMigrationError
from .loss import VARIABLE, approved_rows
from .names import literal, table_name
from .rows.preserved_values import keep_columns
from .schema import catalog
from .schema.tables import keep_table
from .session import Session, session


@dataclass(frozen=True)
class Loss:
    """Rows that would lose something."""

    what: str
    table: str
    """Quoted; the table whose rows are counted."""
    where: str
    """SQL condition of the rows that lose it."""
    needs: tuple[str, ...] = ()
    """Columns without which there is nothing left to lose."""
    printed_only: bool = False
    """Kept in a real downgrade, and lost in printed statements, which cannot copy batch by batch."""


@dataclass
class Downgrade:
    """What a downgrade takes back, in order. Nothing is done before all of it was counted."""

    run: Session
    losses: list[Loss] = field(default_factory=list)
    steps: list[Callable[[], None]] = field(default_factory=list)

    def drop_columns(
        self,
        table: str,
        *columns: str,
        keep_by: str | None = None,
        valid_while: tuple[str, ...] = (),
        lost_where: str | None = None,
    ) -> None:
        """Drops columns.

        keep_by: column of the primary key; the values are kept by it, and the next upgrade's add_column()
        puts them back. Nothing is lost then.
        valid_while: columns of the same table; a value is put back only where they still are what they were,
        for the older release may have changed what it was taken from.
        lost_where: SQL condition of the rows that lose something, without `keep_by`. Default: one of the
        columns is not NULL. `"false"` where the values can be computed again.
        """
        name = table_name(self.run, table)
        filled = " OR ".join(f"{self.run.quote(column)} IS NOT NULL" for column in columns)
        where = filled if lost_where is None else lost_where
        loss = Loss(
            f"values of {', '.join(columns)} in {table}",
            name,
            where,
            columns,
            printed_only=keep_by is not None,
        )
        if where != "false":
            self.losses.append(loss)
        drops = ", ".join(f"DROP COLUMN IF EXISTS {self.run.quote(column)}" for column in columns)

        def drop() -> None:
            if self.run.offline:
                self.run.brief(
                    f"-- squawk-ignore ban-drop-column\nALTER TABLE {name} {drops}", tables=(name,)
                )
                return
            there = [column for column in columns if catalog.column(self.run, table, column) is not None]
            if keep_by is not None and there:
                keep_columns(self.run, table, there, keep_by, list(valid_while))
            elif there:
                self.run.brief(f"ALTER TABLE {name} {drops}", tables=(name,))

        self.steps.append(drop)

    def drop_table(self, table: str, *, keep: bool = True, lost_where: str = "true") -> None:
        """Drops a table; its rows are kept, and the next upgrade's create_table() puts them back.

        keep: False drops the rows.
        lost_where: SQL condition of the rows that are lost then; `"false"` where they can be computed again.
        """
        name = table_name(self.run, table)
        if lost_where != "false":
            self.losses.append(Loss(f"rows of {table}", name, lost_where, printed_only=keep))

        def drop() -> None:
            if self.run.offline:
                self.run.brief(
                    f"-- squawk-ignore ban-drop-table\nDROP TABLE IF EXISTS {name}", tables=(name,)
                )
            elif keep:
                keep_table(self.run, table)
            else:
                self.run.brief(f"DROP TABLE IF EXISTS {name}", tables=(name,))

        self.steps.append(drop)

    def do(self, step: Callable[[], None]) -> None:
        """Anything else that loses nothing, in its place: `down.do(lambda: safe.drop_index("i", "t"))`."""
        self.steps.append(step)


@contextmanager
def safe_downgrade(revision: str) -> Iterator[Downgrade]:
    """Takes a revision back: `with safe_downgrade(revision) as down: down.drop_columns(…)`.

    At the end of the block the rows that would lose something are counted. If they are more than were
    approved (`alembic -x approve-loss=<revision>:<rows>`, or MIGRATION_APPROVE_LOSS), nothing at all is
    done.
    """
    with session() as run:
        down = Downgrade(run)
        yield down
        approved = approved_rows(revision)
        if run.offline:
            _print_refusals(run, revision, down.losses, approved)
        else:
            refuse_loss(run, revision, down.losses, approved)
        for step in down.steps:
            step()


def refuse_loss(run: Session, revision: str, losses: list[Loss], approved: int) -> None:
    """An error that says what would be lost and how to approve it, where that is more than was approved."""
    counted = [(loss, _count(run, loss)) for loss in losses if not loss.printed_only]
    total = sum(rows for _, rows in counted)
    if total <= approved:
        return
    what = "; ".join(f"{rows} {loss.what}" for loss, rows in counted if rows > 0)
    given = f"; only {approved} were approved" if approved else ""
    raise SafeMigrationError(
        f"the downgrade of {revision} would lose {what}{given}; nothing was changed. If they may be lost: "
        f"alembic -x approve-loss={revision}:{total} downgrade …, or {VARIABLE}={revision}:{total}"
    )


def _count(run: Session, loss: Loss) -> int:
    there = run.rows("SELECT to_regclass(%(table)s) IS NOT NULL", table=loss.table)[0][0]
    if not there or not all(catalog.column(run, loss.table, column) for column in loss.needs):
        return 0  # a run before this one has got that far
    return int(run.rows(f"SELECT count(*) FROM {loss.table} WHERE {loss.where}")[0][0])


def _print_refusals(run: Session, revision: str, losses: list[Loss], approved: int) -> None:
    """Printed statements keep nothing, so they refuse by themselves wherever a real downgrade would keep or
    refuse."""
    if not losses:
        return
    counts = " + ".join(f"(SELECT count(*) FROM {loss.table} WHERE {loss.where})" for loss in losses)
    message = literal(
        f"the downgrade of {revision} would lose % rows ({'; '.join(loss.what for loss in losses)}); printed "
        f"statements keep nothing: run alembic downgrade, or print them with -x "
        f"approve-loss={revision}:<rows>"
    )
    run.brief(
        f"DO $$ DECLARE lost bigint := {counts}; BEGIN "
        f"IF lost > {approved} THEN RAISE EXCEPTION {message}, lost; END IF; END $$",
        tables=(losses[0].table,),
    )
