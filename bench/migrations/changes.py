"""The changes that are compared: each as migrations.safe does it, and as Alembic's own operations do."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from bench.migrations.data import connected, revision
from migrations import safe
from migrations.safe.backfill.runner import Result, Runner
from migrations.safe.backfill.switch import AlwaysOn
from migrations.safe.backfill.throttle import Bounds, Throttle

FIRST = safe.Backfill(
    "first", "people", "id", {"first": "split_part(name, ' ', 2)"}, "first IS NULL", "first"
)
AGE = safe.Backfill("age", "people", "id", {"age_big": "age"}, "age_big IS NULL AND age IS NOT NULL", "age")


@dataclass(frozen=True)
class Change:
    name: str
    ours: Callable[[str], None]
    naive: Callable[[str], None]


def run_backfill(url: str, task: safe.Backfill, rate: float | None = None) -> Result:
    with connected(url, "deployment-safety-backfill", autocommit=True) as connection:
        result = Runner(connection, task, AlwaysOn(), Throttle(Bounds(rate=rate))).run()
    if result.outcome != "finished":
        raise RuntimeError(f"the backfill {task.name} ended as {result.outcome}: {result.reason}")
    return result


def ours(*steps: Callable[[], object]) -> Callable[[str], None]:
    def run(url: str) -> None:
        with revision(url):
            for step in steps:
                step()

    return run


def not_null_ours(url: str) -> None:
    ours(lambda: safe.add_column("people", "first", "text"))(url)
    run_backfill(url, FIRST)
    ours(lambda: safe.ensure_finished(FIRST), lambda: safe.set_not_null("people", "first"))(url)


def not_null_naive(url: str) -> None:
    with revision(url) as op, op.get_bind().begin():
        op.add_column("people", sa.Column("first", sa.Text))
        op.execute("UPDATE people SET first = split_part(name, ' ', 2)")
        op.alter_column("people", "first", nullable=False)


def type_ours(url: str) -> None:
    ways = {"forward": "{value}::bigint", "backward": "{value}::integer"}
    ours(lambda: safe.replace_column("people", "age", "age_big", "bigint", **ways))(url)
    run_backfill(url, AGE)
    ours(
        lambda: safe.ensure_finished(AGE),
        lambda: safe.set_not_null("people", "age_big"),
        lambda: safe.swap_columns("people", "age", "age_big", **ways),
    )(url)


def naive(step: Callable[[object], object]) -> Callable[[str], None]:
    def run(url: str) -> None:
        with revision(url) as op, op.get_bind().begin():
            step(op)

    return run


CHANGES = (
    Change("notNullColumnWithBackfill", not_null_ours, not_null_naive),
    Change(
        "index",
        ours(lambda: safe.create_index("people_name", "people", ["name"])),
        naive(lambda op: op.create_index("people_name", "people", ["name"])),  # type: ignore[attr-defined]
    ),
    Change(
        "foreignKey",
        ours(lambda: safe.add_foreign_key("people", "people_town", ["town_id"], "towns", ["id"])),
        naive(
            lambda op: op.create_foreign_key(  # type: ignore[attr-defined]
                "people_town", "people", "towns", ["town_id"], ["id"]
            )
        ),
    ),
    Change(
        "uniqueConstraint",
        ours(lambda: safe.add_unique("people", "people_code_key", ["code"])),
        naive(
            lambda op: op.create_unique_constraint("people_code_key", "people", ["code"])  # type: ignore[attr-defined]
        ),
    ),
    Change(
        "typeChange",
        type_ours,
        naive(lambda op: op.alter_column("people", "age", type_=sa.BigInteger)),  # type: ignore[attr-defined]
    ),
)
