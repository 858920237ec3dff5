"""What the Python tests share: a PostgreSQL server of their own, the school's images, and running pods."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import psycopg
import pytest

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "rehearsal")]  # for `migrations` and `school`, as in an image

from migrations.check.server import Server, folder_for_many, free_port, server  # noqa: E402 - found there

REVISIONS = ("8c0d1b2e", "3f2a77aa", "9c1b0d2f", "b7d05e11", "d2c94f60")
"""The school's revisions, oldest first."""
RELEASES = {
    "1.0.0": REVISIONS[0],
    "1.1.0": REVISIONS[1],
    "1.2.0": REVISIONS[2],
    "1.4.0": REVISIONS[3],
    "1.5.0": REVISIONS[4],
}
"""Version -> the revision that it needs."""


class Cluster(Server):
    """A PostgreSQL server that lives as long as the test run."""

    def dump(self, url: str) -> str:
        """The schema as pg_dump writes it, without what migrations keep for themselves.

        The random key of newer pg_dumps is taken out, and a table's columns are in the order of their
        names: a column that is dropped and added again is the last one.
        """
        apart = ["--exclude-table=alembic_version", "--exclude-schema=migration_state"]
        command = [str(self.folder / "pg_dump"), "--schema-only", *apart, url]
        text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
        text = re.sub(r"^\\(?:un)?restrict .*\n", "", text, flags=re.MULTILINE)
        return re.sub(
            r"(?<=^CREATE TABLE ).*? \($.*?^\);$", columns_by_name, text, flags=re.MULTILINE | re.DOTALL
        )


def columns_by_name(table: re.Match[str]) -> str:
    """The lines of a CREATE TABLE in order, without the commas that depend on it."""
    first, *lines, last = table[0].splitlines()
    return "\n".join((first, *sorted(line.rstrip(",") for line in lines), last))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with server("school", below=folder_for_many()) as running:
        found = Cluster(running.folder, running.port, running.owner)
        with psycopg.connect(found.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'correct horse'")
            row = connection.execute("SHOW data_directory").fetchone()
            assert row is not None
            access = Path(row[0]) / "pg_hba.conf"
            access.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{access.read_text()}")
            connection.execute("SELECT pg_reload_conf()")
        without_password = f"postgresql://guarded@127.0.0.1:{found.port}/postgres"
        await_true(lambda: not connects(without_password), 10, "the server asks for a password")
        yield found


def connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def await_true(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def alembic_config() -> alembic.config.Config:
    return alembic.config.Config(PROJECT / "migrations" / "alembic.ini", stdout=open(os.devnull, "w"))


def migrate(url: str, direction: str, revision: str) -> None:
    """`alembic <direction> <revision>` in this process, which saves a second each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        getattr(alembic.command, direction)(alembic_config(), revision)


def seed(url: str) -> None:
    from migrations.seeds.__main__ import seed as fill

    with psycopg.connect(url) as connection:
        fill(connection)


@pytest.fixture(scope="session")
def seeded(cluster: Cluster) -> Callable[[str], str]:
    """Gives the URL of a new database at a revision, with the seed data of that revision."""
    templates: dict[str, str] = {}

    def make(revision: str) -> str:
        if revision not in templates:
            url = cluster.create()
            migrate(url, "upgrade", revision)
            seed(url)
            templates[revision] = url.rpartition("/")[2]
        return cluster.create(templates[revision])

    return make


@dataclass(frozen=True)
class Image:
    version: str
    folder: Path
    digest: str
    revision: str


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image]:
    """The school's releases, built as the rehearsal builds them."""
    folder = tmp_path_factory.mktemp("images")
    script = (
        "const { buildImages } = require('./rehearsal/harness/machine/images.ts');"
        "console.log(JSON.stringify(buildImages(...process.argv.slice(1))))"
    )
    command = ["node", "--import", "tsx", "-e", script, str(PROJECT), str(folder), str(folder / "records")]
    built = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert built.returncode == 0, built.stderr
    return {
        record["version"]: Image(
            record["version"],
            folder / record["image"].rpartition(":")[2],
            record["image"].rpartition("@")[2],
            record["revision"],
        )
        for record in json.loads(built.stdout)
    }


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Pod:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def request(
        self, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, text)
        finally:
            connection.close()

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.log.read_text()}")
        try:
            return self.request("/ready").status == 200
        except OSError:
            return False

    def end(self, sig: int = signal.SIGTERM) -> int:
        self.process.send_signal(sig)
        return self.process.wait(10)


@pytest.fixture
def start(images: dict[str, Image], tmp_path: Path) -> Iterator[Callable[..., Pod]]:
    """Starts web or worker of a release as a pod: `start("1.0.0", "web", url)`; waits until it is ready."""
    pods: list[Pod] = []

    def launch(
        version: str, component: str, url: str, *, slot: str = "blue", wait: bool = True, **variables: str
    ) -> Pod:
        image, port = images[version], free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": url,
            "POD_IP": "127.0.0.1",
            "PORT": str(port),
            "STACK": "prod",
            "SLOT": slot,
            "RELEASE_DIGEST": image.digest,
            "RELEASE_VERSION": version,
            "PARAMETER_ROOT": "/deployment-safety/prod/",
            "PARAMETER_POLL_SECONDS": "0.2",
            "DRAIN_SECONDS": "0.3",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # nobody answers there
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **variables,
        }
        log = tmp_path / f"{version}-{component}-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["python", "-m", f"school.{component}"],
                cwd=image.folder,
                env=environment,
                stdout=output,
                stderr=output,
            )
        pod = Pod(process, port, log)
        pods.append(pod)
        if wait:
            await_true(pod.is_ready, 15, f"{component} of {version} is ready")
        return pod

    yield launch
    for pod in pods:
        if pod.process.poll() is None:
            pod.process.kill()
            pod.process.wait(5)


@pytest.fixture(scope="session")
def parameter_store() -> Iterator[str]:
    """Address of a stand-in for AWS that keeps SSM parameters."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
