"""safe_downgrade() on a real PostgreSQL: what is kept comes back, what would be lost is counted and
refused."""

import argparse
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.util import CommandError
from conftest import Cluster, alembic_config, await_true
from running import ask, holding, people, printed, quick, run

from migrations import safe
from migrations.safe.loss import parse
from migrations.safe.rows import keyset_paging, preserved_values

__all__ = ["people", "quick"]


def up() -> None:
    safe.add_column("people", "first", "text")
    safe.add_column("people", "points", "integer", default=0)


def down(**given: object) -> Callable[[], None]:
    def step() -> None:
        with safe.safe_downgrade("5afe0001") as one:
            one.drop_columns("people", "first", "points", **given)  # type: ignore[arg-type]

    return step


KEEPING = down(keep_by="id", valid_while=("name",))


@pytest.fixture
def written(people: str) -> str:
    """A database in which the new release has written."""
    run(people, up)
    ask(people, "UPDATE people SET first = 'F' || id, points = id WHERE id <= 10 RETURNING 1")
    return people


def test_what_was_kept_is_put_back_where_the_row_is_still_the_same(written: str) -> None:
    run(written, KEEPING)
    ask(written, "UPDATE people SET name = 'renamed' WHERE id = 2 RETURNING 1")
    ask(written, "DELETE FROM people WHERE id = 3 RETURNING 1")
    ask(written, "INSERT INTO people (id, name) VALUES (5000, 'written by the old release') RETURNING 1")
    run(written, up)
    assert ask(
        written, "SELECT id, first, points FROM people WHERE id IN (1, 2, 3, 4, 11, 5000) ORDER BY id"
    ) == [
        (1, "F1", 1),
        (2, None, 0),
        (4, "F4", 4),
        (11, None, 0),
        (5000, None, 0),
    ]
    assert ask(written, "SELECT count(*) FROM migration_state.kept") == [(0,)]


