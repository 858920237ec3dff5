"""Fills the database with 200 pupils, their guardians and their grades; rows that are there stay as they are.

Works at each revision: it asks which columns and tables there are. Every id is fixed, so a second run adds
nothing.
"""

import os
import sys
from collections.abc import Iterator

import psycopg

PUPILS = 200
GIVEN = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo", "Ida", "Jan")
FAMILY = ("Adler", "Brandt", "Conrad", "Dietz", "Ebert", "Falk", "Gross", "Hahn", "Iven", "Jung", "Kern")
SUBJECTS = {"maths": 2.0, "languages": 1.5, "science": 1.5, "history": 1.0, "sports": 0.5}
"""Subjects and the weight that each has in a weighted average."""


def pupils() -> Iterator[tuple[int, str, str]]:
    for number in range(1, PUPILS + 1):
        yield (
            number,
            f"{GIVEN[number % len(GIVEN)]} {family_name(number)}",
            f"{5 + number % 8}{'abc'[number % 3]}",
        )


def family_name(pupil: int) -> str:
    return FAMILY[pupil % len(FAMILY)]


def guardians(columns: list[str]) -> Iterator[tuple[object, ...]]:
    """One guardian a pupil; the name in those columns that the database has."""
    for number in range(1, PUPILS + 1):
        given, family = GIVEN[number * 7 % len(GIVEN)], family_name(number)
        names = {"full_name": f"{given} {family}", "given_name": given, "family_name": family}
        yield (number, number, *(names[column] for column in columns))


def grades() -> Iterator[tuple[int, int, str, int]]:
    for pupil in range(1, PUPILS + 1):
        for index, subject in enumerate(SUBJECTS):
            number = (pupil - 1) * len(SUBJECTS) + index + 1
            yield number, pupil, subject, 40 + number * 37 % 61


def insert(cursor: psycopg.Cursor, table: str, columns: str, rows: Iterator[tuple[object, ...]]) -> None:
    values = ", ".join(["%s"] * (columns.count(",") + 1))
    # The names are this file's own.
    cursor.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING".encode(),  # noqa: S608
        rows,
    )


def seed(connection: psycopg.Connection) -> None:
    """All of it in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
        there = {(str(table), str(column)) for table, column in cursor}
        insert(cursor, "pupils", "id, name, class", pupils())
        names = [name for name in ("full_name", "given_name", "family_name") if ("guardians", name) in there]
        insert(cursor, "guardians", ", ".join(("id", "pupil_id", *names)), guardians(names))
        insert(cursor, "grades", "id, pupil_id, subject, value", grades())
        if ("grade_weights", "subject") in there:
            insert(cursor, "grade_weights", "subject, weight", iter(SUBJECTS.items()))
        for table in ("pupils", "guardians", "grades"):
            # Rows that the application adds are numbered after these.
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            statement = f"SELECT setval({sequence}, greatest(nextval({sequence}), max(id))) FROM {table}"  # noqa: S608
            cursor.execute(statement.encode())


def main() -> None:
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("DATABASE_URL is not set; allowed is postgresql://user:password@host:5432/database")
    with psycopg.connect(url, connect_timeout=5, application_name="seeds") as connection:
        seed(connection)
    print(f"seeded {PUPILS} pupils, their guardians and grades", file=sys.stderr)


if __name__ == "__main__":
    main()
