"""A guardian's name in two columns, beside the one that older releases write."""

from migrations import safe

revision = "3f2a77aa"
down_revision = "8c0d1b2e"
branch_labels = None
depends_on = None

kind = "expand"
reversible = True
impact = "none"
flag = None


WHOLE = r"btrim(full_name, E' \t\r\n')"
PARTS = r"btrim(given_name || ' ' || family_name, E' \t\r\n')"

backfills = (
    safe.Backfill(
        name="guardian-names",
        table="guardians",
        key="id",
        assign={
            # "Ada von Adler" -> "Ada von", "Adler", as the code of the releases splits it.
            "given_name": f"CASE WHEN strpos({WHOLE}, ' ') > 0 "
            f"THEN regexp_replace({WHOLE}, ' [^ ]*$', '') ELSE '' END",
            "family_name": f"regexp_replace({WHOLE}, '^.* ', '')",
        },
        # Also where a release that knows one name only has written since.
        pending=f"given_name IS NULL OR family_name IS NULL OR {PARTS} <> {WHOLE}",
        flag="guardian-names-backfill",
    ),
)


def upgrade() -> None:
    safe.add_column("guardians", "given_name", "text")
    safe.add_column("guardians", "family_name", "text")


def downgrade() -> None:
    # What the releases that know them have written is kept, for guardians whose name stays as it is
    # meanwhile.
    with safe.safe_downgrade(revision) as down:
        down.drop_columns("guardians", "given_name", "family_name", keep_by="id", valid_while=("full_name",))
