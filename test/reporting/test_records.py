"""The reporting schema on a real PostgreSQL: one way in, and none to change what is there."""

import json
import uuid
from typing import Any

import alembic.command
import alembic.config
import psycopg
import pytest
from conftest import PROJECT, Cluster
from psycopg import errors


@pytest.fixture
def url(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    made = cluster.create()
    monkeypatch.setenv("DATABASE_URL", made)
    config = alembic.config.Config(PROJECT / "reporting" / "alembic.ini")
    alembic.command.upgrade(config, "head")
    alembic.command.upgrade(config, "head")
    return made


APPEND = "SELECT number, hash FROM reporting.append(%s, now(), %s, 'prod', 'ada', %s)"


def append(database: psycopg.Connection, body: dict[str, Any], event: str | None = None) -> tuple[int, str]:
    values = (event or str(uuid.uuid4()), "command", json.dumps(body))
    row = database.execute(APPEND, values).fetchone()
    assert row is not None
    return row[0], row[1]


def test_events_are_numbered_and_chained_and_the_same_one_is_taken_once(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        event = str(uuid.uuid4())
        first = append(database, {"a": 1}, event)
        second = append(database, {"a": 2})
        assert append(database, {"a": 1}, event) == first
        assert [first[0], second[0]] == [1, 2]
        rows = database.execute(
            "SELECT number, previous, hash FROM reporting.audit_event ORDER BY number"
        ).fetchall()
        assert rows == [(1, "", first[1]), (2, first[1], second[1])]


def test_an_event_brings_its_updates_and_its_incident_by_foreign_keys(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        opened = {
            "id": "i1",
            "cause": "c",
            "title": "t",
            "source": "ticket",
            "state": "opened",
            "update": "7",
        }
        body = {"updates": [{"update": "7", "message": "m", "result": "succeeded"}], "incident": opened}
        number, _ = append(database, body)
        entry = "SELECT incident, audit_number, update FROM reporting.incident_entry"
        assert database.execute(entry).fetchall() == [("i1", number, "7")]
        with pytest.raises(errors.ForeignKeyViolation):
            append(database, {"incident": {**opened, "id": "i2", "update": "99"}})


@pytest.mark.parametrize("table", ["audit_event", "stack_update", "incident", "incident_entry"])
def test_nobody_changes_or_empties_a_table_not_even_its_owner(url: str, table: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        incident = {"id": "i", "cause": "c", "title": "t", "source": "ticket", "state": "opened"}
        updates = [{"update": "1", "message": "m", "result": "succeeded"}]
        append(database, {"updates": updates, "incident": incident})
        for statement in (f"DELETE FROM reporting.{table}", f"TRUNCATE reporting.{table} CASCADE"):
            with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
                database.execute(statement.encode())
        column = "actor" if table == "audit_event" else "stack"
        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            database.execute(f"UPDATE reporting.{table} SET {column} = 'eve'".encode())


def test_a_writer_may_append_and_read_and_nothing_else(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SET ROLE reporting_writer")
        append(database, {})
        assert database.execute("SELECT count(*) FROM reporting.audit_event").fetchone() == (1,)
        with pytest.raises(errors.InsufficientPrivilege):
            database.execute("INSERT INTO reporting.incident VALUES ('i', 'p', 'c', 't', 'ticket', 1)")
        database.execute("RESET ROLE; SET ROLE reporting_reader")
        with pytest.raises(errors.InsufficientPrivilege):
            append(database, {})
