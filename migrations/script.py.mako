"""${message}."""

from migrations import safe

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

kind = "expand"  # or backfill, enforce, contract, data
reversible = True  # False where a downgrade loses what somebody wrote
impact = "none"  # what people notice while it runs
flag = None  # the feature flag that switches the code, or guards the backfill

# A recipe for each change: docs/migrations.md


def upgrade() -> None:
    safe.add_column("table", "column", "text")


def downgrade() -> None:
    with safe.safe_downgrade(revision) as down:
        down.drop_columns("table", "column", keep_by="id")
