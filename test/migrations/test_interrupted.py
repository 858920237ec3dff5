"""A migration that is killed in each of its phases, as Alembic runs it: nothing is lost, and the next run
goes on from there. Two heads are named before anything is done."""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.util import CommandError
from conftest import PROJECT, Cluster, await_true

from migrations import connection
from migrations.check import step
from migrations.fingerprint import Catalog, catalog

HEAD = """
import os
import signal

from alembic import op
from migrations import safe

revision = "{name}"
down_revision = "base0000"
kind = "expand"
reversible = True
impact = "none"
flag = None
"""
REVISION = (
    HEAD.format(name="next0000")
    + """

def upgrade() -> None:
    op.execute("INSERT INTO rooms (id, name) VALUES (3, 'half done') ON CONFLICT DO NOTHING")
    safe.add_column("rooms", "seats", "bigint")
    safe.add_check("rooms", "rooms_checked", "held(71, id)")
    safe.create_index("rooms_held", "rooms", ["(held(72, id))"])
    if "DIES_BEFORE_VERSION" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)


def downgrade() -> None:
    safe.drop_index("rooms_held", "rooms")
    safe.drop_constraint("rooms", "rooms_checked")
    safe.drop_column("rooms", "seats")
"""
)
HELD = """
CREATE FUNCTION held(lock int, id bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(lock); RETURN true; END $$;
INSERT INTO rooms (id, name) VALUES (1, 'a'), (2, 'b')
"""
PHASES = {
    # What is held, and the statement in which the migration stands when it is killed.
    "before the advisory lock": (f"SELECT pg_advisory_lock({connection.LOCK_KEY})", "ROLLBACK"),
    "in the expand": ("BEGIN; LOCK TABLE rooms IN ACCESS SHARE MODE", "ALTER TABLE rooms ADD COLUMN%"),
    "in VALIDATE": ("SELECT pg_advisory_lock(71)", "%VALIDATE CONSTRAINT%"),
    "in CREATE INDEX CONCURRENTLY": ("SELECT pg_advisory_lock(72)", "CREATE INDEX CONCURRENTLY%"),
    "after the DDL's commit, before the version's row": (None, None),
}


@pytest.fixture
def revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the lint's base and one revision on top of it, which Alembic uses."""
    shutil.copy(PROJECT / "test/migrations/lint/base.py", tmp_path / "base0000_base.py")
    (tmp_path / "next0000_x.py").write_text(REVISION)
    (tmp_path / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {PROJECT}/migrations\nversion_locations = {tmp_path}\n"
        f"prepend_sys_path = {PROJECT}\npath_separator = os\n"
    )
    monkeypatch.setenv("ALEMBIC_CONFIG", str(tmp_path / "alembic.ini"))
    return tmp_path


@pytest.fixture
def template(cluster: Cluster, revisions: Path) -> str:
    """A database at the base, with two rooms."""
    url = cluster.create()
    step.run(url, "upgrade", "base0000")
    with psycopg.connect(url) as session:
        session.execute(HELD)
    return url.rpartition("/")[2]


@contextmanager
def holding(url: str, statement: str | None) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as session:
        if statement is not None:
            session.execute(statement.encode())
        yield


def stands(url: str, statement: str | None) -> bool:
    """Whether the migration has got as far as it can; None: whether it is there at all. Between two tries for
    the advisory lock it does not wait in the server."""
    with psycopg.connect(url, autocommit=True) as session:
        waits = "query LIKE %s AND (wait_event_type = 'Lock' OR query = 'ROLLBACK')"
        row = session.execute(
            f"SELECT FROM pg_stat_activity WHERE application_name = %s AND {waits if statement else 'true'} "
            "AND datname = current_database()".encode(),
            [connection.APPLICATION_NAME, *([statement] if statement else [])],
        ).fetchone()
    return row is not None


def state(url: str) -> tuple[Catalog, list[object], list[object]]:
    with psycopg.connect(url, autocommit=True) as session:
        rows = session.execute("SELECT id, name FROM rooms ORDER BY id").fetchall()
        version = session.execute("SELECT version_num FROM alembic_version").fetchall()
        return catalog(session), list(rows), list(version)


@pytest.mark.parametrize("phase", PHASES)
def test_a_migration_that_is_killed_is_finished_by_the_next_run(
    phase: str, template: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, statement = PHASES[phase]
    whole, url = cluster.create(template), cluster.create(template)
    before = state(url)
    step.run(whole, "upgrade", "head")
    monkeypatch.setenv("MIGRATION_LOCK_MS", "1000")  # so that it is seen to wait
    if hold is None:
        monkeypatch.setenv("DIES_BEFORE_VERSION", "1")
    process = multiprocessing.get_context("fork").Process(target=step.run, args=(url, "upgrade", "head"))
    with holding(url, hold):
        process.start()
        if hold is not None:
            await_true(lambda: stands(url, statement), 20, f"the migration stands {phase}")
            os.kill(process.pid or 0, signal.SIGKILL)
        process.join(20)
        assert process.exitcode == -signal.SIGKILL
        monkeypatch.delenv("DIES_BEFORE_VERSION", raising=False)
        catalog_now, rows, version = state(url)
        assert rows[:2] == [(1, "a"), (2, "b")]
        assert version == [("base0000",)]
        assert (catalog_now == before[0]) is (phase in ("before the advisory lock", "in the expand"))
        if phase == "in VALIDATE":
            # What a killed migration had begun in the server ends by itself, and so does its lock.
            await_true(lambda: not stands(url, None), 15, "the session of the killed migration ends")
    step.run(url, "upgrade", "head")
    assert state(url) == state(whole)


def test_two_heads_are_named_before_anything_is_done(
    template: str, cluster: Cluster, revisions: Path
) -> None:
    (revisions / "other000_x.py").write_text(
        HEAD.format(name="other000") + "\n\ndef upgrade() -> None:\n    pass\n"
    )
    url = cluster.create(template)
    before = state(url)
    for wanted in ("head", "next0000"):
        with pytest.raises(
            CommandError, match=r"this image has 2 heads, next0000 and other000.*down_revision"
        ):
            step.run(url, "upgrade", wanted)
    assert state(url) == before


def test_an_unknown_revision_is_named_on_the_way_down_too(template: str, cluster: Cluster) -> None:
    url = cluster.create(template)
    with pytest.raises(CommandError, match="this image has no revision deadbeef, it knows up to next0000"):
        step.run(url, "downgrade", "deadbeef")
