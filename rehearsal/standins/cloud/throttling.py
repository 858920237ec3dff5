"""Throttling on demand: the next calls of some actions are answered with an error, as AWS does under load."""

import json
import random
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.moto_api._internal.urls import url_paths
from serialised import serialised

_call = BaseResponse.call_action


class Throttle:
    """Which actions, how many calls of them, and what share of these."""

    actions: tuple[str, ...] = ()
    calls = 0
    share = 1.0
    #: Calls that were throttled since it was set.
    hit = 0

    def hits(self, action: str) -> bool:
        """Whether this call is throttled; it counts."""
        if action not in self.actions or self.calls <= 0 or random.random() >= self.share:
            return False
        self.calls, self.hit = self.calls - 1, self.hit + 1
        return True


_now = Throttle()


def call_action(self: BaseResponse) -> Any:
    if not _now.hits(self._get_action()):
        return _call(self)
    # moto looks for the error among those of the service that it finds by the name of the exception's module
    error = type("Throttled", (ServiceException,), {"__module__": type(self).__module__})
    return self.serialized(ActionResult(error("ThrottlingException", "Rate exceeded")))


@serialised
def throttle(request: Any, full_url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """`PUT /moto-api/throttling`: `{ actions, calls, share }`; `GET`: hit and to go, `{ hit, calls }`."""
    global _now
    if request.method == "PUT":
        asked, _now = json.loads(request.get_data()), Throttle()
        _now.actions, _now.calls = tuple(asked["actions"]), int(asked["calls"])
        _now.share = float(asked.get("share", 1))
    return 200, {"Content-Type": "application/json"}, json.dumps({"hit": _now.hit, "calls": _now.calls})


def extend() -> None:
    """Puts it into moto; call it before what wraps `call_action` for one service."""
    BaseResponse.call_action = call_action
    url_paths["{0}/moto-api/throttling"] = throttle
