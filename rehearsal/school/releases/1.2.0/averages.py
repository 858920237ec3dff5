"""The average of a pupil's grades, and with the flag gradebook-v2 the weighted one."""

from decimal import Decimal

import psycopg

from school.runtime.flags import Flags

GRADEBOOK = "gradebook-v2"


def compute(connection: psycopg.Connection, pupil: int, flags: Flags) -> Decimal:
    """Computes and stores the averages. A pupil without grades has 0; a subject without a weight counts
    once."""
    row = connection.execute(
        """
        INSERT INTO averages (pupil_id, average, weighted_average)
        SELECT %(pupil)s, coalesce(avg(value), 0),
               CASE WHEN %(weighted)s THEN sum(value * coalesce(weight, 1)) / sum(coalesce(weight, 1)) END
        FROM grades LEFT JOIN grade_weights USING (subject) WHERE pupil_id = %(pupil)s
        ON CONFLICT (pupil_id) DO UPDATE
        SET average = excluded.average, computed_at = now(),
            weighted_average = coalesce(excluded.weighted_average, averages.weighted_average)
        RETURNING average
        """,
        {"pupil": pupil, "weighted": flags.is_on(GRADEBOOK, f"pupil-{pupil}", role="worker")},
    ).fetchone()
    return Decimal(row[0]) if row else Decimal(0)
