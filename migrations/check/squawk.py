"""squawk on what one direction of a revision sends, with the lines of the revision's own file."""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from migrations.check import squawk_rules
from migrations.check.statements import split
from migrations.check.step import Sent


@dataclass
class Document:
    """The SQL of one direction, and for each of its lines where in the revision's file it comes from."""

    text: str = ""
    lines: list[int] = field(default_factory=list)
    safe: list[bool] = field(default_factory=list)
    """Whether migrations.safe sent it."""

    def add(self, text: str, line: int, follows: bool, safe: bool) -> None:
        for number, part in enumerate(text.split("\n")):
            self.text += f"{part}\n"
            self.lines.append(line + number if follows else line)
            self.safe.append(safe)


def document(sent: Iterable[Sent], source: str) -> Document:
    """The statements in their transactions, as psql would get them."""
    made, in_transaction = Document(), False
    for one in sent:
        if in_transaction == one.autocommit:
            made.add("COMMIT;" if in_transaction else "BEGIN;", one.line, False, one.safe)
            in_transaction = not in_transaction
        for offset, statement in split(one.text):
            line = line_of(one, offset, source)
            made.add(f"{statement};", line or one.line, line is not None, one.safe)
    if in_transaction:
        made.add("COMMIT;", made.lines[-1], False, made.safe[-1])
    return made


def line_of(sent: Sent, offset: int, source: str) -> int | None:
    """Line of a statement within the revision's file, where its text stands there literally."""
    place = source.find(sent.text)
    return None if place < 0 else source.count("\n", 0, place + offset) + 1


@dataclass(frozen=True)
class Warned:
    """What squawk says of one line."""

    rule: str
    line: int
    safe: bool
    why: str
    instead: str


def check(made: Document, kind: str, direction: str, major: int) -> list[Warned]:
    """Runs squawk; nothing sent is nothing found.

    Raises RuntimeError where squawk says something that is no finding, such as a syntax error.
    """
    if not made.text.strip():
        return []
    with tempfile.TemporaryDirectory() as folder:
        file, settings = Path(folder) / "step.sql", Path(folder) / "squawk.toml"
        file.write_text(made.text)
        settings.write_text("")  # squawk would look for one in the folders above
        command = ["squawk", "--config", str(settings), "--reporter", "json", "--pg-version", f"{major}.0"]
        for rule in squawk_rules.included(kind, direction):
            command += ["--include", rule]
        for rule in squawk_rules.excluded(kind, direction):
            command += ["--exclude", rule]
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=60, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"squawk ended with {done.returncode}: {done.stderr or done.stdout}") from None
    return [
        Warned(
            one["rule_name"],
            made.lines[min(one["line"], len(made.lines) - 1)],
            made.safe[min(one["line"], len(made.lines) - 1)],
            one["message"],
            one.get("help") or f"see https://squawkhq.com/docs/{one['rule_name']}",
        )
        for one in found
    ]
