"""`alembic` as a migration Job runs it: where it refuses, what it says last, and never a password."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from conftest import REVISIONS, Cluster, Image, alembic_config

from migrations import connection, position


def alembic(folder: Path, url: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, **variables}
    return subprocess.run(
        ["alembic", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )


def test_an_image_migrates_and_says_one_line_a_revision(cluster: Cluster, images: dict[str, Image]) -> None:
    done = alembic(images["1.1.0"].folder, cluster.create(), "upgrade", REVISIONS[1])
    assert done.returncode == 0
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        f"Running upgrade  -> {REVISIONS[0]}",
        f"Running upgrade {REVISIONS[0]} -> {REVISIONS[1]}",
    ]


def test_an_image_knows_only_its_own_revisions(images: dict[str, Image]) -> None:
    known = [file.name[:8] for file in (images["1.1.0"].folder / "migrations" / "revisions").iterdir()]
    assert sorted(name for name in known if not name.startswith("__")) == sorted(REVISIONS[:2])


def test_an_image_older_than_the_database_refuses(
    seeded: Callable[[str], str], images: dict[str, Image]
) -> None:
    url = seeded(REVISIONS[2])
    done = alembic(images["1.1.0"].folder, url, "upgrade", REVISIONS[1])
    assert done.returncode != 0
    assert done.stdout.rstrip().endswith(
        f"the database is ahead of this image: it is at {REVISIONS[2]}, this image knows up to "
        f"{REVISIONS[1]}; use a newer image, or `make downgrade` with the image that knows that revision"
    )
    script = ScriptDirectory.from_config(alembic_config())
    assert "it is at deadbeef" in (position.refusal(script, ["deadbeef"], REVISIONS[0], "downgrade") or "")


@pytest.mark.parametrize(
    ("current", "destination", "refused"),
    [
        ([], REVISIONS[0], False),
        ([REVISIONS[0]], REVISIONS[1], False),
        ([REVISIONS[1]], REVISIONS[1], False),
        ([REVISIONS[1]], "head", False),
        ([REVISIONS[2]], REVISIONS[0], True),
        ([REVISIONS[2]], "+1", False),
    ],
)
def test_an_upgrade_to_a_revision_behind_the_database_is_refused(
    current: list[str], destination: str, refused: bool
) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    said = position.refusal(script, current, destination, "upgrade")
    assert (said is not None) is refused
    if said is not None:
        assert said.startswith(
            "the database is at 9c1b0d2f, which is ahead of 8c0d1b2e: an upgrade to 8c0d1b2e"
        )
        assert said.endswith("use `make downgrade REVISION=8c0d1b2e`")


def test_a_downgrade_goes_behind_the_database(seeded: Callable[[str], str], images: dict[str, Image]) -> None:
    done = alembic(images["1.2.0"].folder, seeded(REVISIONS[2]), "downgrade", REVISIONS[0])
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == 2


def test_a_second_run_waits_and_then_says_who_holds_the_database(
    seeded: Callable[[str], str], images: dict[str, Image]
) -> None:
    url = seeded(REVISIONS[0])
    with psycopg.connect(url, application_name="somebody") as other:
        other.execute("SELECT pg_advisory_lock(%s)", (connection.LOCK_KEY,))
        pid = other.info.backend_pid
        done = alembic(images["1.1.0"].folder, url, "upgrade", REVISIONS[1], MIGRATION_LOCK_SECONDS="0.5")
    assert done.returncode != 0
    assert f"another migration holds this database: session {pid} of somebody from 127.0.0.1" in done.stdout
    assert alembic(images["1.1.0"].folder, url, "upgrade", REVISIONS[1]).returncode == 0


def test_a_lock_that_is_not_given_ends_the_migration_with_the_statement(
    seeded: Callable[[str], str], images: dict[str, Image]
) -> None:
    url = seeded(REVISIONS[0])
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE guardians IN ACCESS SHARE MODE")
        began = time.monotonic()
        done = alembic(images["1.1.0"].folder, url, "upgrade", REVISIONS[1], MIGRATION_LOCK_ATTEMPTS="5")
    assert done.returncode != 0
    last = "\n".join(done.stdout.rstrip().splitlines()[-2:])
    assert "canceling statement due to lock timeout" in last
    assert time.monotonic() - began < 15, "requests queue behind a migration that waits"
    assert "ALTER TABLE guardians" in last
    assert "Traceback" not in done.stdout
    with psycopg.connect(url) as reader:
        assert reader.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[0],)]


def failure(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `alembic upgrade head` says last; in this process, for a Python of its own costs a second."""
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(CommandError) as caught:
        command.upgrade(alembic_config(), "head")
    return str(caught.value)


