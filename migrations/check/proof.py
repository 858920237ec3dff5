"""`make prove-migrations`: each revision up, up again, down, up, on a real database with rows."""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from alembic.script import Script
from alembic.util import CommandError

from migrations.check import dump, earlier_releases, step
from migrations.check.backfills import run_backfills
from migrations.check.facts import Facts, read_facts
from migrations.check.lint import check as lint_one
from migrations.check.lint import chosen, lineage
from migrations.check.server import Server, server
from migrations.fingerprint import Catalog, catalog, changes, hash_of

EVIDENCE = step.PROJECT / "evidence" / "proof"


class NotProvedError(Exception):
    """What did not hold."""


@dataclass
class Proof:
    """What is known of one revision after its trial."""

    revision: str
    file: str
    faults: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Trial:
    """One revision on a server."""

    server: Server
    script: Script
    before: str
    """URL of a database at the revision before it, seeded; a template that is not changed."""
    facts: Facts

    @property
    def revision(self) -> str:
        return self.script.revision


def prove(wanted: str | None, say: Callable[[str], None]) -> list[Proof]:
    """Proves every revision, or one; writes evidence/proof/<revision>.json for each that held."""
    asked = chosen(lineage(step.script()), wanted)
    proofs = []
    with server() as running:
        databases = step.Databases(running, take)
        for revision in asked:
            earlier = [one.revision for one in databases.builds_on(revision)]
            trial = Trial(running, revision, databases.before(revision), read_facts(Path(revision.path)))
            say(f"{revision.revision}: {revision.doc}")
            proofs.append(prove_one(trial, earlier, say))
    return proofs


def take(url: str, revision: Script) -> None:
    """Runs a revision as a release brings it: with rows, and with its backfills done."""
    step.run(url, "upgrade", revision.revision)
    earlier_releases.seed(url)
    run_backfills(url, revision)


def prove_one(trial: Trial, earlier: list[str], say: Callable[[str], None]) -> Proof:
    """One revision: every check, and its evidence where all of them held.

    earlier: the revisions that it builds on, the oldest first.
    """
    file = Path(trial.script.path)
    name = str(file.relative_to(step.PROJECT)) if file.is_relative_to(step.PROJECT) else file.name
    proof = Proof(trial.revision, name)
    proof.faults += [
        found.text() for found in lint_one(trial.server, trial.server.copy(trial.before), trial.script)
    ]
    checks: list[Callable[[], dict[str, Any]]] = [
        lambda: up_and_down(trial),
        lambda: works_with(trial, earlier),
        lambda: seeds_twice(trial),
    ]
    for check in checks if not proof.faults else []:
        try:
            proof.details.update(check())
        except (NotProvedError, CommandError, RuntimeError, psycopg.Error) as error:
            proof.faults.append(str(error))
            break
    for fault in proof.faults:
        say(f"  NOT PROVED  {fault}")
    if not proof.faults:
        proof.details = {
            "facts": trial.facts.as_json(),
            "parent": trial.script.down_revision,
            "postgres": trial.server.major(),
            **proof.details,
        }
        say(f"  proved; written to {write(proof, file)}")
    return proof


def up_and_down(trial: Trial) -> dict[str, Any]:
    """Up, up again, down, and the schema is what it was; up again, and the rows are there."""
    url, parent, revision = trial.server.copy(trial.before), step.below(trial.script), trial.revision
    was_at = heads(url)
    schema, was = dump.schema(trial.server, url), catalog_of(url)
    columns, rows = dump.columns(url), dump.rows(url)
    step.run(url, "upgrade", revision)
    upgraded = dump.schema(trial.server, url)
    if trial.facts.kind not in ("data", "backfill") and upgraded == schema:
        raise NotProvedError("the upgrade changes nothing, so that nothing could be proved by taking it back")
    survivors(trial, rows, dump.rows(url, columns), "after the upgrade")
    # As after a migration that was killed before it could write down its revision.
    again(trial, url, "upgrade", (was_at, revision), upgraded)
    found = catalog_of(url)
    if trial.facts.reversible:
        earlier_releases.seed(url)  # rows as the new release writes them
    step.run(url, "downgrade", parent)
    normalised = same_schema(schema, dump.schema(trial.server, url))
    same_catalog(was, catalog_of(url), "the downgrade")
    if trial.facts.reversible:
        survivors(trial, rows, dump.rows(url, columns), "after the downgrade")
    again(trial, url, "downgrade", ([revision], parent), dump.schema(trial.server, url))
    step.run(url, "upgrade", revision)
    normalised += same_schema(upgraded, dump.schema(trial.server, url))
    same_catalog(found, catalog_of(url), "the second upgrade")
    survivors(trial, rows, dump.rows(url, columns), "after the second upgrade")
    return {
        "fingerprint": hash_of(found),
        # On what the revision before it made; the first one's is all there is.
        "catalog": changes(was if was_at else {}, found),
        "downgrade": {"restores": True, "normalised": sorted(set(normalised))},
    }


