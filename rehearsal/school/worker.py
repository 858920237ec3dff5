"""The worker process: `python -m school.worker`. Does one job after another; SIGTERM ends it after the job in
hand."""

import logging
import random
import signal
import threading
from types import FrameType

import psycopg

from school.jobs import do_next
from school.runtime import metrics
from school.runtime.database import CONNECTION
from school.runtime.flags import Flags
from school.runtime.probes import serve_probes
from school.runtime.settings import Settings, read_settings

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
"""How soon the worker looks again after it found no job, or may not take one; up to half more or less.

Workers that look at the same distance stay in step, and the one behind the longest gap takes most of the
jobs: a canary's share of the workers would not be its share of the jobs.
"""

DATABASE_SECONDS = 1.0
"""How soon it connects again after the database was lost."""


class Worker:
    def __init__(self, settings: Settings, flags: Flags) -> None:
        self.settings = settings
        self.flags = flags
        self.ending = threading.Event()
        self.connected = False

    def end(self, _signal: int, _frame: FrameType | None) -> None:
        self.ending.set()

    def ready(self) -> bool:
        return self.connected and not self.ending.is_set()

    def run(self) -> None:
        """Works until `end`; through outages of the database it waits."""
        while not self.ending.is_set():
            try:
                with psycopg.connect(
                    self.settings.database_url,
                    autocommit=True,
                    application_name=f"worker-{self.settings.slot}",
                    **CONNECTION,
                ) as connection:
                    self.connected = True
                    self.work(connection)
            except psycopg.OperationalError as fault:
                log.warning("the database is not available: %s", fault)
                self.connected = False
                self.ending.wait(DATABASE_SECONDS)

    def work(self, connection: psycopg.Connection) -> None:
        while not self.ending.is_set():
            # Read before each job: a job that is in hand is finished, the next is not begun.
            result = (
                do_next(connection, self.settings, self.flags)
                if self.flags.may_work(self.settings.slot)
                else None
            )
            if result is not None:
                metrics.BY_RESULT[result].inc()
                continue
            # Also tells that the database is gone while there is nothing to do.
            connection.execute("SELECT 1")
            self.ending.wait(IDLE_SECONDS * random.uniform(0.5, 1.5))


def main(settings: Settings) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    flags = Flags(settings.parameter_root, settings.poll_seconds)
    worker = Worker(settings, flags)
    signal.signal(signal.SIGTERM, worker.end)
    signal.signal(signal.SIGINT, worker.end)
    serve_probes(settings, worker.ready)
    flags.start()
    worker.run()
    flags.stop()


if __name__ == "__main__":
    main(read_settings())
