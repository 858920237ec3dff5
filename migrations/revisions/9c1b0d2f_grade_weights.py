"""Weights of subjects, for the weighted average behind the flag gradebook-v2."""

from alembic import op

revision = "9c1b0d2f"
down_revision = "3f2a77aa"
branch_labels = None
depends_on = None

kind = "expand"
reversible = False
impact = "none"
flag = "gradebook-v2"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS grade_weights (
            subject text PRIMARY KEY,
            weight numeric(4, 2) NOT NULL CHECK (weight > 0)
        );
        ALTER TABLE averages ADD COLUMN IF NOT EXISTS weighted_average numeric(5, 2)
        """
    )


def downgrade() -> None:
    # The weighted averages are computed again from grades and weights; the weights are the school's to enter
    # again.
    op.execute(
        """
        ALTER TABLE averages DROP COLUMN IF EXISTS weighted_average;
        DROP TABLE IF EXISTS grade_weights
        """
    )
