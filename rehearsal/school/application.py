"""The web application: the API, the probes, the metrics, and what every answer has in common."""

import contextlib
import logging
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from school import grades, grading, guardians, pupils
from school.answers import Services, answer, services
from school.runtime import metrics
from school.runtime.database import UnavailableError

log = logging.getLogger(__name__)


async def ready(request: Request) -> Response:
    """GET /ready: may requests come here? Not while ending, not without the database."""
    if services(request).draining:
        return answer(request, {"status": "ending"}, 503)
    if not await services(request).database.ready():
        return answer(request, {"status": "the database does not answer"}, 503)
    return answer(request, {"status": "ready"})


async def live(request: Request) -> Response:
    """GET /live: does the process turn? It never asks the database, for a restart would not bring that
    back."""
    return answer(request, {"status": "live"})


async def exposition(_request: Request) -> Response:
    """GET /metrics"""
    content, kind = metrics.exposition()
    return Response(content, media_type=kind)


async def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return answer(request, {"error": error.detail}, error.status_code)


async def unavailable(request: Request, error: Exception) -> Response:
    return answer(request, {"error": f"the database is not available: {error}"}, 503)


async def failed(request: Request, error: Exception) -> Response:
    return answer(request, {"error": "internal error"}, 500)


def make_application(shared: Services) -> ASGIApp:
    """The application, which opens the pool and reads the parameters while it runs."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await shared.database.pool.open(wait=False)
        shared.flags.start()
        yield
        shared.flags.stop()
        await shared.database.pool.close(timeout=2)

    app = Starlette(
        routes=[
            *pupils.routes,
            *guardians.routes,
            *grades.routes,
            *grading.routes,
            Route("/ready", ready),
            Route("/live", live),
            Route("/metrics", exposition),
        ],
        exception_handlers={HTTPException: refused, UnavailableError: unavailable, Exception: failed},
        lifespan=lifespan,
    )
    app.state.services = shared
    return observed(app, shared)


def observed(app: ASGIApp, shared: Services) -> ASGIApp:
    """Counts and times the answers of the API, and closes connections while the process is ending."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if shared.draining:
                    # The load balancer must not send another request on this connection.
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await app(scope, receive, note)
        except Exception:
            # It has been answered with 500.
            log.exception("%s %s failed", scope["method"], scope["path"])
        if scope["path"].startswith("/api/"):
            metrics.BY_STATUS[status // 100].inc()
            metrics.DURATION.observe(time.perf_counter() - started)

    return call
