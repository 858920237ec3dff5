"""Each operation on a real PostgreSQL: done, done again, undone; and what it refuses."""

import re
from collections.abc import Callable

import psycopg
import pytest
from running import ask, people, printed, run

from migrations import safe
from migrations.fingerprint import fingerprint

__all__ = ["people"]

Step = Callable[[], object]

OPERATIONS: dict[str, tuple[Step, Step]] = {
    "a nullable column": (
        lambda: safe.add_column("people", "nickname", "text"),
        lambda: safe.drop_column("people", "nickname"),
    ),
    "a column with a constant default": (
        lambda: safe.add_column("people", "active", "boolean", default=True, not_null=True),
        lambda: safe.drop_column("people", "active"),
    ),
    "a column with a default for new rows": (
        lambda: safe.add_column("people", "token", "uuid", default_for_new_rows="gen_random_uuid()"),
        lambda: safe.drop_column("people", "token"),
    ),
    "an index": (
        lambda: safe.create_index("people_name", "people", ["name", "age DESC"]),
        lambda: safe.drop_index("people_name", "people"),
    ),
    "a partial index on an expression": (
        lambda: safe.create_index("people_lower", "people", ["(lower(name))"], where="age >= 18"),
        lambda: safe.drop_index("people_lower", "people"),
    ),
    "a unique constraint": (
        lambda: safe.add_unique("people", "people_name_key", ["name"]),
        lambda: safe.drop_constraint("people", "people_name_key"),
    ),
    "a foreign key": (
        lambda: safe.add_foreign_key(
            "people", "people_town", ["town_id"], "towns", ["id"], on_delete="CASCADE"
        ),
        lambda: safe.drop_constraint("people", "people_town", target="towns"),
    ),
    "a check": (
        lambda: safe.add_check("people", "people_age", "age BETWEEN 0 AND 150"),
        lambda: safe.drop_constraint("people", "people_age"),
    ),
    "NOT NULL": (
        lambda: safe.set_not_null("people", "age"),
        lambda: safe.allow_null("people", "age"),
    ),
    "a default": (
        lambda: safe.set_default("people", "age", "18"),
        lambda: safe.drop_default("people", "age"),
    ),
    "another type in a new column": (
        lambda: safe.replace_column(
            "people", "age", "age_big", "bigint", forward="{value}::bigint", backward="{value}::integer"
        ),
        lambda: safe.drop_replacement("people", "age", "age_big"),
    ),
    "another name for a table": (
        lambda: safe.rename_table("people", "persons"),
        lambda: safe.undo_rename_table("people", "persons"),
    ),
    "a table": (
        lambda: safe.create_table(
            "visits",
            {"id": "bigint PRIMARY KEY", "person_id": "bigint NOT NULL REFERENCES people"},
            references=["people"],
        ),
        lambda: _drop_visits(),
    ),
}


def _drop_visits() -> None:
    with safe.safe_downgrade("5afe0001") as down:
        down.drop_table("visits")


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_can_be_done_again_and_undone_and_printed(name: str, people: str) -> None:
    do, undo = OPERATIONS[name]
    before = schema(people)
    run(people, do)
    after = schema(people)
    assert after != before
    run(people, do)
    assert schema(people) == after, "doing it again changes nothing"
    run(people, undo, undo)
    assert schema(people) == before, "undoing it leaves nothing"
    execute(people, printed(do))
    if name != "another name for a table":
        execute(people, printed(do))
    assert schema(people) == after, "printed statements do the same"
    execute(people, printed(undo))
    run(people, do, undo)
    assert schema(people) == before


def schema(url: str) -> str:
    """The schema as one hash, which sees what pg_dump sees."""
    with psycopg.connect(url, autocommit=True) as session:
        return fingerprint(session)


def execute(url: str, script: str) -> None:
    """Runs printed statements one by one, as psql would."""
    with psycopg.connect(url, autocommit=True) as session:
        for statement in re.split(r";\n\n+", script):
            if statement.strip():
                session.execute(statement.encode())


def test_every_printed_statement_has_limits() -> None:
    for do, undo in OPERATIONS.values():
        for text in (printed(do), printed(undo)):
            lines = [line for line in text.splitlines() if line.strip()]
            assert lines[0].startswith("COMMIT")
            assert lines[1].startswith("SET lock_timeout = '")
            assert lines[2].startswith("SET statement_timeout = '")
            assert "RESET lock_timeout;" in lines
            assert "RESET statement_timeout;" in lines


