"""What Alembic itself says of histories of revisions, as JSON: `python histories.py <folder of histories>`.

A folder of revisions each. For every revision its header, for every pair of them what Alembic would run to
come from one to the other. The readers in TypeScript are compared with it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from alembic.util import CommandError, to_tuple


def history(folder: Path) -> dict[str, Any]:
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    revisions = list(script.walk_revisions())
    ids = sorted(one.revision for one in revisions)
    return {
        "headers": {
            one.revision: {
                "parents": to_tuple(one.down_revision, default=()),
                "dependsOn": to_tuple(one.dependencies, default=()),
                "branchLabels": to_tuple(one.module.branch_labels, default=()),
            }
            for one in revisions
        },
        "up": {at: {to: run(script, "upgrade", at, to) for to in ids} for at in ["", *ids]},
        "down": {at: {to: run(script, "downgrade", at, to) for to in ids} for at in ids},
    }


def run(script: ScriptDirectory, direction: str, at: str, to: str) -> list[str] | None:
    """What `alembic <direction> <to>` runs on a database at `at`, in order; None: it refuses."""
    try:
        if direction == "upgrade":
            return [step.revision.revision for step in script._upgrade_revs(to, at or None)]  # type: ignore[arg-type]
        return [step.revision.revision for step in script._downgrade_revs(to, at)]
    except CommandError:
        return None


if __name__ == "__main__":
    folders = sorted(one for one in Path(sys.argv[1]).iterdir() if one.is_dir())
    print(json.dumps({folder.name: history(folder) for folder in folders}))
