"""A Job runs only the revisions that were proved and reviewed, whatever commit its image was built from."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.util import CommandError
from conftest import PROJECT, REVISIONS, Image, alembic_config

from migrations import contents

OTHER = "0" * 64


def hash_of(revision: str, folder: Path = PROJECT) -> str:
    (file,) = (folder / "migrations" / "revisions").glob(f"{revision}_*.py")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def told(**changed: str) -> str:
    """What a Job is told of the first three revisions, with some hashes changed ("" leaves one out)."""
    wanted = {revision: changed.get(f"r{revision}", hash_of(revision)) for revision in REVISIONS[:3]}
    return ",".join(f"{revision}:{sha256}" for revision, sha256 in wanted.items() if sha256)


def run(url: str, direction: str, revision: str, text: str) -> str:
    """What the migration says last; "" where it ends well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        patch.setenv(contents.VARIABLE, text)
        try:
            getattr(command, direction)(alembic_config(), revision)
        except CommandError as error:
            return str(error)
    return ""


def revision_of(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


def test_the_proved_revisions_run_up_and_down(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[0])
    assert run(url, "upgrade", REVISIONS[2], told()) == ""
    assert run(url, "downgrade", REVISIONS[1], told()) == ""
    assert revision_of(url) == REVISIONS[1]


def test_another_content_of_a_revision_does_not_run_up_and_is_named(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[0])
    said = run(url, "upgrade", REVISIONS[2], told(r9c1b0d2f=OTHER))
    assert (
        f"9c1b0d2f (9c1b0d2f_grade_weights.py) has SHA-256 {hash_of('9c1b0d2f')}, the file that was proved "
        f"has {OTHER}" in said
    )
    assert "3f2a77aa" not in said, "only what differs is named"
    assert revision_of(url) == REVISIONS[0], "not even those before it may have run"


def test_it_does_not_run_down_either(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[2])
    assert "9c1b0d2f" in run(url, "downgrade", REVISIONS[1], told(r9c1b0d2f=OTHER))
    assert revision_of(url) == REVISIONS[2]


def test_a_revision_that_the_checkout_does_not_know_does_not_run(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[1])
    assert "9c1b0d2f (9c1b0d2f_grade_weights.py) is not known to the checkout" in run(
        url, "upgrade", REVISIONS[2], told(r9c1b0d2f="")
    )
    assert revision_of(url) == REVISIONS[1]


def test_what_ran_before_may_have_changed_since(seeded: Callable[[str], str]) -> None:
    url = seeded(REVISIONS[1])
    assert run(url, "upgrade", REVISIONS[2], told(r8c0d1b2e=OTHER, r3f2a77aa=OTHER)) == ""
    assert run(url, "upgrade", REVISIONS[2], told(r9c1b0d2f=OTHER)) == "", "there is nothing left to run"


@pytest.mark.parametrize("text", ["", "8c0d1b2e", f"8c0d1b2e:{OTHER},", f"8c0d1b2e={OTHER}"])
def test_a_variable_that_cannot_be_read_stops_the_run(seeded: Callable[[str], str], text: str) -> None:
    url = seeded(REVISIONS[0])
    assert "MIGRATION_REVISIONS has `" in run(url, "upgrade", REVISIONS[1], text)
    assert revision_of(url) == REVISIONS[0]


def test_an_image_has_the_files_of_the_checkout_that_it_was_built_from(images: dict[str, Image]) -> None:
    for revision in REVISIONS[:2]:
        assert hash_of(revision, images["1.1.0"].folder) == hash_of(revision)
