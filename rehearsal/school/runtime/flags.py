"""Feature flags and kill switch, read from the stack's parameters and evaluated by flagd's rules through
OpenFeature.

A thread reads `<root>kill-switch` and `<root>flags/<name>` every few seconds. Without an answer the last
values hold; before the first answer every flag is off and no worker takes a job.
"""

import hashlib
import json
import logging
import os
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openfeature import api
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider, Metadata

log = logging.getLogger(__name__)

Definition = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """What the parameters said when they were last read."""

    flags: Mapping[str, Definition]
    flags_off: bool
    """The kill switch: every flag that is not of low risk is off."""
    stopped: frozenset[str]
    """The kill switch: slots whose workers take no job."""


def understand(parameters: Mapping[str, str]) -> Published:
    """Reads parameters by their names below the root. One that cannot be read is no flag, or a switch that
    stops everything."""
    flags: dict[str, Definition] = {}
    for name, value in parameters.items():
        folder, _, flag = name.rpartition("/")
        if folder != "flags":
            continue
        try:
            FlagdCore().set_flags({"flags": {flag: json.loads(value)}})  # refuses what flagd does not know
            flags[flag] = json.loads(value)
        except (ValueError, TypeError, AttributeError, OpenFeatureError) as fault:
            log.error("flag %s is not readable and therefore off: %s", flag, fault)
    if "kill-switch" not in parameters:
        return Published(flags, flags_off=False, stopped=frozenset())
    try:
        switch = json.loads(parameters["kill-switch"])
        return Published(flags, switch.get("flags") == "off", frozenset(switch.get("workers", ())))
    except (ValueError, TypeError, AttributeError) as fault:
        log.error("the kill switch is not readable, so everything is stopped: %s", fault)
        return Published(flags, flags_off=True, stopped=frozenset(("blue", "green")))


def in_force(published: Published) -> dict[str, Definition]:
    """The definitions to evaluate: under the kill switch, a flag that is not marked as of low risk is off for
    everybody."""
    return {
        name: {key: value for key, value in flag.items() if key != "targeting"} | {"defaultVariant": "off"}
        if published.flags_off and flag.get("metadata", {}).get("risk") != "low"
        else dict(flag)
        for name, flag in published.flags.items()
    }


BUCKETS = 100_000


def bucket_of(flag: str, person: str) -> int:
    """Bucket of a person for one flag, as the program that publishes the flags counts it: a share of people
    must stay the same people whatever process, language or library asks."""
    return int.from_bytes(hashlib.sha256(f"{flag}/{person}".encode()).digest()[:4]) * BUCKETS >> 32


class ParameterProvider(AbstractProvider):
    """OpenFeature provider over flagd's evaluator, fed from parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.core = FlagdCore()

    def get_metadata(self) -> Metadata:
        return Metadata(name="parameters")

    def publish(self, flags: dict[str, Definition]) -> None:
        """Replaces all flags at once."""
        self.core.set_flags({"flags": flags})

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        return self.core.resolve_boolean_value(flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        return self.core.resolve_string_value(flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        return self.core.resolve_integer_value(flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        return self.core.resolve_float_value(flag_key, default_value, evaluation_context)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        return self.core.resolve_object_value(flag_key, default_value, evaluation_context)


class Flags:
    """The flags of this process, kept fresh by a thread."""

    def __init__(self, root: str, poll_seconds: float) -> None:
        self.root = root
        self.poll_seconds = poll_seconds
        self.published: Published | None = None
        self.ended = threading.Event()
        self.provider = ParameterProvider()
        api.set_provider(self.provider)
        self.client = api.get_client()

    def start(self) -> None:
        threading.Thread(target=self.poll, name="parameters", daemon=True).start()

    def stop(self) -> None:
        self.ended.set()

    def is_on(self, flag: str, person: str, role: str = "", cohort: str = "") -> bool:
        """Whether `person` has the feature; false where the flag is absent or cannot be evaluated."""
        context = EvaluationContext(
            person, {"role": role, "cohort": cohort, "bucket": bucket_of(flag, person)}
        )
        return self.client.get_boolean_value(flag, False, context)

    def may_work(self, slot: str) -> bool:
        """Whether a worker of `slot` may take a job: the kill switch has been read and does not name the
        slot."""
        return self.published is not None and slot not in self.published.stopped

    def poll(self) -> None:
        store: Any = None
        while not self.ended.is_set():
            try:
                store = store or parameter_store()
                self.take(dict(read(store, self.root)))
            except Exception as fault:  # noqa: BLE001 - whatever it is, the last values hold and the next read may succeed
                log.warning("the parameters were not read, the last values hold: %s", fault)
            self.ended.wait(self.poll_seconds * random.uniform(0.9, 1.0))

    def take(self, parameters: Mapping[str, str]) -> None:
        published = understand(parameters)
        self.provider.publish(in_force(published))
        self.published = published


def parameter_store() -> Any:
    """A client of SSM Parameter Store; imported here because the import and the client cost a start 0.2 s of
    CPU."""
    import botocore.config
    import botocore.session

    return botocore.session.get_session().create_client(
        "ssm",
        region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        # Seconds; the next poll is the retry.
        config=botocore.config.Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    )


def read(store: Any, root: str) -> Iterator[tuple[str, str]]:
    """Kill switch and flags, by names below the root. Not all below it: evidence and refused digests pile up
    there."""
    switch = store.get_parameters(Names=[f"{root}kill-switch"])
    for parameter in switch["Parameters"]:
        yield parameter["Name"].removeprefix(root), parameter["Value"]
    pages = store.get_paginator("get_parameters_by_path").paginate(Path=f"{root}flags/", Recursive=True)
    for page in pages:
        for parameter in page["Parameters"]:
            yield parameter["Name"].removeprefix(root), parameter["Value"]
