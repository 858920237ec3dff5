"""Where the database is, seen from the revisions that this image knows: pure decisions of Alembic's
environment."""

import re
from collections.abc import Sequence

from alembic.script import ScriptDirectory
from alembic.util import CommandError


def refusal(script: ScriptDirectory, current: Sequence[str], destination: str, direction: str) -> str | None:
    """Why `alembic <direction> <destination>` must not run; None if it may.

    current: the revisions that the database is at (alembic_version), empty for an empty database.
    direction: "upgrade" or "downgrade".
    """
    known = {revision.revision for revision in script.walk_revisions()}
    unknown = [revision for revision in current if revision not in known]
    newest = ", ".join(script.get_heads()) or "no revision"
    if unknown:
        return (
            f"the database is ahead of this image: it is at {', '.join(unknown)}, this image knows up to "
            f"{newest}; use a newer image, or `make downgrade` with the image that knows that revision"
        )
    heads = sorted(script.get_heads())
    if direction == "upgrade" and len(heads) > 1:
        return (
            f"this image has {len(heads)} heads, {' and '.join(heads)}: both say that they come next, and "
            "nothing was done; set `down_revision` of one of them to the other, prove it "
            "(`make prove-migrations`) and build the image again"
        )
    if is_unknown(script, destination):
        return (
            f"this image has no revision {destination}, it knows up to {newest}; nothing was done: ask for a "
            "revision that it has, or use the image that has this one"
        )
    at = ", ".join(current)
    if direction == "upgrade" and is_behind(script, current, destination):
        return (
            f"the database is at {at}, which is ahead of {destination}: an upgrade to {destination} would do "
            f"nothing; ask for {at} or newer, or use `make downgrade REVISION={destination}`"
        )
    return None


def is_unknown(script: ScriptDirectory, destination: str) -> bool:
    """Whether `destination` is the name of a revision that this image does not have; `+1`, `a@head` and
    `-1` are none."""
    if not re.fullmatch(r"\w+", destination) or destination in ("head", "heads", "base"):
        return False
    try:
        return script.get_revision(destination) is None
    except CommandError:
        return True


def is_behind(script: ScriptDirectory, current: Sequence[str], destination: str) -> bool:
    """Whether `destination` is an ancestor of the current revision, and not the current revision itself."""
    try:
        wanted = script.get_revision(destination)
    except CommandError:
        return False  # unknown or relative (+1): Alembic says so itself
    if wanted is None or wanted.revision in current:
        return False
    ancestors = {revision.revision for head in current for revision in script.iterate_revisions(head, "base")}
    return wanted.revision in ancestors
