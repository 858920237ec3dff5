"""Earlier releases on a newer schema: their own code is started on it and gets the smoke requests."""

import hashlib
import http.client
import json
import os
import shlex
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from migrations.check.server import free_port
from migrations.check.step import PROJECT

READY_SECONDS = 30
"""Limit for a release to answer /ready."""

SMOKE_FILE = "Pulumi.prod.yaml"
"""Whose `smoke` is sent."""


@dataclass(frozen=True)
class Release:
    """A build, as releases/<version>.json tells of it."""

    version: str
    image: str
    revision: str

    @property
    def hex(self) -> str:
        return self.image.rpartition("sha256:")[2]


def releases() -> list[Release]:
    """The records in PROOF_RELEASES (default releases/), the oldest version first.

    A version with a hyphen is a pre-release, which nobody goes back to; it is left out.
    """
    folder = PROJECT / os.environ.get("PROOF_RELEASES", "releases")
    found = []
    for file in folder.glob("*.json"):
        record = json.loads(file.read_text())
        if "-" not in record["version"]:
            found.append(Release(record["version"], record["image"], record["revision"]))
    return sorted(
        found, key=lambda one: [int(part) if part.isdigit() else 0 for part in one.version.split(".")]
    )


def smoke_list() -> list[dict[str, Any]]:
    """The requests and expectations of the stack file."""
    settings = yaml.safe_load((PROJECT / SMOKE_FILE).read_text())
    smoke: list[dict[str, Any]] = settings["config"]["deployment-safety:smoke"]
    return smoke


def faults_on(release: Release, url: str) -> list[str]:
    """Starts the web of a release on the database and sends the smoke requests; what was not as expected.

    PROOF_START is the command: {image}, {hex}, {version} are replaced; it gets DATABASE_URL and PORT. An
    adopter's may be `docker run --rm --network host -e DATABASE_URL -e PORT … {image} …`.
    """
    command = os.environ.get("PROOF_START", "")
    if command == "":
        return ["PROOF_START is not set: it is the command that starts the web of a release"]
    words = [
        word.format(image=release.image, hex=release.hex, version=release.version)
        for word in shlex.split(command)
    ]
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "PORT": str(port),
        "POD_IP": "127.0.0.1",
        "STACK": "proof",
        "SLOT": "blue",
        "RELEASE_DIGEST": f"sha256:{release.hex}",
        "RELEASE_VERSION": release.version,
        "PARAMETER_ROOT": "/deployment-safety/proof/",
        # There are no flags to be read here, so every flag is off.
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "proof",
        "AWS_SECRET_ACCESS_KEY": "proof",
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            words, env=environment, stdout=log, stderr=log, cwd=PROJECT, start_new_session=True
        )
        try:
            if not is_ready(process, port):
                log.seek(0)
                return [f"it is not ready: {log.read().decode(errors='replace').strip()[-300:]}"]
            return [fault for request in smoke_list() for fault in faults_of(request, port)]
        finally:
            end(process)


def is_ready(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if answer(port, "GET", "/ready", {}, None)[0] == 200:
                return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def answer(port: int, method: str, path: str, headers: dict[str, str], body: str | None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


def faults_of(request: dict[str, Any], port: int) -> list[str]:
    wanted, contains = request.get("status", 200), request.get("contains", "")
    try:
        status, text = answer(
            port,
            request.get("method", "GET"),
            request["path"],
            request.get("headers", {}),
            request.get("body"),
        )
    except OSError as error:
        return [f"{request['name']}: {error}"]
    if status != wanted:
        return [f"{request['name']}: {request['path']} answers {status}, expected is {wanted}"]
    return [] if contains in text else [f"{request['name']}: {request['path']} does not say {contains}"]


def end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sign)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue


def seed(url: str) -> None:
    """Runs the seed scripts: PROOF_SEED, default `python -m migrations.seeds`.

    Raises RuntimeError with what they said."""
    command = shlex.split(os.environ.get("PROOF_SEED", "python -m migrations.seeds"))
    done = subprocess.run(
        command,
        env={**os.environ, "DATABASE_URL": url},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the seeds ended with {done.returncode}: {done.stderr.strip()[-400:]}")


def seeds_hash(folder: Path = PROJECT / "migrations" / "seeds") -> str:
    """SHA-256 over the seed scripts' names and contents, as repository/database/revisions.ts computes it."""
    whole = hashlib.sha256()
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    for file in sorted(files, key=lambda one: one.relative_to(folder).as_posix()):
        content = file.read_bytes()
        whole.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()
