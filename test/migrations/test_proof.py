"""The proof of a revision: what must be found, is found; and a fingerprint sees what a person would."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from conftest import PROJECT, REVISIONS, Cluster, migrate

from migrations.check import dump, earlier_releases, proof, step
from migrations.check.facts import read_facts
from migrations.fingerprint import catalog, changes, fingerprint, hash_of

Tried = Callable[..., proof.Trial]


@pytest.fixture
def tried(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tried:
    """A trial of a revision on top of the lint's base, with a room and a chair."""
    folder = tmp_path / "revisions"
    folder.mkdir()
    shutil.copy(PROJECT / "test/migrations/lint/base.py", folder / "base0000_base.py")
    (tmp_path / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {PROJECT}/migrations\nversion_locations = {folder}\n"
        f"prepend_sys_path = {PROJECT}\npath_separator = os\n"
    )
    monkeypatch.setenv("ALEMBIC_CONFIG", str(tmp_path / "alembic.ini"))
    monkeypatch.setenv("PROOF_SEED", "true")

    def make(up: str, down: str, kind: str = "expand", reversible: bool = True) -> proof.Trial:
        (folder / "next0000_x.py").write_text(
            f'from alembic import op\n\nrevision = "next0000"\ndown_revision = "base0000"\nkind = "{kind}"\n'
            f'reversible = {reversible}\nimpact = "none"\nflag = None\n\n\n'
            f"def upgrade() -> None:\n    op.execute({up!r})\n\n\n"
            f"def downgrade() -> None:\n    op.execute({down!r})\n"
        )
        url = cluster.create()
        step.run(url, "upgrade", "base0000")
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO rooms (name, floor) VALUES ('a', 1), ('b', NULL)")
        script = step.script().get_revision("next0000")
        assert script is not None
        return proof.Trial(cluster, script, url, read_facts(folder / "next0000_x.py"))

    return make


ADD = "ALTER TABLE rooms ADD COLUMN IF NOT EXISTS seats bigint"
DROP = "ALTER TABLE rooms DROP COLUMN IF EXISTS seats"


def test_what_goes_up_and_down_is_proved_with_its_fingerprint(tried: Tried) -> None:
    found = proof.up_and_down(tried(ADD, DROP))
    assert found["downgrade"] == {"restores": True, "normalised": []}
    assert len(found["fingerprint"]) == 64


