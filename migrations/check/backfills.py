"""Backfills on a proof's database: a revision that needs one done finds it done, as on a real one."""

import re

import sqlalchemy
from alembic.script import Script

from migrations.safe.backfill.runner import Runner
from migrations.safe.backfill.switch import AlwaysOn
from migrations.safe.backfill.throttle import Bounds, Throttle


def run_backfills(url: str, revision: Script) -> None:
    """Runs what a revision declares to its end, with its flag on. Raises RuntimeError where rows are left."""
    for task in getattr(revision.module, "backfills", ()):
        engine = sqlalchemy.create_engine(
            re.sub(r"^postgres(ql)?:", "postgresql+psycopg:", url),
            poolclass=sqlalchemy.NullPool,
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as connection:
            result = Runner(connection, task, AlwaysOn(), Throttle(Bounds())).run()
        if result.outcome != "finished":
            raise RuntimeError(f"the backfill {task.name} is {result.outcome}: {result.reason}")