def same_catalog(wanted: Catalog, found: Catalog, what: str) -> None:
    """What a live database is compared by must come back too."""
    other = changes(wanted, found)
    if other:
        raise NotProvedError(f"{what} makes another catalog than there was: {', '.join(other)}")


def heads(url: str) -> list[str]:
    """The revisions that a database is at: none where it is empty, several before a merge."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return []
        return [str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")]


def catalog_of(url: str) -> Catalog:
    with psycopg.connect(url) as connection:
        return catalog(connection)


def again(trial: Trial, url: str, direction: str, ends: tuple[list[str], str], schema: str) -> None:
    """The same step once more, on a database that says it was not taken yet: nothing may change."""
    come_from, to = ends
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM alembic_version")
        for one in come_from:
            connection.execute("INSERT INTO alembic_version (version_num) VALUES (%s)", [one])
    step.run(url, direction, to)
    now = dump.schema(trial.server, url)
    if now != schema:
        raise NotProvedError(f"a second {direction} changes the schema: {dump.difference(schema, now)}")


def same_schema(before: str, after: str) -> list[str]:
    """The normalisations that it took for both to be the same, byte for byte."""
    if before == after:
        return []
    if dump.without_column_order(before) == dump.without_column_order(after):
        return ["columnOrder"]
    raise NotProvedError(f"the schema is not what it was: {dump.difference(before, after)}")


def survivors(trial: Trial, before: dump.Rows, after: dump.Rows, when: str) -> None:
    """Rows that were there are there, but for what a contract takes away and what data changes."""
    if trial.facts.kind == "data":
        return
    kept = before
    if trial.facts.kind == "contract":
        kept = {
            table: found
            for table, found in before.items()
            if table in after and keys(found) == keys(after[table])
        }
    gone = dump.lost(kept, after)
    if gone:
        raise NotProvedError(f"rows are lost {when}: {'; '.join(gone)}")


def keys(found: Any) -> set[str]:
    return set(json.loads(next(iter(found)))) if found else set()


def works_with(trial: Trial, earlier: list[str]) -> dict[str, Any]:
    """Runs the newest release of each earlier revision on the new schema; the one before must work."""
    newest = {found.revision: found for found in earlier_releases.releases() if found.revision in earlier}
    works: list[dict[str, Any]] = []
    breaks: list[dict[str, Any]] = []
    url = trial.server.copy(trial.before)
    step.run(url, "upgrade", trial.revision)
    for revision in sorted(newest, key=earlier.index, reverse=True):
        release = newest[revision]
        faults = earlier_releases.faults_on(release, url)
        told = {"revision": revision, "version": release.version}
        if not faults:
            works.append(told)
        elif not works and not breaks:
            raise NotProvedError(f"{release.version}, the release before, fails on it: {'; '.join(faults)}")
        else:
            breaks.append({**told, "faults": faults})
    return {"worksWith": works, "breaks": breaks}


def seeds_twice(trial: Trial) -> dict[str, Any]:
    """Runs the seed scripts twice on the revision: they work, and the second run adds and changes nothing."""
    url = trial.server.create()
    step.run(url, "upgrade", trial.revision)
    earlier_releases.seed(url)
    first = dump.rows(url)
    earlier_releases.seed(url)
    if dump.rows(url) != first:
        raise NotProvedError(
            "the second run of the seeds changes rows; a row that is there must stay as it is"
        )
    return {"seeds": earlier_releases.seeds_hash()}


def write(proof: Proof, file: Path) -> str:
    """Writes the evidence beside its place and renames it, so that no half of one is ever read."""
    target = EVIDENCE / f"{proof.revision}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    evidence = {
        "kind": "proof",
        "subject": proof.revision,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "details": proof.details,
    }
    beside = target.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(evidence, indent=2) + "\n")
    beside.rename(target)
    return str(target.relative_to(step.PROJECT))


def report(proofs: list[Proof]) -> tuple[int, dict[str, Any], str]:
    failed = [proof for proof in proofs if proof.faults]
    told = {
        "proved": [{"revision": one.revision, **one.details} for one in proofs if not one.faults],
        "failed": [{"revision": one.revision, "faults": one.faults} for one in failed],
    }
    text = f"{len(proofs) - len(failed)} of {len(proofs)} revisions are proved."
    follow = "commit evidence/proof, then let somebody else run make review REVISION=<id>"
    return (4 if failed else 0), told, text if failed else f"{text}\nnext: {follow}"


def to_stderr(line: str) -> None:
    print(line, file=sys.stderr)
