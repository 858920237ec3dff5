"""The web process: `python -m school.web`."""

import asyncio
import logging
from types import FrameType

import uvicorn

from school.answers import Services
from school.application import make_application
from school.runtime.database import Database, make_pool
from school.runtime.flags import Flags
from school.runtime.settings import Settings, read_settings

KEEP_ALIVE_SECONDS = 75
"""Longer than the 60 s for which the load balancer keeps an idle connection: it must be the one that closes,
or a request on a connection that we close at that moment is lost."""

GRACEFUL_SECONDS = 20
"""Limit for requests in flight once the listener is closed."""


class Server(uvicorn.Server):
    """On SIGTERM: not ready at once, `Connection: close` on every answer, and after DRAIN_SECONDS the
    listener closes."""

    def __init__(self, config: uvicorn.Config, shared: Services) -> None:
        super().__init__(config)
        self.shared = shared
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second signal ends it at once. The signal is not raised again at the end: this is an orderly
        exit, code 0."""
        if self.shared.draining or self.loop is None:
            self.should_exit = True
            return
        self.shared.draining = True
        delay = self.shared.settings.drain_seconds
        self.loop.call_soon_threadsafe(self.loop.call_later, delay, setattr, self, "should_exit", True)


def main(settings: Settings) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    shared = Services(
        settings=settings,
        database=Database(make_pool(settings.database_url, f"web-{settings.slot}")),
        flags=Flags(settings.parameter_root, settings.poll_seconds),
    )
    config = uvicorn.Config(
        make_application(shared),
        host=settings.host,
        port=settings.port,
        headers=[("X-Release", settings.digest)],
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    Server(config, shared).run()


if __name__ == "__main__":
    main(read_settings())
