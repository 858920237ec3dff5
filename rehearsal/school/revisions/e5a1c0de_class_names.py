"""Names of classes in one way of writing, over what the school has entered."""

from alembic import op

revision = "e5a1c0de"
down_revision = "9c1b0d2f"
branch_labels = None
depends_on = None

kind = "data"
reversible = False
impact = "guardians: the names of classes are shown in capitals"
flag = None


def upgrade() -> None:
    op.execute("UPDATE pupils SET class = upper(class) WHERE class <> upper(class)")


def downgrade() -> None:
    # How a name was written before is not known any more; every release reads it in either way.
    op.execute("SELECT 1")
