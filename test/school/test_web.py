"""The web process of each release, as a pod."""

import http.client
import signal
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from conftest import RELEASES, REVISIONS, Image, Pod, await_true, migrate

Start = Callable[..., Pod]
Seeded = Callable[[str], str]

# Each release on its own schema, and on each later one: what it meets when it is rolled back to. A contract
# comes when no release that uses what it takes away can be rolled back to any more.
CONTRACT, FIRST_WITHOUT = REVISIONS[4], "1.4.0"
ON_SCHEMAS = [
    (version, revision)
    for version, own in RELEASES.items()
    for revision in REVISIONS[REVISIONS.index(own) :]
    if revision != CONTRACT or version >= FIRST_WITHOUT
]


@pytest.mark.parametrize(("version", "revision"), ON_SCHEMAS)
def test_a_release_works_on_its_schema_and_on_every_later_one(
    version: str, revision: str, start: Start, seeded: Seeded, images: dict[str, Image]
) -> None:
    url = seeded(revision)
    web = start(version, "web", url)
    renamed = web.request("/api/guardians/7", "PUT", {"full_name": "Maria von Adler"})
    assert renamed.status == 200
    guardian = web.request("/api/guardians/7")
    assert guardian.json["full_name"] == "Maria von Adler"
    assert guardian.json.get("family_name", "Adler") == "Adler"
    assert '"id":7' in web.request("/api/pupils/7").text
    added = web.request("/api/grades", "POST", {"pupil_id": 7, "subject": "maths", "value": 80})
    assert added.status == 202
    assert '"pupil_id":7' in added.text
    grades = web.request("/api/pupils/7/grades").json
    assert len(grades["grades"]) == 6
    assert grades["grades"][0]["value"] == 80
    assert web.request("/api/summary").json == {
        "pupils": 200,
        "guardians": 200,
        "waiting_jobs": 1,
        "version": version,
    }
    for path, status in (("/api/pupils/999", 404), ("/nowhere", 404), ("/ready", 200), ("/metrics", 200)):
        answer = web.request(path)
        assert answer.status == status
        assert answer.headers["x-release"] == images[version].digest
    assert web.end() == 0


def test_what_is_not_allowed_is_named(start: Start, seeded: Seeded) -> None:
    web = start("1.0.0", "web", seeded(REVISIONS[0]))
    answer = web.request("/api/grades", "POST", {"pupil_id": "7", "value": 101})
    assert answer.status == 422
    assert answer.json["error"] == "pupil_id must be a int; subject must be a str"
    answer = web.request("/api/grades", "POST", {"pupil_id": 7, "subject": "maths", "value": 101})
    assert answer.json["error"] == "value must be 0 to 100"
    assert web.request("/api/grades", "POST", "no object").status == 422
    assert web.request("/api/pupils/99999999999999999999").status == 404
    assert web.request("/api/pupils/1", "POST").status == 405


def test_a_process_without_its_variables_names_them_all(start: Start) -> None:
    web = start("1.0.0", "web", "mysql://x", wait=False, SLOT="red", PORT="0")
    assert web.process.wait(10) == 1
    said = web.log.read_text()
    assert "DATABASE_URL is not allowed as it is: must be a postgresql:// URL" in said
    assert "SLOT is not allowed as it is: must be blue or green" in said
    assert "PORT is not allowed as it is" in said


def test_the_new_release_believes_what_the_old_one_wrote_last(start: Start, seeded: Seeded) -> None:
    url = seeded(REVISIONS[1])
    old, new = start("1.0.0", "web", url), start("1.1.0", "web", url)
    new.request("/api/guardians/7", "PUT", {"full_name": "Maria Adler"})
    old.request("/api/guardians/7", "PUT", {"full_name": "Maria Brandt"})
    guardian = new.request("/api/guardians/7").json
    assert (guardian["given_name"], guardian["family_name"]) == ("Maria", "Brandt")


