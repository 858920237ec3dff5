"""The backfill runner on a real PostgreSQL: killed, switched off, twice at once, against locks; and its
throttle."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from conftest import PROJECT, await_true
from running import ask, holding, people, printed, run

from migrations import safe
from migrations.safe.backfill.runner import Result, Runner
from migrations.safe.backfill.switch import AlwaysOn, ParameterSwitch, decide
from migrations.safe.backfill.throttle import LONGEST_PAUSE, SMALLEST, Bounds, Pressure, Throttle

__all__ = ["people"]

FIRST_NAMES = safe.Backfill(
    name="first-names",
    table="people",
    key="id",
    assign={"first": "split_part(name, ' ', 1) || CASE WHEN name LIKE '%:%' THEN '%' ELSE '' END"},
    pending="first IS NULL",
    flag="first-names",
)


@pytest.fixture
def expanded(people: str) -> str:
    run(people, lambda: safe.add_column("people", "first", "text"))
    return people


class Switched:
    """A flag in a test's hand."""

    def __init__(self) -> None:
        self.off: str | None = None

    def why_off(self) -> str | None:
        return self.off


@contextmanager
def runner(
    url: str, task: safe.Backfill = FIRST_NAMES, bounds: Bounds | None = None, patience: float = 0
) -> Iterator[tuple[Runner, Switched]]:
    engine = sqlalchemy.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"),
        poolclass=sqlalchemy.NullPool,
        isolation_level="AUTOCOMMIT",
    )
    switch = Switched()
    with engine.connect() as connection:
        yield Runner(connection, task, switch, Throttle(bounds or Bounds()), patience), switch


def backfill(url: str, **given: object) -> Result:
    with runner(url, **given) as (one, _):  # type: ignore[arg-type]
        return one.run()


def test_every_row_is_done_once_and_a_second_run_has_nothing_to_do(expanded: str) -> None:
    ask(expanded, "UPDATE people SET first = 'kept' WHERE id = 5 RETURNING 1")
    result = backfill(expanded)
    assert (result.outcome, result.rows, result.remaining) == ("finished", 999, 0)
    assert ask(expanded, "SELECT first, count(*) FROM people GROUP BY 1 ORDER BY 1") == [
        ("kept", 1),
        ("person", 999),
    ]
    again = backfill(expanded)
    assert (again.outcome, again.rows, again.reason) == ("finished", 0, "it was finished before")


def test_rows_that_come_back_undone_are_done_by_another_run(expanded: str) -> None:
    backfill(expanded)
    ask(expanded, "INSERT INTO people (name) VALUES ('of an older release') RETURNING 1")
    assert backfill(expanded).rows == 1


def test_rows_written_undone_during_a_pass_are_done_in_the_next(expanded: str) -> None:
    with runner(expanded, bounds=Bounds(batch=10)) as (one, _):
        original = one.throttle.after_batch
        wrote: list[int] = []

        def write_behind(rows: int, seconds: float) -> float:
            if not wrote:
                wrote.append(1)
                ask(expanded, "UPDATE people SET first = NULL WHERE id = 1 RETURNING 1")
            return original(rows, seconds)

        one.throttle.after_batch = write_behind  # type: ignore[method-assign]
        result = one.run()
    assert (result.outcome, result.passes, result.rows) == ("finished", 2, 1001)


def test_rows_that_never_get_done_end_it_after_three_passes(expanded: str) -> None:
    result = backfill(expanded, task=replace(FIRST_NAMES, assign={"first": "NULL"}))
    assert (result.outcome, result.remaining, result.passes) == ("unfinished", 1000, 1)
    assert "1000 rows are left after 3 passes" in result.reason


def test_the_flag_stops_it_within_one_batch_and_it_goes_on_from_there(expanded: str) -> None:
    with runner(expanded, bounds=Bounds(batch=10)) as (one, switch):
        one.throttle.after_batch = lambda rows, seconds: setattr(switch, "off", "switched off") or 0.0  # type: ignore
        result = one.run()
    assert (result.outcome, result.reason, result.rows, result.remaining) == (
        "stopped",
        "switched off",
        10,
        990,
    )
    assert ask(expanded, "SELECT max(id) FROM people WHERE first IS NOT NULL") == [(10,)]
    # It goes on behind the cursor: a row before it that is undone again waits for the next pass.
    rest = backfill(expanded)
    assert (rest.outcome, rest.rows, rest.passes) == ("finished", 990, 1)


def test_it_waits_for_its_flag_as_long_as_it_was_told(expanded: str) -> None:
    with runner(expanded, patience=10) as (one, switch):
        switch.off = "not yet"
        threading.Timer(0.3, lambda: setattr(switch, "off", None)).start()
        assert one.run().outcome == "finished"


def test_it_ends_where_it_is_when_told_to(expanded: str) -> None:
    with runner(expanded, bounds=Bounds(batch=10)) as (one, _):
        one.throttle.after_batch = lambda rows, seconds: one.ending.set() or 0.0  # type: ignore
        assert (one.run().outcome, one.run().outcome) == ("interrupted", "interrupted")


