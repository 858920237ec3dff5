"""A PostgreSQL server that lives as long as a check: from nothing, on its own port, thrown away after."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 30
"""Limit for the server's start."""

OWNER = "prover"
"""Superuser of the server, by trust on the loopback address only."""

DISK = Path("/tmp")  # noqa: S108 - mkdtemp makes the folder in it, for its owner alone
MEMORY = Path("/dev/shm")  # noqa: S108 - as above
"""A file system in memory, as Linux has it."""

MEMORY_BYTES = 4 << 30
"""Room that must be left in it: the tests make two hundred databases of 8 MB each, and 1 GB of log."""


def binaries() -> Path:
    """Folder of initdb, postgres and pg_dump: POSTGRES_BIN, else where distributions put it."""
    folders = [Path(os.environ["POSTGRES_BIN"])] if "POSTGRES_BIN" in os.environ else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders += [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_dump").exists():
            return folder
    raise RuntimeError("there is no PostgreSQL server on this machine; `make doctor` tells how to get one")


@dataclass
class Server:
    """A running server; each database is made from a template or from nothing."""

    folder: Path
    port: int
    owner: str = OWNER
    count: Iterator[int] = field(default_factory=lambda: iter(range(1, 100_000)))

    def url(self, database: str) -> str:
        return f"postgresql://{self.owner}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """URL of a new database, a copy of `template`, which nobody may be connected to."""
        name = f"proof_{next(self.count)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def copy(self, url: str) -> str:
        return self.create(url.rpartition("/")[2])

    def major(self) -> int:
        with psycopg.connect(self.url("postgres")) as connection:
            return connection.info.server_version // 10_000


def folder_for_many() -> Path:
    """Where hundreds of databases are made and thrown away in seconds: in memory if there is room, else on
    disk."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
        return MEMORY
    return DISK


@contextmanager
def server(user: str = OWNER, below: Path = DISK) -> Iterator[Server]:
    """Starts a server and ends it with the block, whatever happens in it.

    user: its superuser. below: the folder in which its own is made; nobody else may write to what is in it.
    """
    folder = binaries()
    account, owner = as_account()
    place = Path(tempfile.mkdtemp(prefix="deployment-safety-proof-", dir=below))
    os.chown(place, account.pw_uid, account.pw_gid)
    try:
        data, port = place / "data", free_port()
        make: list[str | Path] = [
            folder / "initdb",
            "-D",
            data,
            "-U",
            user,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        ]
        subprocess.run(make, check=True, capture_output=True, cwd="/", timeout=60, **owner)
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"listen_addresses='127.0.0.1'\nport={port}\nunix_socket_directories='{place}'\nfsync=off\n"
            )
        with (place / "log").open("w") as log:
            process = subprocess.Popen(
                [folder / "postgres", "-D", data], stdout=log, stderr=log, cwd="/", **owner
            )
        try:
            running = Server(folder, port, user)
            await_start(running, place / "log")
            yield running
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: its data is thrown away
            process.wait(20)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def as_account() -> tuple[pwd.struct_passwd, dict[str, Any]]:
    """Who runs the server: it refuses to run as root, so root lends it to `postgres`."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()), {}
    account = pwd.getpwnam("postgres")
    return account, {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def await_start(running: Server, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(running.url("postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-500:]}") from error
            time.sleep(0.05)