def test_what_is_written_while_it_is_copied_is_kept_too(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preserved_values, "BATCH_ROWS", 100)
    bound, calls = keyset_paging.bound, iter(range(1000))

    def write_between(*given: object) -> str | None:
        if next(calls) == 5:
            # Rows behind and before the one that the copy has reached.
            ask(written, "UPDATE people SET first = 'late' WHERE id IN (1, 900) RETURNING 1")
            ask(written, "UPDATE people SET first = NULL, points = NULL WHERE id = 2 RETURNING 1")
            ask(written, "DELETE FROM people WHERE id = 3 RETURNING 1")
        return bound(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(keyset_paging, "bound", write_between)
    run(written, KEEPING, up)
    assert ask(written, "SELECT id, first FROM people WHERE id IN (1, 2, 3, 4, 900) ORDER BY id") == [
        (1, "late"),
        (2, None),
        (4, "F4"),
        (900, "late"),
    ]


def test_a_downgrade_that_would_lose_values_says_how_many_and_does_nothing(
    written: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cluster.dump(written)
    said = r"the downgrade of 5afe0001 would lose 1000 values of first, points in people; nothing was changed"
    with pytest.raises(safe.SafeMigrationError, match=said):
        run(written, down())
    monkeypatch.setenv("MIGRATION_APPROVE_LOSS", "5afe0001:9, other:5000")
    with pytest.raises(safe.SafeMigrationError, match="only 9 were approved"):
        run(written, down(lost_where="first IS NOT NULL"))
    assert cluster.dump(written) == before
    monkeypatch.setenv("MIGRATION_APPROVE_LOSS", "5afe0001:10")
    run(written, down(lost_where="first IS NOT NULL"))
    assert ask(written, "SELECT count(*) FROM pg_attribute WHERE attname = 'first'") == [(0,)]
    # A run that was killed after the columns were gone has nothing left to lose.
    monkeypatch.delenv("MIGRATION_APPROVE_LOSS")
    run(written, down())


def test_one_refusal_holds_back_the_whole_downgrade(written: str) -> None:
    def step() -> None:
        with safe.safe_downgrade("5afe0001") as one:
            one.drop_columns("people", "points", lost_where="false")
            one.drop_table("towns", keep=False)

    with pytest.raises(safe.SafeMigrationError, match="would lose 10 rows of towns"):
        run(written, step)
    assert ask(written, "SELECT sum(points) FROM people") == [(55,)]


def test_printed_statements_refuse_what_they_cannot_keep(written: str) -> None:
    script = printed(KEEPING)
    block = script[script.index("DO $$") : script.index("END $$") + len("END $$")]
    with pytest.raises(
        psycopg.errors.RaiseException, match=r"would lose 1000 rows .*printed statements keep nothing"
    ):
        ask(written, block)


@pytest.mark.parametrize("text", ["5afe0001", "5afe0001:many", ":3"])
def test_an_approval_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(safe.SafeMigrationError, match=r"approves nothing; allowed is <revision>:<rows>"):
        parse([f"approve-loss={text}"], {})
    assert parse(["approve-loss=a1:2", "other=3"], {"MIGRATION_APPROVE_LOSS": "b2:5"}) == {"a1": 2, "b2": 5}


def visits() -> None:
    safe.create_table(
        "visits",
        {
            "id": "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            "person_id": "bigint NOT NULL REFERENCES people",
            "note": "text",
        },
        references=["people"],
    )


def no_visits() -> None:
    with safe.safe_downgrade("5afe0002") as one:
        one.drop_table("visits")


def test_a_table_comes_back_with_its_rows_and_goes_on_numbering(people: str) -> None:
    run(people, visits)
    ask(people, "INSERT INTO visits (person_id) SELECT id FROM people RETURNING 1")
    run(people, no_visits)
    assert ask(people, "SELECT to_regclass('visits') IS NULL") == [(True,)]
    # Rows that are put aside hold nobody back.
    ask(people, "UPDATE people SET id = -1 WHERE id = 5 RETURNING 1")
    with pytest.raises(
        safe.SafeMigrationError, match="rows of visits that a downgrade kept point to rows that are gone"
    ):
        run(people, visits)
    ask(people, "DELETE FROM migration_state.table_visits WHERE person_id = 5 RETURNING 1")
    run(people, visits)
    assert ask(people, "INSERT INTO visits (person_id) VALUES (1) RETURNING id") == [(1001,)]
    assert ask(people, "SELECT count(*) FROM visits") == [(1000,)]


def test_values_cannot_be_kept_by_a_column_that_is_no_key(written: str) -> None:
    with pytest.raises(
        safe.SafeMigrationError, match=r"people\.age cannot be the key by which values are kept"
    ):
        run(written, down(keep_by="age"))


# A long transaction holds the table.


def test_it_gives_up_in_bounded_time_and_says_who_holds_the_table(
    people: str, cluster: Cluster, quick: None
) -> None:
    before = cluster.dump(people)
    with holding(people, "SELECT count(*) FROM people"):
        with pytest.raises(safe.SafeMigrationError) as caught:
            run(people, lambda: safe.add_column("people", "first", "text"))
        said = str(caught.value)
        assert said.startswith(
            "canceling statement due to lock timeout: 3 tries of 50 ms each found people locked"
        )
        assert "of a long report, idle in transaction" in said
        assert "in: ALTER TABLE people ADD COLUMN IF NOT EXISTS first text" in said
    assert cluster.dump(people) == before
    run(people, lambda: safe.add_column("people", "first", "text"))


def test_nobody_waits_longer_than_its_lock_timeout(people: str, quick: None) -> None:
    failures: list[str] = []
    writes: list[int] = []
    ended = threading.Event()

    def write() -> None:
        with psycopg.connect(people, autocommit=True) as session:
            # The server's own clock: a busy machine does not make a wait of 50 ms this long.
            session.execute("SET lock_timeout = '300ms'")
            while not ended.is_set():
                try:
                    session.execute("UPDATE people SET age = 1 WHERE id = 7")
                    writes.append(1)
                except psycopg.errors.LockNotAvailable as error:
                    failures.append(str(error))

    writer = threading.Thread(target=write)
    with holding(people, "SELECT count(*) FROM people"):
        writer.start()
        with pytest.raises(safe.SafeMigrationError):
            run(people, lambda: safe.add_foreign_key("people", "town", ["town_id"], "towns", ["id"]), up)
        ended.set()
        writer.join(10)
    assert failures == []
    assert len(writes) > 10


def test_an_index_that_cannot_be_finished_is_not_left_half_built(people: str, quick: None) -> None:
    with holding(people, "UPDATE people SET age = 5 WHERE id = 1"):
        with pytest.raises(Exception, match="lock timeout"):
            run(people, lambda: safe.create_index("people_age", "people", ["age"]))
        assert ask(people, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(1,)]
        ask(people, "UPDATE people SET age = 6 WHERE id = 2 RETURNING 1")
    run(people, lambda: safe.create_index("people_age", "people", ["age"]))
    assert ask(people, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_an_autovacuum_makes_way(people: str, quick: None) -> None:
    def server(statement: str) -> None:
        with psycopg.connect(people, autocommit=True) as session:
            session.execute(statement.encode())

    def is_vacuumed() -> bool:
        query = "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 'people'::regclass"
        return ask(people, query) == [(1,)]

    server("ALTER SYSTEM SET autovacuum_naptime = 1")
    server("SELECT pg_reload_conf()")
    try:
        # Slow on this table only: the server's three workers must get round many databases to this one.
        slow = "autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_cost_delay = 100"
        eager = "autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0"
        server(f"ALTER TABLE people SET ({slow}, {eager})")
        server("UPDATE people SET age = 1")
        await_true(is_vacuumed, 90, "the table is vacuumed")
        run(people, lambda: safe.add_column("people", "first", "text"))
    finally:
        server("ALTER SYSTEM RESET ALL")
        server("SELECT pg_reload_conf()")


REVISION = """
from migrations import safe
revision, down_revision = "5afe0003", None
def upgrade(): safe.create_table("notes", {"id": "bigint PRIMARY KEY"})
def downgrade():
    with safe.safe_downgrade(revision) as down:
        down.drop_table("notes", keep=False)
"""


def test_an_approval_is_given_on_alembics_command_line(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = cluster.create()
    (tmp_path / "5afe0003_notes.py").write_text(REVISION)
    monkeypatch.setenv("DATABASE_URL", url)

    def alembic(*words: str) -> None:
        config = alembic_config()
        config.set_main_option("version_locations", str(tmp_path))
        config.cmd_opts = argparse.Namespace(x=list(words))
        (command.downgrade if words else command.upgrade)(config, "base" if words else "head")

    alembic()
    ask(url, "INSERT INTO notes SELECT generate_series(1, 3) RETURNING 1")
    for word, said in (
        ("other=1", "the downgrade of 5afe0003 would lose 3 rows of notes; nothing was changed"),
        ("approve-loss=5afe0003:2", "would lose 3 rows of notes; only 2 were approved"),
    ):
        with pytest.raises(CommandError, match=said):
            alembic(word)
    alembic("approve-loss=5afe0003:3")
    assert ask(url, "SELECT to_regclass('notes')") == [(None,)]
