"""Audit trail, updates of stack history and incidents: appended by one function, changed by nobody."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute((Path(__file__).parent / "0001_records.sql").read_text().replace(":", "\\:"))


def downgrade() -> None:
    raise RuntimeError("records are never taken down; export and drop the schema by hand if it must go")
