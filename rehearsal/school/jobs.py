"""The queue: one transaction a job, so that a killed worker loses nothing and does nothing twice."""

import psycopg

from school.averages import compute
from school.fault import fault
from school.runtime.flags import Flags
from school.runtime.settings import Settings

ATTEMPTS = 5
"""A job that failed this often is left for people (state `failed`)."""

RETRY_SECONDS = 2
"""A failed job waits this long times its attempts."""

TAKE = """
    SELECT id, pupil_id FROM jobs
    WHERE state = 'waiting' AND not_before <= now()
    ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

FAIL = """
    UPDATE jobs
    SET attempts = attempts + 1, fault = %s, not_before = now() + make_interval(secs => %s * (attempts + 1)),
        state = CASE WHEN attempts + 1 >= %s THEN 'failed' ELSE 'waiting' END
    WHERE id = %s AND state = 'waiting'
"""


def do_next(connection: psycopg.Connection, settings: Settings, flags: Flags) -> str | None:
    """Takes a job and does it: `ok` or `failed`, None if there is none. The job's row stays locked until it
    is done."""
    with connection.transaction():
        taken = connection.execute(TAKE).fetchone()
        if taken is None:
            return None
        job, pupil = int(taken[0]), int(taken[1])
        try:
            with connection.transaction():  # a savepoint: a job that fails leaves nothing but its fault
                fault.job(pupil)
                average = compute(connection, pupil, flags)
                connection.execute(
                    "INSERT INTO job_results (job_id, average, slot, release_digest) VALUES (%s, %s, %s, %s)",
                    (job, average, settings.slot, settings.digest),
                )
                connection.execute("UPDATE jobs SET state = 'done' WHERE id = %s", (job,))
            return "ok"
        except psycopg.OperationalError:
            raise  # the connection, not the job
        except Exception as error:  # noqa: BLE001 - whatever a job does, the worker goes on with the next
            connection.execute(FAIL, (f"{type(error).__name__}: {error}", RETRY_SECONDS, ATTEMPTS, job))
            return "failed"
