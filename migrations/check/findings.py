"""What a check has to say, and how it ends."""

from dataclasses import asdict, dataclass
from typing import Any

DONE, USAGE, REFUSED = 0, 2, 4
"""Exit codes: nothing found, wrong arguments, something found."""


class UsageError(Exception):
    """A wrong argument; the message says what is allowed."""


@dataclass(frozen=True)
class Finding:
    """One fault of a revision: where, which rule, why it matters, and what to write instead."""

    revision: str
    file: str
    """Path below the project's root."""
    line: int
    rule: str
    direction: str
    """upgrade, downgrade, or "" where the fault is in neither."""
    why: str
    instead: str

    def text(self) -> str:
        where = f"{self.file}:{self.line}" + (f" ({self.direction})" if self.direction else "")
        return f"{where}: {self.rule}: {self.why}\n    instead: {self.instead}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
