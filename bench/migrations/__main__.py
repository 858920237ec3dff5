"""`python -m bench.migrations`: the figures as one JSON object on stdout, progress on stderr.

--rows, --runs: how many; --naive-runs: of the naive forms, which block for seconds and are measured as they
are found.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg

from bench.migrations import data
from bench.migrations.changes import CHANGES, FIRST, ours, run_backfill
from bench.migrations.load import SAMPLE_SECONDS, WRITERS, Load, Seen
from migrations import safe
from migrations.check.server import Server, server
from migrations.safe.backfill.progress import load, save
from migrations.safe.database import Database

THROTTLED_RATE = 4000.0
"""Rows a second of the throttled backfill."""
BARS = {"maxBlockedWriterMs": 100, "unthrottledShareOfOneUpdate": 0.5, "throttledP99Ratio": 2}


def say(text: str) -> None:
    print(f"migrations: {text}", file=sys.stderr, flush=True)


def measured(running: Server, source: str, rows: int, change: Callable[[str], None]) -> dict[str, Any]:
    """A change under writers, on a copy of the database."""
    url = running.create(source)
    try:
        with Load(url, rows) as load:
            began = time.perf_counter()
            change(url)
            seconds = time.perf_counter() - began
        return {
            "maxBlockedWriterMs": load.seen.blocked_ms,
            "seconds": round(seconds, 2),
            **writers(load.seen),
        }
    finally:
        data.drop(running, url)


def writers(seen: Seen) -> dict[str, Any]:
    return {
        "writes": seen.writes,
        "failedWrites": seen.failures,
        "writerP99Ms": seen.p99_ms,
        "writerMaxMs": seen.max_ms,
        "samplesPerSecond": seen.samples_per_second,
    }


def changes(running: Server, source: str, rows: int, runs: int, naive_runs: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for change in CHANGES:
        sides = {
            side: [measured(running, source, rows, how) for _ in range(count)]
            for side, how, count in (("ours", change.ours, runs), ("naive", change.naive, naive_runs))
        }
        found[change.name] = {
            side: {"maxBlockedWriterMs": max(one["maxBlockedWriterMs"] for one in taken), "runs": taken}
            for side, taken in sides.items()
        }
        worst = {side: found[change.name][side]["maxBlockedWriterMs"] for side in sides}
        say(f"{change.name}: ours blocks a writer for {worst['ours']} ms at most, naive {worst['naive']} ms")
    return found


def backfill(running: Server, source: str, rows: int) -> dict[str, Any]:
    """How fast a backfill is alone beside one single UPDATE, and what it costs the writers when it is
    throttled."""
    url = running.create(source)
    ours(lambda: safe.add_column("people", "first", "text"))(url)
    with psycopg.connect(url) as session:
        began = time.perf_counter()
        session.execute("UPDATE people SET first = split_part(name, ' ', 2)")
        session.commit()
        single = rows / (time.perf_counter() - began)
    data.drop(running, url)
    url = running.create(source)
    ours(lambda: safe.add_column("people", "first", "text"))(url)
    unthrottled = run_backfill(url, FIRST).rows_per_second
    data.drop(running, url)
    say(f"backfill: {unthrottled:.0f} rows/s, one single UPDATE {single:.0f} rows/s")
    url = running.create(source)
    ours(lambda: safe.add_column("people", "first", "text"))(url)
    part = min(rows, 60_000)
    with psycopg.connect(url) as session:
        # A part of the rows is enough to see its rate.
        session.execute("UPDATE people SET first = 'done' WHERE id > %s", (part,))
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("VACUUM ANALYZE people")
    with Load(url, rows) as without:
        time.sleep(part / THROTTLED_RATE)
    with_pass_until(url, part)
    with Load(url, rows) as beside:
        began = time.perf_counter()
        throttled = run_backfill(url, FIRST, THROTTLED_RATE)
        seconds = time.perf_counter() - began
    data.drop(running, url)
    ratio = beside.seen.p99_ms / without.seen.p99_ms
    say(
        f"throttled: {throttled.rows / seconds:.0f} rows/s, the writers' p99 {beside.seen.p99_ms} ms, "
        f"without "
        f"{without.seen.p99_ms} ms"
    )
    return {
        "singleUpdateRowsPerSecond": round(single),
        "unthrottledRowsPerSecond": round(unthrottled),
        "unthrottledShareOfOneUpdate": round(unthrottled / single, 3),
        "throttled": {
            "ratePerSecond": THROTTLED_RATE,
            "rowsPerSecond": round(throttled.rows / seconds),
            "maxBlockedWriterMs": beside.seen.blocked_ms,
            "writerP99Ms": beside.seen.p99_ms,
            "writerP99MsWithout": without.seen.p99_ms,
            "p99Ratio": round(ratio, 2),
        },
    }


def with_pass_until(url: str, last: int) -> None:
    """The progress of a backfill that ends at a row, as one that was begun when there were no more."""
    with data.connected(url, "deployment-safety-backfill", autocommit=True) as connection:
        database = Database(connection)
        save(database, FIRST, replace(load(database, FIRST), until=str(last)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.migrations")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--naive-runs", type=int, default=1)
    given = parser.parse_args()
    with server() as running:
        source = data.template(running, given.rows)
        say(f"{given.rows} rows are there")
        rates = backfill(running, source, given.rows)
        compared = changes(running, source, given.rows, given.runs, given.naive_runs)
    figures = {
        "rows": given.rows,
        "writers": WRITERS,
        "runs": given.runs,
        "sampledEveryMs": SAMPLE_SECONDS * 1000,
        "bars": BARS,
        "changes": compared,
        "backfill": rates,
    }
    missed = [
        *(
            f"{name}: a writer was blocked for {one['ours']['maxBlockedWriterMs']} ms"
            for name, one in compared.items()
            if one["ours"]["maxBlockedWriterMs"] > BARS["maxBlockedWriterMs"]
        ),
        *(
            [f"the backfill has {rates['unthrottledShareOfOneUpdate']} of a single UPDATE's rate"]
            if rates["unthrottledShareOfOneUpdate"] < BARS["unthrottledShareOfOneUpdate"]
            else []
        ),
        *(
            [f"the writers' p99 is {rates['throttled']['p99Ratio']} times that without a backfill"]
            if rates["throttled"]["p99Ratio"] > BARS["throttledP99Ratio"]
            else []
        ),
    ]
    print(json.dumps({**figures, "missed": missed}, indent=2))


if __name__ == "__main__":
    main()
