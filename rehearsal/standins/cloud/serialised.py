"""moto answers each request in a thread of its own, and its check-then-set would let two callers both win."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

_lock = threading.RLock()


def serialised(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Lets one request at a time through all handlers so marked. None of them may call over the network."""

    @wraps(handler)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return handler(*args, **kwargs)

    return locked
