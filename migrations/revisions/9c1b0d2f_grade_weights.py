"""Weights of subjects, for the weighted average behind the flag gradebook-v2."""

from migrations import safe

revision = "9c1b0d2f"
down_revision = "3f2a77aa"
branch_labels = None
depends_on = None

kind = "expand"
reversible = False
impact = "none"
flag = "gradebook-v2"


def upgrade() -> None:
    safe.create_table(
        "grade_weights",
        {"subject": "text PRIMARY KEY", "weight": "numeric(4, 2) NOT NULL CHECK (weight > 0)"},
    )
    safe.add_column("averages", "weighted_average", "numeric(5, 2)")


def downgrade() -> None:
    with safe.safe_downgrade(revision) as down:
        # Computed again from grades and weights.
        down.drop_columns("averages", "weighted_average", lost_where="false")
        # The weights are the school's: they are put aside, and are there again after the next upgrade.
        down.drop_table("grade_weights")
