"""States of the targets of one target group, as Elastic Load Balancing tells them, over a given clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

#: Reason codes and their descriptions, as `DescribeTargetHealth` gives them (ELBv2 API, TargetHealth).
DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.Timeout": "Request timed out",
    "Target.ResponseCodeMismatch": "Health checks failed with an unexpected response code",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
}


@dataclass(frozen=True)
class Target:
    """One target: address, port, state and the reason code (none when healthy)."""

    id: str
    port: int
    state: str
    reason: str | None


class Targets:
    """The targets of one group. The caller says whether the group is in use, and holds the lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._registered: dict[tuple[str, int], Target] = {}
        self._draining: dict[tuple[str, int], float] = {}
        self._in_use = False

    def register(self, id: str, port: int) -> None:
        """A target that drains starts anew; one that is registered stays as it is."""
        self._draining.pop((id, port), None)
        self._registered.setdefault((id, port), _new(id, port))

    def deregister(self, id: str, port: int, delay_seconds: float) -> None:
        """Drains for the delay, then it is gone. An unknown target is no error: on AWS it is none either."""
        if self._registered.pop((id, port), None):
            self._draining[(id, port)] = self._clock() + delay_seconds

    def report(self, id: str, port: int, state: str, reason: str | None) -> bool:
        """Takes what a health check found. False: the target is not checked (gone, draining or unused)."""
        target = self._registered.get((id, port))
        if target is None or not self._in_use:
            return False
        self._registered[(id, port)] = replace(target, state=state, reason=reason)
        return True

    def observe(self, in_use: bool) -> list[Target]:
        """All targets now, draining ones too. Checks begin anew whenever the group comes into use."""
        if in_use and not self._in_use:
            self._registered = {key: _new(*key) for key in self._registered}
        self._in_use = in_use
        now = self._clock()
        self._draining = {key: until for key, until in self._draining.items() if until > now}
        unused = [Target(t.id, t.port, "unused", "Target.NotInUse") for t in self._registered.values()]
        leaving = [Target(*key, "draining", "Target.DeregistrationInProgress") for key in self._draining]
        return (list(self._registered.values()) if in_use else unused) + leaving


def _new(id: str, port: int) -> Target:
    return Target(id, port, "initial", "Elb.RegistrationInProgress")
