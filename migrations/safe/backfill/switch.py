"""Whether a backfill may go on: the small interface, and the one over a stack's parameters."""

import json
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol


class Switch(Protocol):
    """Asked before every batch, so it answers from memory."""

    def why_off(self) -> str | None:
        """Why the backfill must not go on now; None if it may."""


class AlwaysOn:
    """For a measurement, or a database that nobody uses."""

    def why_off(self) -> str | None:
        return None


STALE_SECONDS = 15.0
"""A flag that was not read for this long counts as off: nobody could switch it off now."""


class ParameterSwitch:
    """A feature flag in flagd's format and the kill switch, from SSM parameters below a root.

    A thread reads `<root>kill-switch` and `<root>flags/<flag>` every `poll_seconds`, by path as the
    application does. Off are: a flag that is absent, unreadable, stale or not on for a backfill; and any
    flag while there is a kill switch.
    """

    def __init__(self, root: str, flag: str, backfill: str, poll_seconds: float = 1.0) -> None:
        self.root, self.flag, self.backfill, self.poll_seconds = root, flag, backfill, poll_seconds
        self.off: str | None = "its flag has not been read yet"
        self.read_at = time.monotonic()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._poll, name="parameters", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()

    def why_off(self) -> str | None:
        age = time.monotonic() - self.read_at
        if self.off is None and age > STALE_SECONDS:
            return f"its flag was last read {age:.0f} s ago"
        return self.off

    def _poll(self) -> None:
        store: Any = None
        while not self.ended.is_set():
            try:
                store = store or parameter_store()
                self.off = decide(read(store, self.root, self.flag), self.flag, self.backfill)
                self.read_at = time.monotonic()
            except Exception as fault:  # noqa: BLE001 - whatever it is, the next read may succeed; too old is off
                if self.off is not None:
                    self.off = f"its flag cannot be read: {type(fault).__name__}"
            self.ended.wait(self.poll_seconds)


def decide(parameters: Mapping[str, str], flag: str, backfill: str) -> str | None:
    """Why the parameters say that the backfill must not go on; None if it may."""
    if "kill-switch" in parameters:
        return "the kill switch is on"
    text = parameters.get(f"flags/{flag}")
    if text is None:
        return f"the flag {flag} is not published"
    try:
        is_on = evaluate(json.loads(text), flag, backfill)
    except Exception as fault:  # noqa: BLE001 - a flag that cannot be understood is off
        return f"the flag {flag} is not readable: {type(fault).__name__}"
    return None if is_on else f"the flag {flag} is off"


def evaluate(definition: Any, flag: str, backfill: str) -> bool:
    """A flag in flagd's format, for the "person" `backfill/<name>` of the role `backfill`."""
    from openfeature.contrib.tools.flagd.core import FlagdCore
    from openfeature.evaluation_context import EvaluationContext

    core = FlagdCore()
    core.set_flags({"flags": {flag: definition}})
    context = EvaluationContext(f"backfill/{backfill}", {"role": "backfill"})
    return core.resolve_boolean_value(flag, False, context).value is True


def parameter_store() -> Any:
    """A client of SSM Parameter Store."""
    import botocore.config
    import botocore.session

    return botocore.session.get_session().create_client(
        "ssm",
        region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        config=botocore.config.Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    )


def read(store: Any, root: str, flag: str) -> dict[str, str]:
    """Kill switch and flag, by their names below the root."""
    found = store.get_parameters(Names=[f"{root}kill-switch", f"{root}flags/{flag}"])
    return {one["Name"].removeprefix(root): one["Value"] for one in found["Parameters"]}
