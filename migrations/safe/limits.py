"""How long a migration may wait and how long it may keep others waiting."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from .database import SafeMigrationError


@dataclass(frozen=True)
class Limits:
    """Limits of every statement, up and down; there is no way to run without them.

    A statement that needs a lock which conflicts with writers waits `lock_ms` for it, for everybody else
    queues behind it meanwhile. Then it lets them pass and tries again.
    """

    lock_ms: int = 50
    """Milliseconds for such a lock, 1 to 1000 (MIGRATION_LOCK_MS). A statement that locks two tables gets
    half for each."""
    attempts: int = 40
    """Tries of one statement, 1 to 100 (MIGRATION_LOCK_ATTEMPTS); then the migration fails."""
    pause_ms: int = 250
    """Milliseconds between two tries on average, 1 to 10000 (MIGRATION_LOCK_PAUSE_MS); half to one and a
    half of it, at random, so that two migrations or a periodic job do not meet again and again."""
    brief_seconds: int = 2
    """Seconds for a statement that holds such a lock, 1 to 60 (MIGRATION_BRIEF_SECONDS): it changes the
    catalog only."""
    patient_seconds: int = 3600
    """Seconds for a statement that reads a whole table while writers go on, 1 to 86400
    (MIGRATION_PATIENT_SECONDS): a validation, a concurrent index."""
    patient_lock_seconds: int = 60
    """Seconds that such a statement waits for older transactions, 1 to 3600
    (MIGRATION_PATIENT_LOCK_SECONDS); nobody queues behind it."""


RANGES = {
    "lock_ms": ("MIGRATION_LOCK_MS", 1000),
    "attempts": ("MIGRATION_LOCK_ATTEMPTS", 100),
    "pause_ms": ("MIGRATION_LOCK_PAUSE_MS", 10_000),
    "brief_seconds": ("MIGRATION_BRIEF_SECONDS", 60),
    "patient_seconds": ("MIGRATION_PATIENT_SECONDS", 86_400),
    "patient_lock_seconds": ("MIGRATION_PATIENT_LOCK_SECONDS", 3600),
}


def read_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """The limits, as the environment changes them; an error that names every variable that is not allowed."""
    values: dict[str, int] = {}
    faults: list[str] = []
    for field in fields(Limits):
        name, highest = RANGES[field.name]
        given = environment.get(name)
        if given is None:
            continue
        if given.isdecimal() and 1 <= int(given) <= highest:
            values[field.name] = int(given)
        else:
            faults.append(f"{name} is {given!r}; allowed is a whole number from 1 to {highest}")
    if faults:
        raise SafeMigrationError("\n".join(faults))
    return Limits(**values)
