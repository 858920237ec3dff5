"""A note beside a grade."""

from migrations import safe

revision = "c4a7e210"
down_revision = "9c1b0d2f"
branch_labels = None
depends_on = None

kind = "expand"
reversible = True
impact = "none"
flag = None


def upgrade() -> None:
    safe.add_column("grades", "note", "text")


def downgrade() -> None:
    with safe.safe_downgrade(revision) as down:
        down.drop_columns("grades", "note", keep_by="id")
