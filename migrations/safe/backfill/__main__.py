"""`python -m migrations.safe.backfill <name>`: runs a backfill that a revision declares, until no row is
left.

Reads DATABASE_URL, and the flag from the parameters below PARAMETER_ROOT. Progress goes to stderr, the
result as one JSON object to stdout. Exit codes: 0 finished; 1 unexpected; 2 usage; 4 stopped, its flag is
off; 5 rows are left after all passes; 7 another runner has it; 130 told to end.
"""

import argparse
import json
import os
import re
import signal
import sys
from typing import NoReturn

import sqlalchemy
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from ..database import SafeMigrationError
from .runner import Outcome, Result, Runner
from .switch import ParameterSwitch
from .task import Backfill, named
from .throttle import Bounds, Throttle

APPLICATION_NAME = "deployment-safety-backfill"
"""Name of the session in pg_stat_activity."""

EXIT_CODES: dict[Outcome, int] = {"finished": 0, "stopped": 4, "unfinished": 5, "held": 7, "interrupted": 130}


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m migrations.safe.backfill",
        description="Runs a backfill that a revision declares, until no row is left.",
        epilog="Reads DATABASE_URL and PARAMETER_ROOT. "
        "Exit codes: 0 finished, 1 unexpected, 2 usage, 4 stopped because "
        "its flag is off, 5 rows are left after all passes, 7 another runner has it, 130 told to end.",
    )
    parser.add_argument("name", help="name of the backfill")
    parser.add_argument("--config", default="alembic.ini", help="Alembic's settings (default: alembic.ini)")
    parser.add_argument(
        "--flag", help="its flag, as stack config names it; must be the one that the revision names"
    )
    parser.add_argument("--rate", type=positive, help="rows a second at most (default: no limit)")
    parser.add_argument("--batch", type=int, default=1000, help="rows of a transaction at most, 10 to 100000")
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds to wait while the flag is off (default: 0)"
    )
    return parser


def positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise ValueError(text)
    return number


def main() -> int:
    parser = arguments()
    given = parser.parse_args()
    if not 10 <= given.batch <= 100_000:
        parser.error(f"--batch is {given.batch}; allowed is 10 to 100000")
    url, root = os.environ.get("DATABASE_URL", ""), os.environ.get("PARAMETER_ROOT", "")
    if not re.match(r"postgres(ql)?://", url):
        parser.error("DATABASE_URL must be a postgresql:// URL")
    if not re.fullmatch(r"/(.*/)?", root):
        parser.error("PARAMETER_ROOT must be a path that begins and ends with a slash")
    try:
        task = named(ScriptDirectory.from_config(Config(given.config)), given.name)
    except SafeMigrationError as error:
        parser.error(str(error))
    flag = task.flag
    if flag is None or given.flag not in (None, flag):
        parser.error(
            f"the flag of {task.name} is {flag}, and not {given.flag}; a backfill runs under its own flag"
        )
    switch = ParameterSwitch(root, flag, task.name)
    switch.start()
    try:
        result = run(url, task, switch, Throttle(Bounds(batch=given.batch, rate=given.rate)), given.patience)
    except (DBAPIError, SafeMigrationError) as error:
        said = str(getattr(error, "orig", None) or error).strip()
        print(f"{task.name}: {without_password(said, url)}", file=sys.stderr)
        return 1
    finally:
        switch.stop()
    print(json.dumps(as_json(result)))
    print(f"{task.name}: {result.outcome}, {result.reason}; {result.rows} rows changed", file=sys.stderr)
    return EXIT_CODES[result.outcome]


def run(url: str, task: Backfill, switch: ParameterSwitch, throttle: Throttle, patience: float) -> Result:
    """Runs it on a session of its own; SIGTERM and SIGINT end it after the rows in hand."""
    engine = sqlalchemy.create_engine(
        re.sub(r"^postgres(ql)?:", "postgresql+psycopg:", url),
        poolclass=sqlalchemy.NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"application_name": APPLICATION_NAME, "connect_timeout": 5},
    )
    with engine.connect() as connection:
        runner = Runner(
            connection, task, switch, throttle, patience, lambda line: print(line, file=sys.stderr)
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: runner.ending.set())
        return runner.run()


def as_json(result: Result) -> dict[str, object]:
    return {
        "backfill": result.backfill,
        "outcome": result.outcome,
        "reason": result.reason,
        "rowsBackfilled": result.rows,
        "remaining": result.remaining,
        "seconds": round(result.seconds, 3),
        "rowsPerSecond": round(result.rows_per_second, 1),
        "passes": result.passes,
    }


def without_password(message: str, url: str) -> str:
    password = re.search(r"://[^/:@]*:(.*)@", url)
    return message.replace(password[1], "***") if password and password[1] else message


def end() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    end()
