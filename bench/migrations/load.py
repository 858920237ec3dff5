"""Writers, and a look at who waits for whom: in a process of their own, so that what they measure is not
slowed by what they watch."""

import random
import threading
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

import psycopg

WRITERS = 8
PAUSE_SECONDS = 0.02
"""Between two writes of a writer, on average: about 400 writes a second together."""
SAMPLE_SECONDS = 0.005

WAITS = """
    WITH waiting AS MATERIALIZED (
        SELECT pid FROM pg_stat_activity WHERE application_name = 'writer' AND wait_event_type = 'Lock'
    )
    SELECT w.pid, 1000 * extract(epoch FROM clock_timestamp() - l.waitstart)::float8
    FROM waiting w JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted
    WHERE EXISTS (
        SELECT FROM unnest(pg_blocking_pids(w.pid)) blocker JOIN pg_stat_activity a ON a.pid = blocker
        WHERE a.application_name LIKE 'deployment-safety-%'
    )
"""


@dataclass(frozen=True)
class Seen:
    """What the writers met."""

    blocked_ms: float
    """The longest wait for a migration or a backfill that was seen."""
    writes: int
    failures: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    samples_per_second: float


class Load:
    """Writers from `with` on until its end; `seen` is there afterwards."""

    def __init__(self, url: str, rows: int) -> None:
        context = get_context("spawn")
        self.ours, theirs = context.Pipe()
        self.process = context.Process(target=_run, args=(url, rows, theirs), daemon=True)

    def __enter__(self) -> "Load":
        self.process.start()
        if not self.ours.poll(30) or self.ours.recv() != "writing":
            raise RuntimeError("the writers did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.ours.send("end")
        if not self.ours.poll(120):
            self.process.kill()
            raise RuntimeError("the writers did not end")
        self.seen: Seen = self.ours.recv()
        self.process.join(10)


def _run(url: str, rows: int, parent: Connection) -> None:
    ending = threading.Event()
    latencies: list[float] = []
    failures: list[str] = []
    longest = [0.0]
    samples = [0]

    def write() -> None:
        dice = random.Random()  # noqa: S311 - which row is written is no secret
        with psycopg.connect(url, autocommit=True, application_name="writer") as session:
            # A driver's prepared statement would meet another type after the swap, and be repeated.
            session.prepare_threshold = None
            while not ending.is_set():
                began = time.perf_counter()
                try:
                    session.execute("UPDATE people SET age = 1 - age WHERE id = %s", (dice.randint(1, rows),))
                    latencies.append(time.perf_counter() - began)
                except psycopg.Error as error:
                    failures.append(str(error))
                time.sleep(PAUSE_SECONDS * dice.uniform(0.5, 1.5))

    def sample() -> None:
        with psycopg.connect(url, autocommit=True, application_name="sampler") as session:
            due = time.perf_counter()
            while not ending.is_set():
                for _, waited in session.execute(WAITS).fetchall():
                    longest[0] = max(longest[0], float(waited or 0))
                samples[0] += 1
                due = max(due + SAMPLE_SECONDS, time.perf_counter())
                time.sleep(max(0.0, due - time.perf_counter()))

    threads = [threading.Thread(target=write) for _ in range(WRITERS)] + [threading.Thread(target=sample)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    parent.send("writing")
    parent.recv()
    seconds = time.perf_counter() - began
    ending.set()
    for thread in threads:
        thread.join(60)
    ordered = sorted(latencies) or [0.0]

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    parent.send(
        Seen(
            blocked_ms=round(longest[0], 1),
            writes=len(latencies),
            failures=len(failures),
            p50_ms=at(0.5),
            p99_ms=at(0.99),
            max_ms=round(1000 * ordered[-1], 1),
            samples_per_second=round(samples[0] / seconds, 1),
        )
    )
