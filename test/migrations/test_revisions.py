"""Each revision on a real PostgreSQL: up, up again, down, and the schema is what it was."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import alembic.command
import psycopg
import pytest
from conftest import REVISIONS, Cluster, alembic_config, migrate
from pytest_alembic import tests as standard
from pytest_alembic.config import Config

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
    migrate(url, "upgrade", REVISIONS[-1])
    migrate(url, "downgrade", REVISIONS[0])
    assert all_rows(url) == rows
    assert len(rows["pupils"]) == 200


def all_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall()
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
