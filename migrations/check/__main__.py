"""`python -m migrations.check lint|prove`; JSON=1 for one JSON object on stdout. Progress goes to stderr."""

import argparse
import json
import logging
import os
import sys
from typing import Any

from alembic.util import CommandError

from migrations.check import findings, lint, proof


def main() -> int:
    parser = argparse.ArgumentParser(prog="migrations.check", description=__doc__)
    parser.add_argument("what", choices=("lint", "prove", "show"))
    parser.add_argument(
        "--revision", default=os.environ.get("REVISION") or None, help="only this one (REVISION)"
    )
    asked = parser.parse_args()
    wants_json = os.environ.get("JSON", "").lower() not in ("", "0", "false", "no")
    command = f"{asked.what}-migrations"
    # A line for each of a trial's steps would hide what the trial says.
    logging.getLogger("alembic.runtime.migration").addHandler(logging.NullHandler())
    try:
        code, report, text = DO[asked.what](asked.revision)
    except (findings.UsageError, CommandError) as error:
        code, report, text = findings.USAGE, {"error": str(error)}, None
        print(f"{command}: {error}", file=sys.stderr)
    if wants_json:
        print(json.dumps({"command": command, "exitCode": code, **report}))
    elif text:
        print(text)
    return code


def linted(revision: str | None) -> tuple[int, dict[str, Any], str]:
    found = lint.lint(revision)
    text = "\n".join(one.text() for one in found) or "No findings."
    report = {"findings": [one.as_json() for one in found]}
    if found:
        return findings.REFUSED, report, f"{text}\n{len(found)} findings."
    return findings.DONE, report, f"{text}\nnext: make prove-migrations"


def proved(revision: str | None) -> tuple[int, dict[str, Any], str]:
    return proof.report(proof.prove(revision, proof.to_stderr))


def showed(revision: str | None) -> tuple[int, dict[str, Any], str]:
    text, found = lint.show(revision)
    return findings.DONE, {"text": text, "findings": found}, text


DO = {"lint": linted, "prove": proved, "show": showed}

if __name__ == "__main__":
    sys.exit(main())
