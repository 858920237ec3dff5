"""Whether this image's revisions are those that were proved and reviewed: pure decisions of Alembic's
environment.

A review and a proof are bound to a revision's file in the checkout from which a command runs; the image may
have been built from another commit.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

VARIABLE = "MIGRATION_REVISIONS"
"""`<revision>:<SHA-256 of its file>`, with commas: the Job's revisions as the checkout has them. Default:
unset, as where a developer runs `alembic`; then nothing is compared."""


def read(text: str) -> dict[str, str]:
    """Revision -> SHA-256. Raises ValueError for anything else, "" included."""
    found = {}
    for part in text.split(","):
        match = re.fullmatch(r"(\w+):([0-9a-f]{64})", part)
        if match is None:
            raise ValueError(
                f"{VARIABLE} has `{part}`; allowed is <revision>:<64 hex digits>, several with commas"
            )
        found[match[1]] = match[2]
    return found


def refusal(files: Iterable[tuple[str, Path]], expected: Mapping[str, str]) -> str | None:
    """Why these revisions must not run; None if they may.

    files: revisions that are about to run, with their files.
    """
    faults = []
    for revision, file in files:
        own = hashlib.sha256(file.read_bytes()).hexdigest()
        wanted = expected.get(revision)
        if wanted is None:
            faults.append(f"{revision} ({file.name}) is not known to the checkout that ordered this")
        elif own != wanted:
            faults.append(
                f"{revision} ({file.name}) has SHA-256 {own}, the file that was proved has {wanted}"
            )
    if not faults:
        return None
    return (
        f"this image's revisions are not those that were proved and reviewed: {'; '.join(faults)}; nothing "
        "was done: build the image from a commit that has the proved files, or run the command from the "
        "checkout that the image was built from, with proofs and reviews of its own"
    )
