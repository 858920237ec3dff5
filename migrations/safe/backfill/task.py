"""What a backfill does, as a revision declares it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from alembic.script import ScriptDirectory

from ..database import SafeMigrationError


@dataclass(frozen=True)
class Backfill:
    name: str
    """a-z, 0-9 and -, at most 40; unique among the revisions."""
    table: str
    """Table whose rows are gone through, `guardians` or `app.guardians`."""
    key: str
    """Column by which they are gone through: NOT NULL, with a unique index of its own. The primary key."""
    assign: Mapping[str, str]
    """Column -> SQL of its value, from the other columns of the row."""
    pending: str
    """SQL condition of the rows that are still to be done. A row that was done must not meet it any more."""
    flag: str | None
    """Feature flag that must be on; read before every few rows. None: only for `fill` in a downgrade."""

    def __post_init__(self) -> None:
        faults = [
            *([] if re.fullmatch(r"[a-z][a-z0-9-]{0,39}", self.name) else [f"name is {self.name!r}"]),
            *([] if self.assign else ["assign has no column"]),
            *([] if self.pending.strip() else ["pending is empty, so it would never be finished"]),
        ]
        if faults:
            raise SafeMigrationError(
                f"this backfill cannot be: {'; '.join(faults)}. A name is a-z, 0-9 and -, at most 40; assign "
                "and pending say what to write and where"
            )


def declared(script: ScriptDirectory) -> dict[str, Backfill]:
    """The backfills of all revisions, by name."""
    found: dict[str, Backfill] = {}
    for revision in script.walk_revisions():
        for backfill in getattr(revision.module, "backfills", ()):
            if backfill.name in found:
                raise SafeMigrationError(
                    f"two revisions declare a backfill {backfill.name}; give one another name"
                )
            found[backfill.name] = backfill
    return found


def named(script: ScriptDirectory, name: str) -> Backfill:
    """The backfill of that name."""
    known = declared(script)
    if name not in known:
        raise SafeMigrationError(
            f"no revision declares a backfill {name}; there are: {', '.join(sorted(known)) or 'none'}"
        )
    return known[name]
