"""Splitting a guardian's name, step by step, each step from the image that does it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import psycopg
import pytest
from conftest import Image, Pod

ROOT = "/deployment-safety/names/"
ON = {
    "state": "ENABLED",
    "variants": {"on": True, "off": False},
    "defaultVariant": "off",
    "targeting": {"if": [True, "on", "off"]},
}


@pytest.fixture
def environment(parameter_store: str) -> Iterator[dict[str, str]]:
    """Variables of a pod, with the backfill's flag on."""
    found = {
        "PATH": os.environ["PATH"],
        "PARAMETER_ROOT": ROOT,
        "AWS_ENDPOINT_URL": parameter_store,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    client = boto3.client(
        "ssm",
        endpoint_url=parameter_store,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the stand-in takes any
    )
    name = f"{ROOT}flags/guardian-names-backfill"
    client.put_parameter(Name=name, Value=json.dumps(ON), Type="String", Overwrite=True)
    yield found
    client.delete_parameter(Name=name)


def run(folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_from_one_name_to_two_with_every_release_at_work(
    seeded: Callable[[str], str],
    images: dict[str, Image],
    start: Callable[..., Pod],
    environment: dict[str, str],
) -> None:
    def migrate(version: str) -> None:
        image = images[version]
        done = run(image.folder, environment, "alembic", "upgrade", image.revision)
        assert done.returncode == 0, done.stdout + done.stderr

    def backfill(version: str) -> subprocess.CompletedProcess[str]:
        words = ("guardian-names", "--flag", "guardian-names-backfill", "--patience", "20")
        return run(
            images[version].folder, environment, sys.executable, "-m", "migrations.safe.backfill", *words
        )

    url = seeded(images["1.0.0"].revision)
    environment["DATABASE_URL"] = url
    assert backfill("1.0.0").returncode == 2, "this image knows no backfill"
    old = start("1.0.0", "web", url)
    migrate("1.1.0")
    new = start("1.1.0", "web", url)
    for web, name in ((old, "Ada von Adler"), (new, "Bo Ek"), (old, "Cher")):
        assert web.request("/api/guardians/7", "PUT", {"full_name": name}).status == 200
        assert {one.request("/api/guardians/7").json["full_name"] for one in (old, new)} == {name}
    done = backfill("1.1.0")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["remaining"] == 0
    migrate("1.2.0")
    migrate("1.4.0")
    parts = start("1.4.0", "web", url)
    for web, name in ((new, "Ida Iven"), (parts, "Jan van Jung"), (new, "Kim")):
        assert web.request("/api/guardians/7", "PUT", {"full_name": name}).status == 200
        assert {one.request("/api/guardians/7").json["full_name"] for one in (new, parts)} == {name}
    migrate("1.5.0")
    after = start("1.5.0", "web", url)
    assert {one.request("/api/guardians/7").json["family_name"] for one in (parts, after)} == {"Kim"}
    # Taken back as a rollback to 1.1.0 would: the name that the last release wrote is there.
    assert after.request("/api/guardians/7", "PUT", {"full_name": "Lea Lund"}).status == 200
    down = run(images["1.5.0"].folder, environment, "alembic", "downgrade", images["1.1.0"].revision)
    assert down.returncode == 0, down.stdout + down.stderr
    assert new.request("/api/guardians/7").json["full_name"] == "Lea Lund"
    with psycopg.connect(url) as session:
        assert session.execute("SELECT count(*) FROM guardians WHERE full_name IS NULL").fetchone() == (0,)
