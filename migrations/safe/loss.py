"""How many rows a person has agreed to lose in a downgrade."""

import os
import re
from collections.abc import Iterable, Mapping

from alembic import context

from .database import SafeMigrationError

VARIABLE = "MIGRATION_APPROVE_LOSS"
"""`<revision>:<rows>`, several with commas: for a Job, whose command is fixed."""


def approved_rows(revision: str) -> int:
    """Rows that may be lost in the downgrade of a revision: from `alembic -x approve-loss=<revision>:<rows>`
    and MIGRATION_APPROVE_LOSS; 0 without either."""
    return parse(arguments(), os.environ).get(revision, 0)


def arguments() -> list[str]:
    """What was given with -x."""
    try:
        return list(context.get_x_argument())
    except (NameError, AttributeError):
        return []  # a migration that is run without Alembic's command has none


def parse(given: Iterable[str], environment: Mapping[str, str]) -> dict[str, int]:
    """Revision -> rows; an error that names every approval that cannot be read."""
    texts = [one.partition("=")[2] for one in given if one.partition("=")[0] == "approve-loss"]
    texts += [one for one in environment.get(VARIABLE, "").split(",") if one.strip()]
    approved: dict[str, int] = {}
    faults: list[str] = []
    for text in texts:
        found = re.fullmatch(r"\s*(\w+):(\d+)\s*", text)
        if found is None:
            faults.append(f"{text!r} approves nothing; allowed is <revision>:<rows>, as in 3f2a77aa:12")
        else:
            approved[found[1]] = int(found[2])
    if faults:
        raise SafeMigrationError("\n".join(faults))
    return approved
