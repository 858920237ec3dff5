"""Any other statement, under the same limits."""

from .session import session


def execute(statement: str, *, tables: tuple[str, ...]) -> None:
    """Runs a statement that changes the catalog for a moment: a trigger, a comment, a grant.

    It must be one that may be run again: IF [NOT] EXISTS, CREATE OR REPLACE. tables: those that it locks.
    """
    with session() as run:
        run.brief(statement, tables=tables)


def execute_patiently(statement: str) -> None:
    """Runs a statement that takes long and that no writer waits for, such as ALTER TYPE … ADD VALUE, which
    must not be in a transaction."""
    with session() as run:
        run.patient(statement)
