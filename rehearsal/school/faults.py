"""Faults on purpose: what a bad release does wrong. The good ones have none (fault.py)."""

import asyncio
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Shares are of the records, 0 to 1: a fault hits some records always and the others never, as most real
    ones do.

    Record 1 is spared. Smoke tests read it: a fault that they see never gets to a canary.
    """

    error_share: float = 0.0
    """Share of records whose requests fail with 500."""
    slow_share: float = 0.0
    """Share of records whose requests are slow."""
    slow_seconds: float = 0.0
    """How much slower they are."""
    crash_share: float = 0.0
    """Share of records whose requests end the process."""
    job_share: float = 0.0
    """Share of pupils whose jobs fail."""

    async def request(self, record: int) -> None:
        """Does to a request for `record` what this fault does."""
        if hits(record, self.crash_share):
            os._exit(1)
        if hits(record, self.slow_share):
            await asyncio.sleep(self.slow_seconds)
        if hits(record, self.error_share):
            raise RuntimeError("this release is faulty on purpose")

    def job(self, pupil: int) -> None:
        """Does to a job for `pupil` what this fault does."""
        if hits(pupil, self.job_share):
            raise RuntimeError("this release is faulty on purpose")


def hits(record: int, share: float) -> bool:
    """Whether a fault of that share hits the record: spread evenly over any hundred records in a row; record
    1 comes last."""
    return (record * 61 + 38) % 100 < share * 100
