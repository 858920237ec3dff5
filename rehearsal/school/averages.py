"""The average of a pupil's grades."""

from decimal import Decimal

import psycopg

from school.runtime.flags import Flags


def compute(connection: psycopg.Connection, pupil: int, _flags: Flags) -> Decimal:
    """Computes and stores the average. A pupil without grades has 0."""
    row = connection.execute(
        """
        INSERT INTO averages (pupil_id, average)
        SELECT %(pupil)s, coalesce(avg(value), 0) FROM grades WHERE pupil_id = %(pupil)s
        ON CONFLICT (pupil_id) DO UPDATE SET average = excluded.average, computed_at = now()
        RETURNING average
        """,
        {"pupil": pupil},
    ).fetchone()
    return Decimal(row[0]) if row else Decimal(0)