def test_rows_get_a_constant_default_and_no_other(people: str) -> None:
    run(people, OPERATIONS["a column with a constant default"][0])
    run(people, OPERATIONS["a column with a default for new rows"][0])
    ask(people, "INSERT INTO people (name) VALUES ('new') RETURNING 1")
    assert ask(people, "SELECT count(*) FILTER (WHERE active), count(token) FROM people") == [(1001, 1)]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            lambda: safe.add_column("people", "age", "bigint"),
            "people.age is there already, as integer and not as bigint",
        ),
        (
            lambda: safe.add_column("people", "x", "text", not_null=True),
            "NOT NULL without a constant default",
        ),
        (lambda: safe.add_column("nowhere", "x", "text"), "there is no table nowhere"),
        (
            lambda: safe.create_index("there", "people", ["age"]),
            "an index there is there already, but it is another one: btree (name) on people, and not "
            "btree (age)",
        ),
        (lambda: safe.create_index("there", "towns", ["name"]), "on people, and not btree (name) on towns"),
        (lambda: safe.drop_index("there", "towns"), "the index there is on people and not on towns"),
        (lambda: safe.create_index("one_town", "people", ["town_id"], unique=True), "does not allow"),
        (lambda: safe.add_unique("people", "there", ["name"]), "an index there is there already"),
        (
            lambda: safe.add_check("people", "c", "age < 200"),
            "CHECK ((age < 100)), and not CHECK ((age < 200))",
        ),
        (
            lambda: safe.add_foreign_key("people", "c", ["town_id"], "towns", ["id"]),
            "people has a constraint c already, but it is another one",
        ),
        (lambda: safe.validate_constraint("people", "d"), "people has no constraint d"),
        (lambda: safe.set_not_null("people", "town_id"), "1 rows of people have no town_id"),
        (lambda: safe.set_not_null("people", "x"), "there is no column people.x"),
        (lambda: safe.create_table("towns", {"id": "bigint", "zip": "text"}), "already, without zip"),
        (lambda: safe.create_index("x" * 64, "people", ["age"]), "has 64 bytes; a name has 1 to 63"),
        (lambda: safe.add_column("a.b.c", "x", "text"), "'a.b.c' is no table"),
        (
            lambda: safe.replace_column("people", "age", "old", "bigint", forward="1", backward="{value}"),
            "`forward` is '1'; it must use {value}",
        ),
    ],
)
def test_what_is_refused_changes_nothing(step: Step, said: str, people: str) -> None:
    with psycopg.connect(people) as session:
        session.execute("CREATE INDEX there ON people (name)")
        session.execute("ALTER TABLE people ADD CONSTRAINT c CHECK (age < 100)")
        session.execute("UPDATE people SET town_id = NULL WHERE id = 7")
    before = schema(people)
    with pytest.raises(safe.SafeMigrationError) as caught:
        run(people, step)
    assert said in str(caught.value)
    assert schema(people) == before


@pytest.mark.parametrize(
    ("operation", "name", "breaks"),
    [
        ("a foreign key", "people_town", "UPDATE people SET town_id = 99 WHERE id = 7 RETURNING 1"),
        ("a check", "people_age", "UPDATE people SET age = -1 WHERE id = 7 RETURNING 1"),
    ],
)
def test_a_constraint_that_rows_break_is_taken_away_again(
    operation: str, name: str, breaks: str, people: str
) -> None:
    ask(people, breaks)
    step, before = OPERATIONS[operation][0], schema(people)
    with pytest.raises(safe.SafeMigrationError, match="taken away again"):
        run(people, step)
    assert schema(people) == before
    ask(people, "UPDATE people SET town_id = 9, age = 7 WHERE id = 7 RETURNING 1")
    run(people, step)
    assert ask(people, f"SELECT convalidated FROM pg_constraint WHERE conname = '{name}'") == [(True,)]


def test_a_constraint_of_before_that_rows_break_stays_and_the_message_says_so(people: str) -> None:
    ask(people, "UPDATE people SET town_id = 99 WHERE id = 7 RETURNING 1")
    with psycopg.connect(people) as session:
        session.execute(
            "ALTER TABLE people ADD CONSTRAINT people_town "
            "FOREIGN KEY (town_id) REFERENCES towns(id) ON DELETE CASCADE NOT VALID"
        )
    before = schema(people)
    with pytest.raises(safe.SafeMigrationError, match="stays in force for new rows"):
        run(people, OPERATIONS["a foreign key"][0])
    assert schema(people) == before


