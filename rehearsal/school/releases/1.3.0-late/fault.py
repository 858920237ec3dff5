"""What this release does wrong on purpose: requests for half of the records fail, once a process
has been busy for some time. A canary's never is: its share of the traffic is too small for that."""

import time

from school.faults import Fault

BUSY = 12
"""Requests in one second from which on a process is busy: four times a canary's, a third of a live one's."""

BUSY_SECONDS = 12.0
"""How long after it was first busy it begins to fail."""


class Late:
    """A fault that comes late."""

    def __init__(self, then: Fault) -> None:
        self.then = then
        self.second = 0
        self.seen = 0
        self.busy_since: float | None = None

    async def request(self, record: int) -> None:
        now = time.monotonic()
        if int(now) != self.second:
            self.second, self.seen = int(now), 0
        self.seen += 1
        if self.seen >= BUSY and self.busy_since is None:
            self.busy_since = now
        if self.busy_since is not None and now - self.busy_since >= BUSY_SECONDS:
            await self.then.request(record)

    def job(self, pupil: int) -> None:
        self.then.job(pupil)


fault = Late(Fault(error_share=0.5))
