"""Runs a backfill: a batch, a look at the switch, a look at the database, a pause, and again."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from ..database import (
    DEADLOCK_DETECTED,
    LOCK_NOT_AVAILABLE,
    SERIALIZATION_FAILURE,
    Database,
    SafeMigrationError,
    sqlstate,
)
from .batches import Batches
from .progress import Progress, load, save
from .switch import Switch
from .task import Backfill
from .throttle import Pressure, Throttle

PASSES = 3
"""Passes over the table. A second one is for rows that were written meanwhile without the new columns."""
CONFLICTS = 200
"""Rows that may be found locked in a row before it gives up."""
LOOK_SECONDS = 0.5
"""Between two looks at replicas and lock waits."""
STEP_SECONDS = 0.1
"""A pause is cut into these, so that the switch is seen in it."""
SAY_SECONDS = 2.0
"""Between two lines of progress."""

Outcome = Literal["finished", "stopped", "interrupted", "unfinished", "held"]

PRESSURE = """
    SELECT coalesce((SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication), 0)::float8,
           coalesce((SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))
                     FROM pg_stat_replication), 0)::bigint,
           (SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid())
"""


@dataclass(frozen=True)
class Result:
    backfill: str
    outcome: Outcome
    """finished: no row is left. stopped: its flag is off. interrupted: SIGTERM. unfinished: rows are left
    after all passes. held: another runner has it."""
    reason: str
    rows: int
    """Rows that this run changed."""
    remaining: int | None
    """Rows still to be done; None if another runner is at work."""
    seconds: float
    passes: int

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds > 0 else 0.0


@dataclass
class Runner:
    connection: sqlalchemy.Connection
    """In AUTOCOMMIT."""
    task: Backfill
    switch: Switch
    throttle: Throttle
    patience: float = 0.0
    """Seconds to wait while the flag is off before it ends as `stopped`."""
    say: Callable[[str], None] = lambda _: None
    ending: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Result:
        """Goes on from where the last run ended, until no row is left or something stops it."""
        self.database = Database(self.connection)
        self.began = time.monotonic()
        self._prepare_session()
        if not self.database.value(
            "SELECT pg_try_advisory_lock(hashtext(%(name)s))", name=f"backfill {self.task.name}"
        ):
            return Result(self.task.name, "held", "another runner is at work on it", 0, None, 0.0, 0)
        quote = self.connection.dialect.identifier_preparer.quote
        self.batches = Batches(self.database, self.task, quote)
        self.progress = load(self.database, self.task)
        self.before = self.progress.done
        self.total, self.said, self.looked, self.slowed = self.batches.estimate(), self.began, 0.0, ""
        outcome, reason = self._passes()
        return self._result(outcome, reason)

    def _prepare_session(self) -> None:
        # What is lost with the last moments of log is lost together with the note of it, and done again.
        for setting in (
            "lock_timeout = '50ms'",
            "statement_timeout = '30min'",
            "idle_in_transaction_session_timeout = '10s'",
            "synchronous_commit = off",
        ):
            self.database.run(f"SET {setting}")

    def _passes(self) -> tuple[Outcome, str]:
        if self.progress.finished:
            if self.batches.rest() == 0:
                return "finished", "it was finished before"
            self.progress = replace(self.progress, number=1, after=None, until=None, finished=False)
        if self.progress.until is None:
            self.progress = self.batches.begin_pass(self.progress)
        while True:
            stopped = self._one_pass()
            if stopped is not None:
                return stopped
            rest = self.batches.rest()
            if rest == 0:
                self.progress = replace(self.progress, finished=True)
                save(self.database, self.task, self.progress)
                return "finished", "no row is left"
            if self.progress.number >= PASSES:
                self.progress = self.batches.begin_pass(replace(self.progress, number=1))
                return "unfinished", (
                    f"{rest} rows are left after {PASSES} passes: they are written without what the backfill "
                    "writes; see that every release that is live writes it, then run it again"
                )
            self.progress = self.batches.begin_pass(replace(self.progress, number=self.progress.number + 1))

    def _one_pass(self) -> tuple[Outcome, str] | None:
        """None once the pass is over."""
        conflicts = 0
        while True:
            stopped = self._may_go_on()
            if stopped is not None:
                return stopped
            self._look()
            began = time.monotonic()
            before = self.progress
            try:
                moved = self.batches.next(before, self.throttle.size)
            except DBAPIError as error:
                if sqlstate(error) not in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED, SERIALIZATION_FAILURE):
                    raise
                conflicts += 1
                if conflicts > CONFLICTS:
                    raise SafeMigrationError(
                        f"rows of {self.task.table} after {before.after or 'the beginning'} stayed locked "
                        f"over {conflicts} tries; end the transaction that holds them, and run it again: it "
                        "goes on from there"
                    ) from error
                self._pause(self.throttle.after_conflict())
                continue
            if moved is None:
                return None
            conflicts = 0
            self.progress = moved
            self._pause(self.throttle.after_batch(moved.seen - before.seen, time.monotonic() - began))

    def _may_go_on(self) -> tuple[Outcome, str] | None:
        """Waits for the flag; what to end with if it may not go on."""
        waiting_since = time.monotonic()
        while True:
            if self.ending.is_set():
                return "interrupted", "it was told to end"
            reason = self.switch.why_off()
            if reason is None:
                return None
            if time.monotonic() - waiting_since >= self.patience:
                return "stopped", reason
            self._say(f"waits: {reason}")
            self.ending.wait(STEP_SECONDS)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        lag, size, waiting = self.database.rows(PRESSURE)[0]
        self.slowed = self.throttle.under(Pressure(float(lag), int(size), int(waiting))) or ""
        self._say(self._line())

    def _pause(self, seconds: float) -> None:
        """Ends early when it may not go on anyway."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self.switch.why_off() is None:
            if self.ending.wait(min(left, STEP_SECONDS)):
                return

    def _line(self) -> str:
        done = self.progress.done - self.before
        rate = done / max(time.monotonic() - self.began, 0.001)
        slowed = f"; slower, for {self.slowed}" if self.slowed else ""
        total = max(self.total, self.progress.seen)
        return (
            f"pass {self.progress.number}: {self.progress.seen} of about {total} "
            f"rows looked at, {self.progress.done} changed, {rate:.0f} a second{slowed}"
        )

    def _say(self, line: str) -> None:
        if time.monotonic() - self.said >= SAY_SECONDS:
            self.said = time.monotonic()
            self.say(f"{self.task.name}: {line}")

    def _result(self, outcome: Outcome, reason: str) -> Result:
        progress: Progress = self.progress
        return Result(
            self.task.name,
            outcome,
            reason,
            progress.done - self.before,
            0 if outcome == "finished" else self.batches.rest(),
            time.monotonic() - self.began,
            progress.number,
        )
