"""The worker: every job exactly once, whatever happens to workers and database meanwhile."""

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import psycopg
import pytest
from conftest import REVISIONS, Image, Pod, await_true

Start = Callable[..., Pod]
Seeded = Callable[[str], str]
ROOT = "/deployment-safety/prod/"


@pytest.fixture
def store(parameter_store: str) -> Any:
    """A client of the parameter store, which is empty at first."""
    client = boto3.client(
        "ssm",
        endpoint_url=parameter_store,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the stand-in takes any
    )
    found = client.get_parameters_by_path(Path="/", Recursive=True)["Parameters"]
    for parameter in found:
        client.delete_parameter(Name=parameter["Name"])
    return client


def enqueue(url: str, count: int, pupils: int = 200) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO jobs (pupil_id) SELECT 1 + n %% %s FROM generate_series(1, %s) n", (pupils, count)
        )


def number(url: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def done(url: str) -> int:
    return number(url, "SELECT count(*) FROM job_results")


def test_a_worker_that_is_killed_in_the_middle_loses_nothing_and_does_nothing_twice(
    start: Start, seeded: Seeded, parameter_store: str, store: Any, images: dict[str, Image]
) -> None:
    url = seeded(REVISIONS[2])
    # Each job takes long enough that the kill meets one: its transaction waits before its result is stored.
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END';
            CREATE TRIGGER slow BEFORE INSERT ON job_results FOR EACH ROW EXECUTE FUNCTION slow()
            """
        )
    killed, other = (
        start("1.2.0", "worker", url, slot=slot, AWS_ENDPOINT_URL=parameter_store)
        for slot in ("blue", "green")
    )
    enqueue(url, 200)
    await_true(lambda: done(url) >= 30, 15, "the workers work")
    killed.process.kill()
    killed.process.wait(5)
    assert done(url) < 200, "the kill came too late to prove anything"
    await_true(
        lambda: number(url, "SELECT count(*) FROM jobs WHERE state = 'waiting'") == 0, 20, "all is done"
    )
    assert done(url) == number(url, "SELECT count(*) FROM jobs WHERE state = 'done'") == 200
    assert number(url, "SELECT count(DISTINCT slot) FROM job_results") == 2
    with psycopg.connect(url) as connection:
        digests = connection.execute("SELECT DISTINCT release_digest FROM job_results").fetchall()
    assert digests == [(images["1.2.0"].digest,)]
    greens = number(url, "SELECT count(*) FROM job_results WHERE slot = 'green'")
    metrics = other.request("/metrics").text
    assert f'jobs_total{{result="ok"}} {greens}.0' in metrics
    assert 'jobs_total{result="failed"} 0.0' in metrics, "a job was taken by both"
    assert other.end() == 0


def test_a_failing_job_is_tried_again_and_does_not_hold_up_the_others(
    start: Start, seeded: Seeded, parameter_store: str, store: Any
) -> None:
    url = seeded(REVISIONS[2])
    worker = start("1.3.0-worker", "worker", url, AWS_ENDPOINT_URL=parameter_store)
    enqueue(url, 100)
    await_true(lambda: done(url) == 50, 15, "the good half is done")
    await_true(
        lambda: number(url, "SELECT count(*) FROM jobs WHERE attempts > 0") == 50, 10, "the others were tried"
    )
    assert (
        number(url, "SELECT count(*) FROM jobs WHERE state = 'waiting' AND fault LIKE 'RuntimeError%'") == 50
    )
    assert 'jobs_total{result="failed"} ' in worker.request("/metrics").text
    assert 'jobs_total{result="failed"} 0.0' not in worker.request("/metrics").text


def test_the_kill_switch_stops_the_workers_of_its_slots_only(
    start: Start, seeded: Seeded, parameter_store: str, store: Any
) -> None:
    url = seeded(REVISIONS[0])
    switch = {"flags": "off", "workers": ["green"], "reason": "test", "at": "2026-01-01T00:00:00Z"}
    store.put_parameter(Name=f"{ROOT}kill-switch", Value=json.dumps(switch), Type="String")
    green = start("1.0.0", "worker", url, slot="green", AWS_ENDPOINT_URL=parameter_store)
    enqueue(url, 10)
    time.sleep(1.5)
    assert done(url) == 0
    assert green.request("/ready").status == 200
    blue = start("1.0.0", "worker", url, slot="blue", AWS_ENDPOINT_URL=parameter_store)
    await_true(lambda: done(url) == 10, 10, "blue works")
    blue.end()
    store.delete_parameter(Name=f"{ROOT}kill-switch")
    enqueue(url, 10)
    await_true(lambda: done(url) == 20, 10, "green works again")


def test_a_worker_that_has_never_read_the_kill_switch_takes_no_job(start: Start, seeded: Seeded) -> None:
    url = seeded(REVISIONS[0])
    enqueue(url, 1)
    worker = start("1.0.0", "worker", url)
    time.sleep(1)
    assert done(url) == 0
    assert worker.request("/live").status == 200
    assert worker.end() == 0


def test_a_worker_survives_the_loss_of_its_connection(
    start: Start, seeded: Seeded, parameter_store: str, store: Any
) -> None:
    url = seeded(REVISIONS[0])
    start("1.0.0", "worker", url, AWS_ENDPOINT_URL=parameter_store)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'worker-blue'"
        )
    enqueue(url, 5)
    await_true(lambda: done(url) == 5, 10, "it works again")


def test_flags_follow_parameters_and_kill_switch_and_outlive_the_store(
    start: Start, seeded: Seeded, parameter_store: str, store: Any
) -> None:
    def gradebook(**headers: str) -> str:
        sent = {f"x-{name}": value for name, value in headers.items()}
        return str(web.request("/api/pupils/1/grades", headers=sent).json["gradebook"])

    web = start("1.2.0", "web", seeded(REVISIONS[2]), AWS_ENDPOINT_URL=parameter_store)
    assert gradebook(role="teacher") == "v1"
    flag = {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [{"in": [{"var": "role"}, ["teacher"]]}, "on", "off"]},
        "metadata": {"risk": "high"},
    }
    store.put_parameter(Name=f"{ROOT}flags/gradebook-v2", Value=json.dumps(flag), Type="String")
    await_true(lambda: gradebook(role="teacher") == "v2", 5, "the flag is on for teachers")
    assert gradebook(role="pupil") == "v1"
    assert web.request("/api/weights", headers={"x-role": "teacher"}).json["weights"]["maths"] == 2
    assert web.request("/api/weights").status == 404
    store.put_parameter(Name=f"{ROOT}kill-switch", Value='{"flags": "off", "workers": []}', Type="String")
    await_true(lambda: gradebook(role="teacher") == "v1", 5, "the kill switch is off for everybody")
    assert web.request("/api/pupils/1/grades").status == 200


def test_a_flag_switches_where_a_guardians_name_is_read(
    start: Start, seeded: Seeded, parameter_store: str, store: Any
) -> None:
    url = seeded(REVISIONS[1])
    with psycopg.connect(url, autocommit=True) as session:
        # As 1.0.0 writes: the parts are old then, and whether they count is the flag's to say.
        session.execute(
            "UPDATE guardians SET full_name = 'Bo Ek', given_name = 'Ada', family_name = 'Adler' WHERE id = 1"
        )
        session.execute(
            "UPDATE guardians SET full_name = 'Cleo', given_name = NULL, family_name = NULL WHERE id = 2"
        )

    def name(guardian: int) -> str:
        return str(web.request(f"/api/guardians/{guardian}").json["full_name"])

    web = start("1.1.0", "web", url, AWS_ENDPOINT_URL=parameter_store)
    assert name(1) == "Bo Ek"
    flag = {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [True, "on", "off"]},
    }
    store.put_parameter(Name=f"{ROOT}flags/guardian-names", Value=json.dumps(flag), Type="String")
    await_true(lambda: name(1) == "Ada Adler", 5, "the parts count")
    assert name(2) == "Cleo", "a name that the backfill has not come to is read as before"
