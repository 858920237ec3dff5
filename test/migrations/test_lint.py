"""The lint of revisions: each rule of ours is broken once and kept once; every squawk rule is on or off."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PROJECT, Cluster
from lint_fixtures import ADD, FIXTURES, REMOVE, Fixture

from migrations.check import facts, lint, rules, squawk_rules, statements, step
from migrations.check.findings import Finding, UsageError
from migrations.check.server import Server

INI = """[alembic]
script_location = {project}/migrations
version_locations = {folder}
prepend_sys_path = {project}:{project}/rehearsal
path_separator = os
"""
Linted = Callable[..., list[Finding]]


@pytest.fixture(scope="session")
def running(cluster: Cluster) -> Server:
    """The tests' server, as the checks know one."""
    return cluster


@pytest.fixture(scope="session")
def base(running: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of a database at the fixtures' base, which the tests copy: making it anew takes longest."""
    folder = tmp_path_factory.mktemp("base")
    shutil.copy(PROJECT / "test/migrations/lint/base.py", folder / "base0000_base.py")
    (folder / "alembic.ini").write_text(INI.format(project=PROJECT, folder=folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALEMBIC_CONFIG", str(folder / "alembic.ini"))
        url = running.create()
        step.run(url, "upgrade", "base0000")
    return url


@pytest.fixture
def linted(running: Server, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Linted:
    """Lints revisions, given as file name -> text, on top of the fixtures' base."""
    shutil.copy(PROJECT / "test/migrations/lint/base.py", tmp_path / "base0000_base.py")
    (tmp_path / "alembic.ini").write_text(INI.format(project=PROJECT, folder=tmp_path))
    monkeypatch.setenv("ALEMBIC_CONFIG", str(tmp_path / "alembic.ini"))

    def run(wanted: str | None = None, **files: str) -> list[Finding]:
        for name, text in files.items():
            (tmp_path / f"{name}_x.py").write_text(text)
        return lint.lint_on(running, wanted, running.copy(base))

    return run


def revision(body: str, kind: str = "expand", name: str = "next0000", reversible: bool = True) -> str:
    flag = '"some-flag"' if kind == "backfill" else "None"
    return (
        f'"""A fixture."""\n\nfrom alembic import op\n\nrevision = "{name}"\ndown_revision = "base0000"\n\n'
        f'kind = "{kind}"\nreversible = {reversible}\nimpact = "none"\nflag = {flag}\n\n\n{body}'
    )


@pytest.mark.parametrize("fixture", FIXTURES, ids=[f"{one.rule}-{n}" for n, one in enumerate(FIXTURES)])
def test_a_rule_finds_what_breaks_it_and_passes_what_keeps_it(linted: Linted, fixture: Fixture) -> None:
    text = revision(fixture.breaks, fixture.kind, reversible=fixture.reversible)
    found = [one for one in linted("next0000", next0000=text) if one.rule == fixture.rule]
    assert found, f"{fixture.rule} was not found"
    if fixture.line is not None:
        assert fixture.line in text.split("\n")[found[0].line - 1]
    assert found[0].revision == "next0000"
    assert found[0].why
    assert found[0].instead
    kept = linted("next0000", next0000=revision(fixture.keeps, fixture.keeps_kind or fixture.kind))
    assert [one.text() for one in kept] == []


def test_every_rule_of_ours_has_a_fixture() -> None:
    named = {re.match(r"([a-z-]+):", rule.__doc__ or "")[1] for rule in rules.RULES}  # type: ignore[index]
    assert named - {"facts"} <= {one.rule for one in FIXTURES}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('kind = "expand"', "`kind` is missing"),
        ("reversible = True", "`reversible` is missing or no bool"),
        ('impact = "none"', "`impact` is missing"),
    ],
)
def test_a_fact_that_is_not_stated_is_found(linted: Linted, given: str, said: str) -> None:
    text = revision(ADD + REMOVE).replace(given, "")
    assert [one.why for one in linted("next0000", next0000=text) if one.rule == "facts"] == [said]


def test_a_kind_that_does_not_exist_names_those_that_do(linted: Linted) -> None:
    found = linted("next0000", next0000=revision(ADD + REMOVE, kind="improve"))
    assert found[0].why == "`kind` is 'improve'"
    assert ", ".join(facts.KINDS) in found[0].instead


def test_a_backfill_without_a_flag_is_found(linted: Linted) -> None:
    text = revision(ADD + REMOVE, kind="backfill").replace('"some-flag"', "None")
    assert any("cannot be switched off" in one.why for one in linted("next0000", next0000=text))


def test_a_revision_that_fails_is_found_with_its_cause(linted: Linted) -> None:
    body = ADD.replace("ADD COLUMN IF NOT EXISTS seats bigint", "ADD COLUMN IF NOT EXISTS seats nonsense")
    found = linted("next0000", next0000=revision(body + REMOVE))
    assert found[0].rule == "fails"
    assert 'type "nonsense" does not exist' in found[0].why


def test_two_heads_and_an_unknown_revision_are_named(linted: Linted) -> None:
    with pytest.raises(UsageError, match="there is no revision `nonsense`; there are base0000, next0000"):
        linted("nonsense", next0000=revision(ADD + REMOVE))
    with pytest.raises(UsageError, match="there are 2 heads: next0000, other000"):
        linted(other000=revision(ADD + REMOVE, name="other000"))


def test_statements_are_split_where_they_end_and_nowhere_else() -> None:
    text = """SELECT ';'; -- a; b
    CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $x$ BEGIN RETURN 1; END $x$; /* ; */ SELECT "a;b" """
    found = [statements.plain(part) for _, part in statements.split(text)]
    assert found == ["SELECT '…'", "CREATE FUNCTION F() RETURNS INT LANGUAGE PLPGSQL AS '…'", 'SELECT "A;B"']


def test_every_rule_of_squawk_is_on_or_off_with_its_reason() -> None:
    on = {*squawk_rules.ALWAYS, *squawk_rules.BREAKS_OLD_CODE, *squawk_rules.BUILT_IN}
    off = set(squawk_rules.OFF)
    assert on & off == set()
    assert all(len(reason) > 10 for reason in squawk_rules.OFF.values())
    binary = Path(shutil.which("squawk") or "").read_bytes()
    # The program holds the names of its rules in one row, without anything between them; taking away what is
    # listed must leave nothing.
    row = max(re.findall(rb"[a-z-]{400,}", binary), key=lambda one: one.count(b"ban-")).decode()
    row = row[row.index("require-concurrent-index-creation") :]
    for rule in sorted(on | off, key=len, reverse=True):
        assert rule in row or rule.encode() in binary, f"squawk knows no {rule}"
        row = row.replace(rule, "|", 1)
    assert set(row) == {"|"}, f"not listed: {row.replace('|', ' ').split()}"


def test_squawk_takes_every_name_that_is_listed() -> None:
    listed = [*squawk_rules.ALWAYS, *squawk_rules.BREAKS_OLD_CODE, *squawk_rules.OFF]
    command = ["squawk", *(word for rule in listed for word in ("--include", rule)), "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "invalid rule name" not in done.stderr


def test_the_schools_revisions_have_no_findings(running: Server) -> None:
    found = lint.lint_on(running)
    assert [one.text() for one in found] == []
