"""The rehearsal's AWS control plane: moto with what it lacks. `CLOUD_PORT` is its port on 127.0.0.1."""

import logging
import os
import signal
import sys

import calls
import cloudwatch
import elbv2
import ssm
import throttling
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple


def main() -> None:
    port = os.environ.get("CLOUD_PORT", "")
    if not port.isdigit():
        sys.exit(f"CLOUD_PORT is '{port}': set it to the port on 127.0.0.1 that the cloud is to listen on.")
    os.environ["MOTO_PORT"] = port  # moto's own requests to itself go there
    for service in (throttling, cloudwatch, elbv2, ssm):
        service.extend()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    MotoRequestHandler.log_request = lambda *_: None  # the proxy alone would make ten lines a second
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    print(f"cloud listens on http://127.0.0.1:{port}", file=sys.stderr, flush=True)
    application = DomainDispatcherApplication(create_backend_app)
    run_simple(
        "127.0.0.1", int(port), calls.recorded(application), threaded=True, request_handler=MotoRequestHandler
    )


if __name__ == "__main__":
    main()