def test_an_invalid_index_is_rebuilt_and_a_valid_one_is_kept(people: str) -> None:
    step = OPERATIONS["an index"][0]
    run(people, step)
    first = ask(people, "SELECT 'people_name'::regclass::oid")
    run(people, step)
    assert ask(people, "SELECT 'people_name'::regclass::oid") == first
    # What a build leaves that was killed: there by name, used by no query.
    ask(
        people,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'people_name'::regclass RETURNING 1",
    )
    run(people, step)
    assert ask(people, "SELECT 'people_name'::regclass::oid") != first
    assert ask(people, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'people_name'::regclass") == [
        (True,)
    ]


def test_an_invalid_unique_index_becomes_the_constraint_after_it_is_rebuilt(people: str) -> None:
    run(people, lambda: safe.create_index("people_name_key", "people", ["name"], unique=True))
    ask(
        people,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'people_name_key'::regclass RETURNING 1",
    )
    run(people, OPERATIONS["a unique constraint"][0])
    assert ask(people, "SELECT contype FROM pg_constraint WHERE conname = 'people_name_key'") == [("u",)]


def test_writes_to_either_column_of_a_replacement_reach_the_other(people: str) -> None:
    run(people, OPERATIONS["another type in a new column"][0])
    pair = "SELECT age, age_big FROM people WHERE id = {}"
    ask(people, "UPDATE people SET age = 40 WHERE id = 1 RETURNING 1")
    assert ask(people, pair.format(1)) == [(40, 40)]
    ask(people, "UPDATE people SET age_big = 41 WHERE id = 1 RETURNING 1")
    assert ask(people, pair.format(1)) == [(41, 41)]
    ask(people, "UPDATE people SET name = 'touched' WHERE id = 2 RETURNING 1")
    assert ask(people, pair.format(2)) == [(2, 2)]
    ask(people, "INSERT INTO people (id, name, age_big) VALUES (2000, 'n', 5), (2001, 'n', NULL) RETURNING 1")
    ask(people, "INSERT INTO people (id, name, age) VALUES (2002, 'n', 6) RETURNING 1")
    assert ask(people, "SELECT age, age_big FROM people WHERE id >= 2000 ORDER BY id") == [
        (5, 5),
        (None, None),
        (6, 6),
    ]


def test_swapped_columns_stay_in_step_and_swap_back(people: str) -> None:
    do, undo = OPERATIONS["another type in a new column"]
    before = schema(people)
    run(people, do)
    expanded = schema(people)

    def swap() -> None:
        safe.swap_columns("people", "age", "age_big", forward="{value}::bigint", backward="{value}::integer")

    with pytest.raises(safe.SafeMigrationError, match="1000 rows of people have age without age_big"):
        run(people, swap)
    ask(people, "UPDATE people SET age_big = age RETURNING 1")
    run(people, swap)
    assert ask(people, "SELECT pg_typeof(age)::text, pg_typeof(age_big)::text FROM people LIMIT 1") == [
        ("bigint", "integer")
    ]
    ask(people, "UPDATE people SET age = 77 WHERE id = 1 RETURNING 1")
    ask(people, "UPDATE people SET age_big = 78 WHERE id = 2 RETURNING 1")
    assert ask(people, "SELECT age, age_big FROM people WHERE id < 3 ORDER BY id") == [(77, 77), (78, 78)]
    run(people, swap)
    assert schema(people) == expanded
    run(people, undo)
    assert schema(people) == before


def test_a_renamed_table_is_read_and_written_under_both_names(people: str) -> None:
    run(people, OPERATIONS["another name for a table"][0])
    ask(people, "INSERT INTO people (name) VALUES ('old code') RETURNING id")
    ask(people, "UPDATE persons SET name = 'new code' WHERE id = 1 RETURNING 1")
    assert ask(people, "SELECT (SELECT count(*) FROM persons), (SELECT name FROM people WHERE id = 1)") == [
        (1001, "new code")
    ]


def test_the_session_has_its_own_limits_again_afterwards(people: str) -> None:
    from running import operations

    with operations(people) as context:
        assert context.connection is not None
        context.connection.exec_driver_sql("SET lock_timeout = '7s'")
        context.connection.commit()
        safe.add_column("people", "nickname", "text")
        assert context.connection.exec_driver_sql("SHOW lock_timeout").scalar() == "7s"
