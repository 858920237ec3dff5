"""How many rows at once and how long to wait between: a pure decision from what was measured."""

from dataclasses import dataclass

SMALLEST = 10
"""Rows of the smallest batch."""
SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
"""Seconds of the pause under pressure: doubled while it lasts, a third less each time when it is over."""


@dataclass(frozen=True)
class Pressure:
    """What the database suffers from at the moment."""

    lag_seconds: float = 0.0
    """How far the slowest replica is behind."""
    lag_bytes: int = 0
    """Write-ahead log that it has not replayed."""
    waiting: int = 0
    """Sessions that wait for a lock."""


@dataclass(frozen=True)
class Bounds:
    """What is too much."""

    batch: int = 1000
    """Rows of the largest batch, 10 to 100000."""
    rate: float | None = None
    """Rows a second, on average; None: as fast as the other bounds allow."""
    piece_seconds: float = 0.025
    """A batch should take this long: it is how long a writer waits for a row of it."""
    lag_seconds: float = 5.0
    lag_bytes: int = 64 * 1024 * 1024
    waiting: int = 2
    """Sessions that may wait for a lock."""


@dataclass
class Throttle:
    bounds: Bounds
    size: int = 100
    """Rows of the next batch."""
    pause: float = 0.0
    """Seconds that pressure adds between two batches."""

    def __post_init__(self) -> None:
        self.size = min(self.size, self.bounds.batch)
        if self.bounds.rate is not None:
            # Ten batches a second, so that a low rate is a little work often and not much of it seldom.
            self.size = min(self.size, max(SMALLEST, int(self.bounds.rate / 10)))

    def is_too_much(self, pressure: Pressure) -> str | None:
        """Why to slow down; None if there is no reason."""
        bounds = self.bounds
        if pressure.lag_seconds > bounds.lag_seconds:
            return f"a replica is {pressure.lag_seconds:.1f} s behind"
        if pressure.lag_bytes > bounds.lag_bytes:
            return f"a replica is {pressure.lag_bytes // (1024 * 1024)} MB behind"
        if pressure.waiting > bounds.waiting:
            return f"{pressure.waiting} sessions wait for locks"
        return None

    def under(self, pressure: Pressure) -> str | None:
        """Takes note of the pressure; gives why it slows down."""
        reason = self.is_too_much(pressure)
        if reason is not None:
            self.pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, self.pause * 2))
        else:
            self.pause = self.pause / 1.5 if self.pause > SHORTEST_PAUSE / 10 else 0.0
        return reason

    def after_batch(self, rows: int, seconds: float) -> float:
        """Takes note of how long a batch took; gives the seconds to wait before the next one."""
        wait = self.pause
        if self.bounds.rate is not None:
            wait = max(wait, rows / self.bounds.rate - seconds)
        factor = min(1.5, max(0.5, self.bounds.piece_seconds / max(seconds, 0.0001)))
        largest = self.bounds.batch
        if self.bounds.rate is not None:
            largest = min(largest, max(SMALLEST, int(self.bounds.rate / 10)))
        self.size = int(min(largest, max(SMALLEST, self.size * factor)))
        return wait

    def after_conflict(self) -> float:
        """A row was locked by somebody else; gives the seconds to wait."""
        self.size = max(SMALLEST, self.size // 2)
        return max(SHORTEST_PAUSE, self.pause)