@pytest.mark.parametrize(
    ("up", "down", "said"),
    [
        (ADD, "SELECT 1", "the schema is not what it was: .*\\+    seats bigint"),
        (
            ADD + "; CREATE TYPE mood AS ENUM ('good')",
            DROP,
            "mood",
        ),
        (f"{ADD}; COMMENT ON TABLE rooms IS 'with seats'", DROP, "COMMENT ON TABLE"),
        (f"{ADD}; GRANT SELECT ON rooms TO PUBLIC", DROP, "GRANT SELECT ON TABLE public.rooms TO PUBLIC"),
        ("ALTER TABLE rooms ADD COLUMN seats bigint", DROP, "already exists"),
        (ADD, f"{DROP}; DELETE FROM rooms", "rows are lost after the downgrade: 2 of 2 rows of public.rooms"),
        (f"{ADD}; DELETE FROM rooms WHERE floor IS NULL", DROP, "rows are lost after the upgrade: 1 of 2"),
        ("SELECT 1", "SELECT 1", "the upgrade changes nothing"),
        (f"{ADD}; ALTER TABLE rooms ADD CHECK (floor < 9)", DROP, "a second upgrade changes the schema"),
    ],
)
def test_what_does_not_come_back_is_named(tried: Tried, up: str, down: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        proof.up_and_down(tried(up, down))


def test_a_column_that_comes_back_at_the_end_is_a_stated_normalisation(tried: Tried) -> None:
    taken = "ALTER TABLE rooms DROP COLUMN IF EXISTS name"
    trial = tried(taken, "ALTER TABLE rooms ADD COLUMN IF NOT EXISTS name text", "contract", False)
    assert proof.up_and_down(trial)["downgrade"] == {"restores": True, "normalised": ["columnOrder"]}


def test_a_merge_is_proved_on_both_branches_and_each_branch_without_the_other(
    tried: Tried, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(ADD, DROP)  # a branch
    (tmp_path / "releases").mkdir()
    monkeypatch.setenv("PROOF_RELEASES", str(tmp_path / "releases"))
    monkeypatch.setattr(proof, "write", lambda *_: "nowhere")

    def write(name: str, parents: str, table: str, depends_on: str = "None") -> None:
        (tmp_path / f"revisions/{name}_x.py").write_text(
            f'from alembic import op\n\nrevision = "{name}"\ndown_revision = {parents}\n'
            f'depends_on = {depends_on}\nkind = "expand"\n'
            'reversible = True\nimpact = "none"\nflag = None\n\n\n'
            "def upgrade() -> None:\n"
            f'    op.execute("CREATE TABLE IF NOT EXISTS {table} (id bigint PRIMARY KEY)")\n\n\n'
            f'def downgrade() -> None:\n    op.execute("DROP TABLE IF EXISTS {table}")\n'
        )

    write("side0000", '"base0000"', "sides")
    write("more0000", '"side0000"', "extras", '"next0000"')
    write("join0000", '("next0000", "more0000")', "joins")
    proofs = {one.revision: one for one in proof.prove(None, lambda _: None)}
    assert {name: one.faults for name, one in proofs.items()} == {
        name: [] for name in ("base0000", "next0000", "side0000", "more0000", "join0000")
    }
    assert proofs["join0000"].details["parent"] == ("next0000", "more0000")
    # As the commands put a catalog together: what each revision makes of those before it.
    for builds_on in (
        ["base0000", "side0000"],
        ["base0000", "next0000", "side0000", "more0000", "join0000"],
    ):
        found: dict[str, str | None] = {}
        for name in builds_on:
            found.update(proofs[name].details["catalog"])
        there = {name: definition for name, definition in found.items() if definition is not None}
        assert hash_of(there) == proofs[builds_on[-1]].details["fingerprint"]


def test_seeds_that_fail_or_change_rows_the_second_time_are_named(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = tried(ADD, DROP)
    monkeypatch.setenv("PROOF_SEED", "python -c \"raise SystemExit('no such column')\"")
    with pytest.raises(RuntimeError, match="the seeds ended with 1: no such column"):
        proof.seeds_twice(trial)
    code = (
        "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)"
        ".execute('INSERT INTO rooms (name) VALUES (1)')"
    )
    monkeypatch.setenv("PROOF_SEED", f'python -c "{code}"')
    with pytest.raises(proof.NotProvedError, match="second run of the seeds changes rows"):
        proof.seeds_twice(trial)


def test_a_release_that_a_revision_breaks_is_named(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = cluster.create()
    migrate(url, "upgrade", REVISIONS[0])
    monkeypatch.setattr(earlier_releases, "READY_SECONDS", 5)
    release = earlier_releases.Release("1.0.0", f"example.com/school@sha256:{'a' * 64}", REVISIONS[0])
    monkeypatch.setenv("PROOF_START", "python -c \"raise SystemExit('column is gone')\"")
    assert earlier_releases.faults_on(release, url) == ["it is not ready: column is gone"]
    monkeypatch.delenv("PROOF_START")
    assert "PROOF_START is not set" in earlier_releases.faults_on(release, url)[0]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE pupils ADD COLUMN x text",
        "ALTER TABLE pupils ALTER COLUMN class DROP NOT NULL",
        "ALTER TABLE pupils ALTER COLUMN class SET DEFAULT '1a'",
        "CREATE INDEX x ON pupils (class)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'grades_pupil'::regclass",
        "ALTER TABLE grades ADD CHECK (value < 200) NOT VALID",
        "COMMENT ON COLUMN pupils.class IS 'x'",
        "GRANT SELECT ON pupils TO PUBLIC",
        "CREATE TYPE mood AS ENUM ('good')",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW v AS SELECT 1 AS one",
        "ALTER TABLE pupils ENABLE ROW LEVEL SECURITY",
        "CREATE SCHEMA library",
        "CREATE DOMAIN mark AS int CHECK (VALUE > 0)",
        "CREATE TYPE pair AS (one int, other int)",
        "CREATE STATISTICS x ON class, name FROM pupils",
        "CREATE RULE x AS ON DELETE TO pupils DO INSTEAD NOTHING",
        "ALTER SEQUENCE pupils_id_seq INCREMENT 2",
    ],
)
def test_a_fingerprint_sees_every_change_of_the_schema(seeded: Callable[[str], str], change: str) -> None:
    with psycopg.connect(seeded(REVISIONS[0]), autocommit=True) as connection:
        before = fingerprint(connection)
        assert fingerprint(connection) == before
        connection.execute(change.encode())
        assert fingerprint(connection) != before


def test_a_fingerprint_does_not_see_rows_or_what_is_not_the_revisions(seeded: Callable[[str], str]) -> None:
    with psycopg.connect(seeded(REVISIONS[0]), autocommit=True) as connection:
        before = catalog(connection)
        connection.execute(
            "DELETE FROM job_results; DELETE FROM jobs; UPDATE alembic_version SET version_num = 'x'"
        )
        for schema in ("reporting", "deployment_safety"):
            made = f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.incidents (id bigint)"
            connection.execute(made.encode())
        connection.execute("ALTER TABLE pupils ADD COLUMN x text; ALTER TABLE pupils DROP COLUMN x")
        assert catalog(connection) == before


def test_what_a_revision_makes_of_the_catalog_is_named_object_by_object(tried: Tried) -> None:
    found = proof.up_and_down(tried(ADD, DROP))
    assert found["catalog"] == {"column public.rooms.seats": "bigint storage=p collation=-"}
    assert changes({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": ""}) == {
        "b": "2",
        "c": None,
        "d": "",
    }


def test_names_are_the_same_whatever_the_session_looks_for_first(seeded: Callable[[str], str]) -> None:
    with psycopg.connect(seeded(REVISIONS[0]), autocommit=True) as connection:
        before = catalog(connection)
        connection.execute("SET search_path TO reporting, pg_temp")
        assert catalog(connection) == before
        assert "constraint guardians_pupil_id_fkey on public.guardians" in before


def test_columns_in_another_order_are_the_same_table() -> None:
    one = "CREATE TABLE a (\n    x text,\n    y text\n);\n"
    other = "CREATE TABLE a (\n    y text,\n    x text\n);\n"
    assert dump.without_column_order(one) == dump.without_column_order(other)
    assert dump.without_column_order(one) != dump.without_column_order(other.replace("text", "int"))
