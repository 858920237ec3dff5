"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

kind = "expand"  # or backfill, enforce, contract, data
reversible = True  # False where a downgrade loses what somebody wrote
impact = "none"  # what people notice while it runs
flag = None  # the feature flag that switches the code, or guards the backfill


def upgrade() -> None:
    op.execute(
        """
        ${"-- additive and idempotent: IF NOT EXISTS"}
        """
    )


def downgrade() -> None:
    op.execute(
        """
        ${"-- exactly what upgrade() added, with IF EXISTS"}
        """
    )
