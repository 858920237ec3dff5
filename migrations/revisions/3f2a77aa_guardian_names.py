"""A guardian's name in two columns, beside the one that older releases write."""

from alembic import op

revision = "3f2a77aa"
down_revision = "8c0d1b2e"
branch_labels = None
depends_on = None

kind = "expand"
reversible = True
impact = "none"
flag = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE guardians
            ADD COLUMN IF NOT EXISTS given_name text,
            ADD COLUMN IF NOT EXISTS family_name text
        """
    )


def downgrade() -> None:
    # Loses nothing: every release that writes these columns writes full_name too.
    op.execute(
        """
        ALTER TABLE guardians
            DROP COLUMN IF EXISTS family_name,
            DROP COLUMN IF EXISTS given_name
        """
    )
