"""Grades by the day they were given on."""

from migrations import safe

revision = "d81f3b66"
down_revision = "c4a7e210"
branch_labels = None
depends_on = None

kind = "expand"
reversible = True
impact = "none"
flag = None


def upgrade() -> None:
    safe.create_index("grades_given", "grades", ["given_at"])


def downgrade() -> None:
    safe.drop_index("grades_given", "grades")
