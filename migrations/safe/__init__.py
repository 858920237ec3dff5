"""Alembic operations for PostgreSQL that no request notices and that can be undone.

From a revision: `from migrations import safe`, then `safe.add_column("guardians", "given_name", "text")`.
Needs Alembic and SQLAlchemy with any PostgreSQL driver, and nothing else of this project. The recipes are in
docs/migrations.md.
"""

from .backfill import Backfill, ensure_finished, fill
from .database import SafeMigrationError
from .downgrade import Downgrade, safe_downgrade
from .schema.columns import add_column, allow_null, drop_column, drop_default, set_default, set_not_null
from .schema.constraints import add_check, add_foreign_key, add_unique, drop_constraint, validate_constraint
from .schema.indexes import create_index, drop_index
from .schema.replacement import (
    drop_old_name,
    drop_replacement,
    finish_replacement,
    rename_table,
    replace_column,
    swap_columns,
    undo_rename_table,
)
from .schema.tables import create_table
from .statement import execute, execute_patiently

__all__ = [
    "Backfill",
    "Downgrade",
    "SafeMigrationError",
    "add_check",
    "add_column",
    "add_foreign_key",
    "add_unique",
    "allow_null",
    "create_index",
    "create_table",
    "drop_column",
    "drop_constraint",
    "drop_default",
    "drop_index",
    "drop_old_name",
    "drop_replacement",
    "ensure_finished",
    "execute",
    "execute_patiently",
    "fill",
    "finish_replacement",
    "rename_table",
    "replace_column",
    "safe_downgrade",
    "set_default",
    "set_not_null",
    "swap_columns",
    "undo_rename_table",
    "validate_constraint",
]
