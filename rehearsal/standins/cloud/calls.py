"""Writes down which AWS calls each command made.

A command's access key is its name, the AWS provider's `pulumi`, everybody else's is `rehearsal`. The
rehearsal compares the calls with docs/permissions, so that one which no policy document allows is found here
and not in an account where it is denied. A pair of caller and call is written once, to file `CLOUD_CALLS`.
"""

import os
import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

#: Names that a signature has for a service where its permissions are called otherwise.
PREFIXES = {"monitoring": "cloudwatch"}


def recorded(application: Application) -> Application:
    """The application, with the calls of commands written down."""
    path = os.environ.get("CLOUD_CALLS", "")
    known: set[str] = set()

    def record(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        scope = re.search(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        if path and scope and scope[1] != "rehearsal":
            name = action(environ)
            line = f"{scope[1]} {PREFIXES.get(scope[2], scope[2])}:{name}\n"
            if name and line not in known:
                known.add(line)
                with open(path, "a", encoding="utf-8") as file:
                    file.write(line)
        return application(environ, start)

    return record


def action(environ: dict[str, Any]) -> str:
    """The call's name, wherever its protocol has it: a header, the path, or the form.

    Empty for the paths of a REST service such as AWS Backup; a test of the SDK's calls has those.
    """
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target).rpartition(".")[2]
    operation = re.search(r"/operation/(\w+)$", environ.get("PATH_INFO", ""))
    if operation:
        return operation[1]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return parse_qs(bytes(body).decode("utf-8", "replace")).get("Action", [""])[0]
