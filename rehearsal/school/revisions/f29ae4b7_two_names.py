"""Every guardian has two names: true of all that are there, and not of everybody who will be."""

from migrations import safe

revision = "f29ae4b7"
down_revision = "9c1b0d2f"
branch_labels = None
depends_on = None

kind = "enforce"
reversible = True
impact = "none"
flag = None


def upgrade() -> None:
    safe.add_check("guardians", "guardians_two_names", "full_name LIKE '_% %_'")


def downgrade() -> None:
    safe.drop_constraint("guardians", "guardians_two_names")
