"""`make lint-migrations`: squawk and our own rules on what each revision sends, up and down, one at a time.

The statements are recorded while the revision runs on a server of its own, rather than printed by `--sql`:
printed, a helper that asks the catalog has nothing to ask, and the line in the revision's file is lost.
"""

from collections.abc import Iterator
from pathlib import Path

from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError

from migrations.check import rules, squawk, squawk_rules, step
from migrations.check.facts import read_facts
from migrations.check.findings import Finding, UsageError
from migrations.check.server import Server, server
from migrations.check.statements import is_change

INSTEAD = {
    "require-concurrent-index-creation": "migrations.safe's concurrent index",
    "require-concurrent-index-deletion": "migrations.safe's concurrent drop",
    "constraint-missing-not-valid": "migrations.safe's constraint: NOT VALID, then VALIDATE",
    "adding-foreign-key-constraint": "migrations.safe's foreign key: NOT VALID, then VALIDATE",
    "adding-not-nullable-field": 'migrations.safe\'s NOT NULL in a revision with kind = "enforce"',
    "changing-column-type": "a new column, a backfill, a switch by flag, and a contract a release later",
    "renaming-column": "a new column, a backfill, a switch by flag, and a contract a release later",
    "renaming-table": "a view of the new name, and the rename in a contract a release later",
    "prefer-robust-stmts": "IF NOT EXISTS or IF EXISTS, so that a run that was killed can be run again",
}
"""What to write in this project where squawk's own advice is more general."""


def lineage(script: ScriptDirectory) -> list[Script]:
    """Every revision, the oldest first. Raises UsageError where there is more than one head."""
    heads = script.get_heads()
    if len(heads) > 1:
        raise UsageError(
            f"there are {len(heads)} heads: {', '.join(sorted(heads))}. A database can be at one only: "
            "let one of them name the other as its down_revision"
        )
    return list(reversed(list(script.walk_revisions())))


def chosen(revisions: list[Script], wanted: str | None) -> list[Script]:
    """All, or the one that is wanted. Raises UsageError where there is none of that name."""
    if wanted is None:
        return revisions
    found = [one for one in revisions if one.revision == wanted]
    if not found:
        known = ", ".join(one.revision for one in revisions) or "none"
        raise UsageError(f"there is no revision `{wanted}`; there are {known}")
    return found


def lint(wanted: str | None = None) -> list[Finding]:
    """Findings of every revision, or of one."""
    chosen(lineage(step.script()), wanted)  # what is wrong with that needs no server
    with server() as running:
        return lint_on(running, wanted)


def lint_on(running: Server, wanted: str | None = None, url: str | None = None) -> list[Finding]:
    """As `lint`, on a server that runs; the revisions before a wanted one run too.

    url: the database on which the first one runs; default an empty one.
    """
    databases = step.Databases(running, upgrade, url)
    findings: list[Finding] = []
    for revision in chosen(lineage(step.script()), wanted):
        try:
            before = databases.before(revision)
        except CommandError:
            if findings:
                break  # one of them says why
            raise
        findings += check(running, running.copy(before), revision)
    return findings


def upgrade(url: str, revision: Script) -> None:
    step.run(url, "upgrade", revision.revision)


def check(running: Server, url: str, revision: Script) -> Iterator[Finding]:
    """One revision, up and down, on a database of its own that is at the one before it."""
    file = Path(revision.path)
    source, facts = file.read_text(), read_facts(file)

    def finding(rule: str, line: int, direction: str, why: str, instead: str) -> Finding:
        name = str(file.relative_to(step.PROJECT)) if file.is_relative_to(step.PROJECT) else file.name
        return Finding(revision.revision, name, line, rule, direction, why, instead)

    up, failure = step.recorded(url, "upgrade", revision.revision, file)
    if failure:
        line = up[-1].line if up else 1
        yield finding("fails", line, "upgrade", str(failure), "a statement that runs on the schema before it")
    down, back = ([], None) if failure else step.recorded(url, "downgrade", step.below(revision), file)
    subject = rules.Subject(facts, source, rules.statements(up, source), rules.statements(down, source))
    for rule in rules.RULES:
        for found in rule(subject):
            yield finding(*found)
    if back and "NotImplemented" not in str(back):
        line = down[-1].line if down else 1
        yield finding(
            "fails", line, "downgrade", str(back), "a downgrade that runs on its own upgrade's schema"
        )
    major = running.major()
    for direction, sent in (("upgrade", up), ("downgrade", down)):
        made = squawk.document(sent, source)
        for one in squawk.check(made, facts.kind, direction, major):
            if one.safe and one.rule in squawk_rules.SAFE:
                continue
            yield finding(one.rule, one.line, direction, one.why, INSTEAD.get(one.rule, one.instead))


def show(wanted: str | None) -> tuple[str, int]:
    """What one revision sends, up and down, with the findings in it: for the person who reviews it."""
    revision = chosen(lineage(step.script()), wanted)[-1]
    file = Path(revision.path)
    with server() as running:
        url = step.Databases(running, upgrade).before(revision)
        found = list(check(running, running.copy(url), revision))
        up, _ = step.recorded(url, "upgrade", revision.revision, file)
        down, _ = step.recorded(url, "downgrade", step.below(revision), file)
    parts = [f"{file.name}: {revision.doc}"]
    for direction, sent in (("upgrade", up), ("downgrade", down)):
        changes = [one for one in sent if is_change(one.text)]
        parts += [f"-- {direction}", squawk.document(changes, file.read_text()).text or "-- nothing"]
    return "\n".join([*parts, *(one.text() for one in found)]), len(found)