def test_two_runners_exclude_each_other(expanded: str) -> None:
    with psycopg.connect(expanded, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('backfill first-names'))")
        assert backfill(expanded).outcome == "held"
    assert backfill(expanded).outcome == "finished"


def test_a_locked_row_holds_it_up_and_nobody_else(expanded: str) -> None:
    with runner(expanded) as (one, _):
        results: list[Result] = []
        with holding(expanded, "UPDATE people SET age = 1 WHERE id = 500") as other:
            thread = threading.Thread(target=lambda: results.append(one.run()))
            thread.start()
            await_true(
                lambda: (
                    ask(expanded, "SELECT count(*) >= 480 FROM people WHERE first IS NOT NULL") == [(True,)]
                ),
                10,
                "it comes to the locked row",
            )
            # The rows before it are free, although it waits: it lets go after 50 ms each time.
            for _ in range(10):
                ask(expanded, "UPDATE people SET age = 2 WHERE id BETWEEN 490 AND 499 RETURNING 1")
            other.rollback()
        thread.join(10)
    assert results[0].outcome == "finished"


def test_a_lock_that_is_never_given_ends_it(expanded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrations.safe.backfill.runner.CONFLICTS", 2)
    with (
        holding(expanded, "UPDATE people SET age = 1 WHERE id = 1"),
        pytest.raises(
            safe.SafeMigrationError, match=r"rows of people after the beginning stayed locked over 3 tries"
        ),
    ):
        backfill(expanded)


def test_a_key_that_is_not_unique_is_refused(expanded: str) -> None:
    with pytest.raises(
        safe.SafeMigrationError, match=r"people\.age cannot be the key of the backfill first-names"
    ):
        backfill(expanded, task=replace(FIRST_NAMES, key="age"))


@pytest.mark.parametrize("wrong", [{"name": "First Names"}, {"assign": {}}, {"pending": " "}])
def test_a_declaration_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(safe.SafeMigrationError, match="this backfill cannot be"):
        replace(FIRST_NAMES, **wrong)  # type: ignore[arg-type]


def test_a_revision_that_needs_it_done_is_refused_with_the_rows_that_are_left(expanded: str) -> None:
    ask(expanded, "UPDATE people SET first = 'x' WHERE id > 3 RETURNING 1")
    with pytest.raises(
        safe.SafeMigrationError, match=r"3 rows of people are still to be done by the backfill first-names"
    ):
        run(expanded, lambda: safe.ensure_finished(FIRST_NAMES))
    script = printed(lambda: safe.ensure_finished(FIRST_NAMES)).split("statement_timeout = '2s';")[1]
    block = script.split("END $$;")[0] + "END $$"
    with pytest.raises(psycopg.errors.RaiseException, match=r"3 rows of people are still"):
        ask(expanded, block)
    run(expanded, lambda: safe.fill(FIRST_NAMES), lambda: safe.ensure_finished(FIRST_NAMES))
    assert ask(expanded, "SELECT first FROM people ORDER BY id LIMIT 4") == [("person",)] * 3 + [("x",)]


# The program itself, as a Job runs it.

REVISION = """
from migrations import safe
revision, down_revision = "5afe0001", None
first = {{"first": "split_part(name, ' ', 1)"}}
backfills = (safe.Backfill("first-names", "people", "id", first, "first IS NULL", "names"),)
def upgrade(): pass
def downgrade(): pass
"""


@pytest.fixture
def program(
    tmp_path: Path, expanded: str, parameter_store: str
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python -m migrations.safe.backfill`; every value that is left running is killed."""
    (tmp_path / "script" / "versions").mkdir(parents=True)
    (tmp_path / "script" / "versions" / "5afe0001_names.py").write_text(REVISION.format())
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/script\npath_separator = os\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "DATABASE_URL": expanded,
        "PARAMETER_ROOT": f"/{tmp_path.name}/",
        "AWS_ENDPOINT_URL": parameter_store,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    running: list[subprocess.Popen[str]] = []

    def start(*words: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "migrations.safe.backfill", *words],
            cwd=tmp_path,
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait(5)


ON = json.dumps(
    {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [True, "on", "off"]},
    }
)


def put(store: str, root: Path, name: str, value: str) -> None:
    client(store).put_parameter(Name=f"/{root.name}/{name}", Value=value, Type="String", Overwrite=True)


def client(store: str) -> Any:
    import boto3

    return boto3.client(
        "ssm",
        endpoint_url=store,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
    )


def test_a_killed_run_goes_on_where_it_was_and_no_row_is_done_twice(
    program: Callable[..., subprocess.Popen[str]], expanded: str, parameter_store: str, tmp_path: Path
) -> None:
    put(parameter_store, tmp_path, "flags/names", ON)
    with psycopg.connect(expanded) as session:
        session.execute(
            """
        CREATE TABLE writes (id bigint);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO writes VALUES (NEW.id); RETURN NEW; END $$;
        CREATE TRIGGER note AFTER UPDATE OF first ON people FOR EACH ROW EXECUTE FUNCTION note();
        """
        )
    first = program("first-names", "--rate", "300", "--patience", "20")
    await_true(lambda: ask(expanded, "SELECT count(*) >= 100 FROM writes") == [(True,)], 20, "it is at work")
    first.send_signal(signal.SIGKILL)
    first.wait(5)
    done = ask(expanded, "SELECT count(*) FROM writes")[0][0]
    assert isinstance(done, int)
    assert done < 1000
    second = program("first-names", "--patience", "20")
    output, said = second.communicate(timeout=20)
    assert second.returncode == 0, said
    assert json.loads(output)["rowsBackfilled"] == 1000 - done
    assert ask(expanded, "SELECT count(*), count(DISTINCT id) FROM writes") == [(1000, 1000)]


def test_the_kill_switch_stops_it_with_a_result(
    program: Callable[..., subprocess.Popen[str]], expanded: str, parameter_store: str, tmp_path: Path
) -> None:
    put(parameter_store, tmp_path, "flags/names", ON)
    process = program("first-names", "--rate", "100", "--batch", "10", "--flag", "names", "--patience", "1")
    await_true(
        lambda: ask(expanded, "SELECT count(*) > 0 FROM people WHERE first IS NOT NULL") == [(True,)],
        20,
        "it is at work",
    )
    put(parameter_store, tmp_path, "kill-switch", '{"flags": "off"}')
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 4
    result = json.loads(output)
    assert (result["outcome"], result["reason"]) == ("stopped", "the kill switch is on")
    assert result["remaining"] == 1000 - result["rowsBackfilled"]


def test_what_is_asked_wrongly_is_said_at_once(program: Callable[..., subprocess.Popen[str]]) -> None:
    for words, variables, said in (
        (("nothing",), {}, "no revision declares a backfill nothing; there are: first-names"),
        (("first-names", "--flag", "other"), {}, "the flag of first-names is names, and not other"),
        (("first-names", "--batch", "5"), {}, "--batch is 5; allowed is 10 to 100000"),
        (("first-names",), {"DATABASE_URL": ""}, "DATABASE_URL must be a postgresql:// URL"),
    ):
        process = program(*words, **variables)
        _, printed_ = process.communicate(timeout=20)
        assert process.returncode == 2
        assert said in printed_


def test_a_flag_that_cannot_be_read_is_off() -> None:
    switch = ParameterSwitch("/nowhere/", "names", "first-names")
    assert switch.why_off() == "its flag has not been read yet"
    switch.off = None
    assert switch.why_off() is None
    switch.read_at -= 60
    assert "was last read 60 s ago" in (switch.why_off() or "")
    assert AlwaysOn().why_off() is None


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"flags/names": ON}, None),
        ({}, "the flag names is not published"),
        ({"flags/names": ON.replace("[true", "[false")}, "the flag names is off"),
        ({"flags/names": "{"}, "the flag names is not readable"),
        ({"flags/names": ON, "kill-switch": "?"}, "the kill switch is on"),
    ],
)
def test_the_parameters_decide(parameters: dict[str, str], reason: str | None) -> None:
    said = decide(parameters, "names", "first-names")
    assert said is None if reason is None else (said or "").startswith(reason)


# The throttle, which decides and touches nothing.


def test_pieces_grow_while_they_are_quick_and_shrink_when_they_are_slow() -> None:
    throttle = Throttle(Bounds(batch=1000))
    for _ in range(20):
        throttle.after_batch(throttle.size, 0.001)
    assert throttle.size == 1000
    for _ in range(20):
        throttle.after_batch(throttle.size, 1.0)
    assert throttle.size == SMALLEST


def test_the_rate_is_kept_on_average() -> None:
    throttle = Throttle(Bounds(rate=500))
    assert throttle.after_batch(50, 0.02) == pytest.approx(0.08)
    assert throttle.size <= 50


@pytest.mark.parametrize(
    ("pressure", "reason"),
    [
        (Pressure(lag_seconds=6), "a replica is 6.0 s behind"),
        (Pressure(lag_bytes=100 * 1024 * 1024), "a replica is 100 MB behind"),
        (Pressure(waiting=3), "3 sessions wait for locks"),
    ],
)
def test_under_pressure_pauses_double_up_to_five_seconds_and_then_fade(
    pressure: Pressure, reason: str
) -> None:
    throttle = Throttle(Bounds())
    pauses = []
    for _ in range(12):
        assert throttle.under(pressure) == reason
        pauses.append(throttle.after_batch(100, 0.02))
    assert pauses[:3] == [0.05, 0.1, 0.2]
    assert pauses[-1] == LONGEST_PAUSE
    for _ in range(30):
        assert throttle.under(Pressure()) is None
    assert throttle.after_batch(100, 0.02) == 0
    assert throttle.after_conflict() > 0


def test_progress_is_shown(expanded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrations.safe.backfill.runner.SAY_SECONDS", 0.0)
    monkeypatch.setattr("migrations.safe.backfill.runner.LOOK_SECONDS", 0.0)
    lines: list[str] = []
    with runner(expanded) as (one, _):
        one.say = lines.append
        time.sleep(0)
        one.run()
    assert lines[0].startswith("first-names: pass 1: 0 of about ")
    assert "looked at" in lines[-1]