def test_a_wrong_password_is_the_last_thing_said_and_not_shown(
    cluster: Cluster, images: dict[str, Image]
) -> None:
    url = f"postgresql://guarded:battery%20staple@127.0.0.1:{cluster.port}/postgres"
    done = alembic(images["1.0.0"].folder, url, "upgrade", "head")
    assert done.returncode != 0
    assert 'password authentication failed for user "guarded"' in done.stdout.rstrip().splitlines()[-1]
    assert "nothing was done: correct DATABASE_URL (in a cluster it comes from the Secret" in done.stdout
    assert "staple" not in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("guarded:correct%20horse@127.0.0.1:{port}/nowhere", 'database "nowhere" does not exist'),
        ("guarded:correct%20horse@127.0.0.1:9/postgres", "Connection refused"),
        ("guarded:correct%20horse@127.0.0.1:port/postgres", "invalid integer value"),
        ("guarded:correct horse@127.0.0.1:9/postgres", "unexpected spaces found"),
    ],
)
def test_what_is_wrong_with_the_database_is_said_without_the_password(
    address: str, cause: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = failure("postgresql://" + address.format(port=cluster.port), monkeypatch)
    assert cause in said
    assert "horse" not in said


@pytest.mark.parametrize("url", ["", "mysql://school:correct horse@db/school"])
def test_a_missing_or_foreign_url_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = failure(url, monkeypatch)
    assert said.startswith("DATABASE_URL is not")
    assert said.endswith("allowed is postgresql://user:password@host:5432/database")


def test_a_password_is_taken_out_of_every_form_of_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://school:s3%3Acr@t@db/school")
    for message, masked in (
        ("no route to postgresql://ada:lovelace@db", "no route to postgresql://ada:***@db"),
        ("password=lovelace host=db", "password=*** host=db"),
        ("it was s3%3Acr@t", "it was ***"),
        ("it was s3:cr@t", "it was ***"),
    ):
        assert connection.without_password(message) == masked


def test_a_fault_of_our_own_keeps_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match=r"^KeyError: 'x'$"), connection.readable_errors():
        os.environ.copy()["x"]
    assert "Traceback" in capsys.readouterr().err


def test_a_traceback_holds_no_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://school:s3%3Acr@t@db/school")
    with pytest.raises(CommandError), connection.readable_errors():
        raise ValueError(f"cannot parse {os.environ['DATABASE_URL']}")
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "cr@t" not in said


def test_an_unknown_revision_is_named(cluster: Cluster, images: dict[str, Image]) -> None:
    done = alembic(images["1.0.0"].folder, cluster.create(), "upgrade", "deadbeef")
    assert done.returncode != 0
    assert (
        done.stdout.rstrip()
        .splitlines()[-1]
        .endswith(
            f"this image has no revision deadbeef, it knows up to {REVISIONS[0]}; nothing was done: ask for "
            "a revision that it has, or use the image that has this one"
        )
    )


def test_seeds_run_twice_give_the_same_rows_at_each_revision(
    seeded: Callable[[str], str], images: dict[str, Image]
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        url = seeded(images[version].revision)
        before = rows(url)
        done = subprocess.run(
            [sys.executable, "-m", "migrations.seeds"],
            cwd=images[version].folder,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert rows(url) == before
        assert [len(table) for table in before.values()] == [200, 200, 1000]
        with psycopg.connect(url) as session:
            # The next pupil that the application adds gets a number of its own.
            assert session.execute(
                "INSERT INTO pupils (name, class) VALUES ('x', '5a') RETURNING id > 200"
            ).fetchone() == (True,)


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(url) as session:
        return {
            table: session.execute(f"SELECT * FROM {table} ORDER BY id".encode()).fetchall()
            for table in ("pupils", "guardians", "grades")
        }