def test_a_table_that_is_locked_is_a_503_within_two_seconds(start: Start, seeded: Seeded) -> None:
    url = seeded(REVISIONS[0])
    web = start("1.0.0", "web", url)
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE pupils")
        began = time.monotonic()
        answer = web.request("/api/pupils/1")
        assert answer.status == 503
        assert time.monotonic() - began < 2
        assert web.request("/live").status == 200
    assert web.request("/api/pupils/1").status == 200


def test_without_a_database_it_starts_is_not_ready_and_answers_503_quickly(start: Start) -> None:
    web = start("1.0.0", "web", "postgresql://school@127.0.0.1:9/nowhere", wait=False)

    def live() -> bool:
        try:
            return web.request("/live").status == 200
        except OSError:
            return False

    await_true(live, 10, "it is live")
    began = time.monotonic()
    assert web.request("/ready").status == 503
    answer = web.request("/api/pupils/1")
    assert (answer.status, "x-release" in answer.headers) == (503, True)
    assert time.monotonic() - began < 4


def test_connections_that_the_database_has_ended_cost_no_reader_an_error(
    start: Start, seeded: Seeded
) -> None:
    url = seeded(REVISIONS[0])
    web = start("1.0.0", "web", url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'web-blue'"
        )
    assert web.request("/api/pupils/1").status == 200


def test_sigterm_finishes_what_is_in_flight_and_tells_connections_to_close(
    start: Start, seeded: Seeded
) -> None:
    url = seeded(REVISIONS[0])
    web = start("1.0.0", "web", url)
    idle = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    idle.request("GET", "/live")
    idle.getresponse().read()
    answers: list[int] = []
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE pupils")
        slow = threading.Thread(target=lambda: answers.append(web.request("/api/pupils/1").status))
        slow.start()
        time.sleep(0.2)
        web.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        idle.request("GET", "/ready")
        response = idle.getresponse()
        assert (response.status, response.getheader("connection")) == (503, "close")
        time.sleep(0.4)  # the listener has closed, and the slow request still waits
        assert answers == []
    slow.join(5)
    assert answers == [200]
    assert web.process.wait(5) == 0


def test_answers_are_counted_by_status(start: Start, seeded: Seeded) -> None:
    web = start("1.3.0-errors", "web", seeded(REVISIONS[2]))
    for number in range(1, 101):
        web.request(f"/api/pupils/{number}")
    metrics = web.request("/metrics").text
    assert 'http_requests_total{status="2xx"} 50.0' in metrics
    assert 'http_requests_total{status="5xx"} 50.0' in metrics
    assert "http_request_duration_seconds_count 100.0" in metrics


def test_a_faulty_release_fails_its_share_and_never_record_1(
    start: Start, seeded: Seeded, images: dict[str, Image]
) -> None:
    web = start("1.3.0-subtle", "web", seeded(REVISIONS[2]))
    answers = {number: web.request(f"/api/pupils/{number}") for number in range(1, 101)}
    assert sum(answer.status == 500 for answer in answers.values()) == 5
    assert answers[1].status == 200
    assert all(answer.headers["x-release"] == images["1.3.0-subtle"].digest for answer in answers.values())


def test_the_slow_and_the_crashing_release(start: Start, seeded: Seeded) -> None:
    url = seeded(REVISIONS[2])
    slow, crashing = start("1.3.0-slow", "web", url), start("1.3.0-crash", "web", url)
    began = time.monotonic()
    assert slow.request("/api/pupils/1").status == 200
    assert time.monotonic() - began < 0.5
    assert slow.request("/api/pupils/2").status == 200
    assert time.monotonic() - began > 0.8
    victim = next(number for number in range(100) if (number * 61 + 38) % 100 < 2)
    with pytest.raises(OSError):  # noqa: PT011 - whichever way the connection breaks
        crashing.request(f"/api/pupils/{victim}")
    assert crashing.process.wait(5) == 1


def test_a_downgraded_database_is_an_error_and_not_a_hang(start: Start, seeded: Seeded) -> None:
    url = seeded(REVISIONS[1])
    web = start("1.1.0", "web", url)
    migrate(url, "downgrade", REVISIONS[0])
    assert web.request("/api/guardians/1").status == 500
    assert web.request("/api/pupils/1").status == 200
