"""The worker's probes and metrics over HTTP, in a thread."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from school.runtime import metrics
from school.runtime.settings import Settings


def serve_probes(settings: Settings, ready: Callable[[], bool]) -> ThreadingHTTPServer:
    """Serves /ready, /live and /metrics on the pod's address; `ready` is asked for each /ready."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Seconds; a client that sends nothing holds a thread no longer.
        timeout = 75

        def do_GET(self) -> None:
            if self.path == "/metrics":
                content, kind = metrics.exposition()
                self.reply(200, content, kind)
            elif self.path == "/live":
                self.status(200, "live")
            elif self.path == "/ready":
                up = ready()
                self.status(200 if up else 503, "ready" if up else "not ready")
            else:
                self.status(404, "there is no such path")

        def status(self, code: int, text: str) -> None:
            body = json.dumps({"status": text, "version": settings.version})
            self.reply(code, body.encode(), "application/json")

        def reply(self, code: int, content: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("X-Release", settings.digest)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """No access log."""

    server = ThreadingHTTPServer((settings.host, settings.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server
