"""Each revision on a real PostgreSQL: up, up again, down, and the schema is what it was."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import alembic.command
import psycopg
import pytest
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from conftest import REVISIONS, Cluster, alembic_config, migrate
from pytest_alembic import tests as standard
from pytest_alembic.config import Config
from running import run as run_in_session

from migrations import safe
from migrations.safe.backfill.task import named

STEPS = list(pairwise(("base", *REVISIONS)))


@pytest.fixture(params=STEPS, ids=lambda step: step[1])
def step(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param  # type: ignore[no-any-return]


def at(cluster: Cluster, revision: str) -> str:
    url = cluster.create()
    if revision != "base":
        migrate(url, "upgrade", revision)
    return url


def test_downgrade_gives_back_the_schema_byte_for_byte(cluster: Cluster, step: tuple[str, str]) -> None:
    before, revision = step
    url = at(cluster, before)
    dump = cluster.dump(url)
    migrate(url, "upgrade", revision)
    assert cluster.dump(url) != dump, "the revision changes nothing, so that this test would prove nothing"
    migrate(url, "downgrade", before)
    assert cluster.dump(url) == dump


def test_upgrade_again_changes_nothing(cluster: Cluster, step: tuple[str, str]) -> None:
    before, revision = step
    url = at(cluster, before)
    migrate(url, "upgrade", revision)
    dump = cluster.dump(url)
    migrate(url, "upgrade", revision)
    assert cluster.dump(url) == dump
    # As after a migration that was killed before it could write down its revision.
    migrate(url, "stamp", before)
    migrate(url, "upgrade", revision)
    assert cluster.dump(url) == dump


def test_downgrade_again_changes_nothing(cluster: Cluster, step: tuple[str, str]) -> None:
    before, revision = step
    url = at(cluster, revision)
    migrate(url, "downgrade", before)
    dump = cluster.dump(url)
    migrate(url, "stamp", revision)
    migrate(url, "downgrade", before)
    assert cluster.dump(url) == dump


def test_rows_survive_upgrade_and_downgrade(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[0])
    rows = all_rows(url)
    migrate(url, "upgrade", REVISIONS[2])
    with pytest.raises(
        CommandError, match="200 rows of guardians are still to be done by the backfill guardian-names"
    ):
        migrate(url, "upgrade", REVISIONS[-1])
    backfill(url, "guardian-names")
    migrate(url, "upgrade", REVISIONS[-1])
    migrate(url, "downgrade", REVISIONS[0])
    assert all_rows(url) == rows
    assert len(rows["pupils"]) == 200


def backfill(url: str, name: str) -> None:
    """Does a backfill as its Job would, without a flag."""
    task = named(ScriptDirectory.from_config(alembic_config()), name)
    run_in_session(url, lambda: safe.fill(task))


def test_what_the_new_releases_wrote_is_there_again_after_a_downgrade_and_an_upgrade(
    seeded: Callable[[str], str],
) -> None:
    url = seeded(REVISIONS[2])
    query = "SELECT id, given_name, family_name FROM guardians WHERE id < 4 ORDER BY id"
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(
            "UPDATE guardians SET given_name = 'Anna  Maria', full_name = 'Anna  Maria X', family_name = 'X'"
        )
        session.execute("UPDATE grade_weights SET weight = 7 WHERE subject = 'maths'")
        wrote = session.execute(query.encode()).fetchall()
    migrate(url, "downgrade", REVISIONS[0])
    with psycopg.connect(url, autocommit=True) as session:
        # Release 1.0.0 renames a guardian meanwhile: the parts that were kept for him are old.
        session.execute("UPDATE guardians SET full_name = 'Bo Ek' WHERE id = 2")
    migrate(url, "upgrade", REVISIONS[2])
    with psycopg.connect(url, autocommit=True) as session:
        assert session.execute(query.encode()).fetchall() == [wrote[0], (2, None, None), wrote[2]]
        assert session.execute("SELECT weight FROM grade_weights WHERE subject = 'maths'").fetchone() == (7,)
        assert session.execute("SELECT count(*) FROM migration_state.kept").fetchone() == (0,)


def test_every_release_finds_the_name_that_another_one_wrote(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[3])
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("UPDATE guardians SET full_name = ' Ada von  Adler ' WHERE id = 1")  # as 1.0.0
        session.execute("UPDATE guardians SET given_name = '', family_name = 'Cher' WHERE id = 2")  # as 1.4.0
        session.execute("UPDATE guardians SET pupil_id = 3 WHERE id < 3")
        found = session.execute(
            "SELECT full_name, given_name, family_name FROM guardians WHERE id < 3 ORDER BY id"
        ).fetchall()
    assert found == [(" Ada von  Adler ", "Ada von ", "Adler"), ("Cher", "", "Cher")]


def test_a_contract_taken_back_gives_every_name_back_letter_by_letter(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[3])
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("UPDATE guardians SET full_name = ' Ada  Adler ' WHERE id < 3")
    migrate(url, "upgrade", REVISIONS[4])
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("UPDATE guardians SET given_name = 'Bo', family_name = 'Ek' WHERE id = 2")
    migrate(url, "downgrade", REVISIONS[3])
    with psycopg.connect(url, autocommit=True) as session:
        found = session.execute("SELECT full_name FROM guardians WHERE id < 3 ORDER BY id").fetchall()
    assert found == [(" Ada  Adler ",), ("Bo Ek",)]


def test_the_database_splits_a_name_as_the_code_does(seeded: Callable[[str], str]) -> None:
    names = (
        "Ada Adler",
        "  Ada von  Adler ",
        "Cher",
        " Cher\t",
        "Ada  Adler",
        "A B C D",
        "50% Off",
        "",
        "  ",
    )
    url = seeded(REVISIONS[1])
    with psycopg.connect(url, autocommit=True) as session:
        for number, name in enumerate(names, 1):
            session.execute(
                "UPDATE guardians SET full_name = %s, given_name = NULL WHERE id = %s", (name, number)
            )
        backfill(url, "guardian-names")
        found = session.execute(
            "SELECT given_name, family_name FROM guardians WHERE id <= %s ORDER BY id", (len(names),)
        ).fetchall()
    expected = [name.strip().rpartition(" ") for name in names]
    assert found == [(given, family) for given, _, family in expected]


def all_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(url) as connection:
        return {
            # As JSON, in which the order of the columns is none.
            table: connection.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id".encode()).fetchall()
            for table in ("pupils", "guardians", "grades")
        }


@pytest.fixture
def alembic_runner(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Any:
    """pytest-alembic's runner, on a database of this test's own."""
    import sqlalchemy
    from pytest_alembic.runner import runner

    url = cluster.create()
    monkeypatch.setenv("DATABASE_URL", url)
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with runner(config=Config(alembic_config=alembic_config()), engine=engine) as found:
        yield found
    engine.dispose()


def test_there_is_a_single_head(alembic_runner: Any) -> None:
    standard.test_single_head_revision(alembic_runner)


def test_base_upgrades_to_head(alembic_runner: Any) -> None:
    standard.test_upgrade(alembic_runner)


def test_every_revision_goes_up_down_and_up(alembic_runner: Any) -> None:
    standard.test_up_down_consistency(alembic_runner)


def test_statements_are_printed_without_a_database(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    config = alembic_config()
    config.output_buffer = sys.stdout
    alembic.command.upgrade(config, f"{REVISIONS[0]}:{REVISIONS[1]}", sql=True)
    assert "ADD COLUMN IF NOT EXISTS given_name" in capsys.readouterr().out
