"""Our own rules: what squawk cannot know, which sees neither a revision's kind nor its other direction."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from migrations.check.facts import Facts
from migrations.check.squawk import line_of
from migrations.check.statements import is_change, plain, split
from migrations.check.step import Sent


@dataclass(frozen=True)
class Statement:
    """One statement of a revision."""

    plain: str
    line: int
    safe: bool
    autocommit: bool


@dataclass(frozen=True)
class Subject:
    """A revision as the rules see it."""

    facts: Facts
    source: str
    upgrade: tuple[Statement, ...]
    downgrade: tuple[Statement, ...]


Found = Iterator[tuple[str, int, str, str, str]]
"""(rule, line, direction, why, instead)"""

DROPS = re.compile(
    r"^DROP (TABLE|VIEW|MATERIALIZED VIEW|TYPE|SCHEMA|SEQUENCE|FUNCTION|TRIGGER|DOMAIN|EXTENSION|PROCEDURE)\b"
    r"|^ALTER (TABLE|TYPE)\b.*\bDROP (COLUMN|ATTRIBUTE|VALUE)\b"
    r"|^ALTER TABLE\b.*\bDROP (?!NOT NULL|DEFAULT|CONSTRAINT|IDENTITY|EXPRESSION)\"?\w"
    r"|^ALTER \w+.*\bRENAME\b|^TRUNCATE\b"
)
CHANGES_ROWS = re.compile(r"^(WITH\b.*\b)?(INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|COPY|TRUNCATE)\b")
NOT_NULL = re.compile(r"^ALTER TABLE\b.*\bSET NOT NULL\b")
NAMED_INDEX = re.compile(r"^CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS\b|^DROP INDEX IF EXISTS\b")
TIMEOUT = re.compile(
    r"^(SET|RESET)( SESSION| LOCAL)? (\w*_TIMEOUT|ALL)\b|^SELECT (PG_CATALOG\.)?SET_CONFIG\("
)

MAY_IMPORT = {"alembic", "sqlalchemy", "migrations", "psycopg", *sys.stdlib_module_names}


def statements(sent: list[Sent], source: str) -> tuple[Statement, ...]:
    return tuple(
        Statement(plain(text), line_of(one, offset, source) or one.line, one.safe, one.autocommit)
        for one in sent
        for offset, text in split(one.text)
    )


def stated_facts(subject: Subject) -> Found:
    """facts: kind, reversible, impact and flag are stated."""
    for line, why, instead in subject.facts.faults:
        yield "facts", line, "", why, instead


def takes_away(subject: Subject) -> Found:
    """takes-away: only a contract drops, renames or empties; and a contract does."""
    kind = subject.facts.kind
    drops = [one for one in subject.upgrade if DROPS.search(one.plain) and not one.safe]
    for one in drops:
        if kind != "contract":
            yield (
                "takes-away",
                one.line,
                "upgrade",
                f'the release before still uses it, and this revision says kind = "{kind}"',
                "leave it; take it away in a contract of its own, a release after its last use",
            )


def changes_rows(subject: Subject) -> Found:
    """changes-rows: data is changed by a backfill, or by a revision that says so."""
    for one in subject.upgrade:
        if CHANGES_ROWS.search(one.plain) and not one.safe and subject.facts.kind != "data":
            yield (
                "changes-rows",
                one.line,
                "upgrade",
                f"a {subject.facts.kind} changes rows: it holds their locks until all of them are changed",
                "a backfill (migrations.safe), which does it in small batches and can be switched off; or "
                'kind = "data" for a few rows',
            )


def is_empty_function(source: str) -> Iterator[tuple[str, int, str]]:
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or node.name not in ("upgrade", "downgrade"):
            continue
        body = [
            part
            for part in node.body
            if not isinstance(part, ast.Pass)
            and not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        ]
        raises = any("NotImplemented" in ast.dump(part) for part in node.body if isinstance(part, ast.Raise))
        if not body or raises:
            yield node.name, node.lineno, "raises NotImplementedError" if raises else "is empty"


def has_downgrade(subject: Subject) -> Found:
    """no-downgrade: every revision can be taken back."""
    tree = ast.parse(subject.source)
    names = {node.name: node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)}
    instead = "undo what upgrade() did; safe_downgrade() where rows could be lost"
    if "downgrade" not in names:
        yield "no-downgrade", 1, "downgrade", "there is no downgrade()", instead
        return
    empty = {name: (line, why) for name, line, why in is_empty_function(subject.source)}
    did = any(is_change(one.plain) for one in subject.upgrade)
    if "downgrade" in empty and (did or "NotImplemented" in empty["downgrade"][1]):
        line, why = empty["downgrade"]
        yield "no-downgrade", line, "downgrade", f"downgrade() {why}", instead
    elif did and not subject.downgrade:
        yield (
            "no-downgrade",
            names["downgrade"],
            "downgrade",
            "downgrade() sends nothing to the database",
            instead,
        )


def not_null_by_check(subject: Subject) -> Found:
    """scans-for-not-null: SET NOT NULL only by the helper that has validated a CHECK first, in an enforce."""
    for direction, sent in (("upgrade", subject.upgrade), ("downgrade", subject.downgrade)):
        for one in sent:
            if not NOT_NULL.search(one.plain):
                continue
            if not one.safe:
                yield (
                    "scans-for-not-null",
                    one.line,
                    direction,
                    "SET NOT NULL reads the whole table while nobody may read or write it",
                    "migrations.safe: a CHECK that is NOT VALID, VALIDATE, SET NOT NULL",
                )
            elif direction == "upgrade" and subject.facts.kind not in ("enforce", "contract"):
                yield (
                    "scans-for-not-null",
                    one.line,
                    direction,
                    f"a {subject.facts.kind} may not forbid what the release before still writes",
                    'a revision of its own with kind = "enforce", once the backfill has ended',
                )


def trusts_a_name(subject: Subject) -> Found:
    """trusts-index-name: IF NOT EXISTS takes a half-built index for a whole one."""
    for direction, sent in (("upgrade", subject.upgrade), ("downgrade", subject.downgrade)):
        for one in sent:
            if NAMED_INDEX.search(one.plain) and one.plain.startswith("CREATE") and not one.safe:
                yield (
                    "trusts-index-name",
                    one.line,
                    direction,
                    "an ended build leaves an INVALID index, which IF NOT EXISTS takes for a whole one",
                    "migrations.safe's concurrent index, which builds an invalid one anew",
                )


def validates_apart(subject: Subject) -> Found:
    """validates-in-one: NOT VALID and VALIDATE in one transaction hold the lock while the table is read."""
    for direction, sent in (("upgrade", subject.upgrade), ("downgrade", subject.downgrade)):
        added = False
        for one in sent:
            if one.autocommit:
                added = False
            elif re.search(r"\bADD CONSTRAINT\b.*\bNOT VALID\b", one.plain):
                added = True
            elif added and re.search(r"\bVALIDATE CONSTRAINT\b", one.plain):
                yield (
                    "validates-in-one",
                    one.line,
                    direction,
                    "the lock of ADD CONSTRAINT is held until the whole table has been read",
                    "two revisions, or migrations.safe's way, which commits between the two",
                )


def own_timeouts(subject: Subject) -> Found:
    """own-timeouts: the runner sets the time limits, and a revision does not change them."""
    for direction, sent in (("upgrade", subject.upgrade), ("downgrade", subject.downgrade)):
        for one in sent:
            if TIMEOUT.search(one.plain) and not one.safe:
                yield (
                    "own-timeouts",
                    one.line,
                    direction,
                    "a SET outlives the revision, and without a limit every request queues behind it",
                    "nothing: migrations/connection.py sets both; migrations.safe raises one where it must",
                )


def imports_code(subject: Subject) -> Found:
    """imports-code: a revision means the same for good, so it may not use code that changes."""
    for node in ast.walk(ast.parse(subject.source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "." * node.level]
        else:
            continue
        for name in names:
            if name.split(".")[0] not in MAY_IMPORT or (isinstance(node, ast.ImportFrom) and node.level):
                yield (
                    "imports-code",
                    node.lineno,
                    "",
                    f"it imports {name}: whatever changes there changes what this revision did",
                    "write tables and columns out; allowed are alembic, sqlalchemy, migrations.safe",
                )


RULES = (
    stated_facts,
    takes_away,
    changes_rows,
    has_downgrade,
    not_null_by_check,
    trusts_a_name,
    validates_apart,
    own_timeouts,
    imports_code,
)
"""In the order of a report."""
