"""What a process of the school is told by its environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    database_url: str
    """DATABASE_URL, a postgresql:// URL as libpq takes it."""
    host: str
    """POD_IP: the address to listen on."""
    port: int
    """PORT: 1 to 65535."""
    stack: str
    """STACK: prod, for example."""
    slot: str
    """SLOT: blue or green."""
    digest: str
    """RELEASE_DIGEST: sha256:… of the image; every answer has it in the header X-Release."""
    version: str
    """RELEASE_VERSION: the tag that people use."""
    parameter_root: str
    """PARAMETER_ROOT: path of the stack's parameters, with a slash at both ends."""
    poll_seconds: float
    """PARAMETER_POLL_SECONDS: how often flags and kill switch are read. Default 4, at most 5."""
    drain_seconds: float
    """DRAIN_SECONDS: after SIGTERM, how long connections are told to close before the listener closes.
    Default 1."""


RULES = {
    "DATABASE_URL": (r"postgres(ql)?://.+", "a postgresql:// URL"),
    "POD_IP": (r"[0-9a-fA-F.:]+", "an IP address"),
    "PORT": (r"[1-9]\d{0,4}", "a port from 1 to 65535"),
    "STACK": (r".+", "the stack's name"),
    "SLOT": (r"blue|green", "blue or green"),
    "RELEASE_DIGEST": (r"sha256:[0-9a-f]{64}", "sha256: and 64 hex digits"),
    "RELEASE_VERSION": (r".+", "a version tag"),
    "PARAMETER_ROOT": (r"/(.*/)?", "a path that begins and ends with a slash"),
    "PARAMETER_POLL_SECONDS": (r"[0-4](\.\d+)?|5(\.0+)?", "seconds, at most 5"),
    "DRAIN_SECONDS": (r"\d+(\.\d+)?", "seconds"),
}
DEFAULTS = {"PARAMETER_POLL_SECONDS": "4", "DRAIN_SECONDS": "1"}


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings; a SystemExit that names every variable that is wrong, and what is allowed."""
    values = {name: environment.get(name, DEFAULTS.get(name, "")) for name in RULES}
    faults = [
        f"{name} {'is not set' if values[name] == '' else 'is not allowed as it is'}: must be {allowed}"
        for name, (pattern, allowed) in RULES.items()
        if not re.fullmatch(pattern, values[name])
    ]
    if faults:
        raise SystemExit("this process cannot start:\n  " + "\n  ".join(faults))
    return Settings(
        database_url=values["DATABASE_URL"],
        host=values["POD_IP"],
        port=int(values["PORT"]),
        stack=values["STACK"],
        slot=values["SLOT"],
        digest=values["RELEASE_DIGEST"],
        version=values["RELEASE_VERSION"],
        parameter_root=values["PARAMETER_ROOT"],
        poll_seconds=float(values["PARAMETER_POLL_SECONDS"]),
        drain_seconds=float(values["DRAIN_SECONDS"]),
    )
