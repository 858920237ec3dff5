"""The one name of a guardian goes, a release after the last code that used it."""

from migrations import safe

revision = "d2c94f60"
down_revision = "b7d05e11"
branch_labels = None
depends_on = None

kind = "contract"
reversible = True
impact = "none"
flag = None

FULL_NAMES = safe.Backfill(
    name="guardian-full-names",
    table="guardians",
    key="id",
    assign={"full_name": r"btrim(given_name || ' ' || family_name, E' \t\r\n')"},
    pending="full_name IS NULL",
    flag=None,
)

# As b7d05e11 made it: a revision means the same for good, so it does not read another one's text.
IN_STEP = r"""
    CREATE OR REPLACE FUNCTION guardian_names_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        whole text := btrim(NEW.full_name, E' \t\r\n');
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.full_name IS DISTINCT FROM OLD.full_name
           AND NEW.given_name IS NOT DISTINCT FROM OLD.given_name
           AND NEW.family_name IS NOT DISTINCT FROM OLD.family_name
           OR NEW.family_name IS NULL THEN
            NEW.given_name := CASE WHEN strpos(whole, ' ') > 0
                                   THEN regexp_replace(whole, ' [^ ]*$', '') ELSE '' END;
            NEW.family_name := regexp_replace(whole, '^.* ', '');
        ELSIF NEW.full_name IS NULL
           OR TG_OP = 'UPDATE' AND NEW.full_name IS NOT DISTINCT FROM OLD.full_name
              AND (NEW.given_name, NEW.family_name) IS DISTINCT FROM (OLD.given_name, OLD.family_name) THEN
            NEW.full_name := btrim(NEW.given_name || ' ' || NEW.family_name, E' \t\r\n');
        END IF;
        RETURN NEW;
    END $$
"""


def upgrade() -> None:
    safe.execute("DROP TRIGGER IF EXISTS guardian_names_in_step ON guardians", tables=("guardians",))
    safe.execute("DROP FUNCTION IF EXISTS guardian_names_in_step()", tables=())
    # Kept letter by letter, two spaces in a row included, for a downgrade.
    safe.drop_column("guardians", "full_name", keep_by="id", valid_while=("given_name", "family_name"))


def downgrade() -> None:
    safe.add_column("guardians", "full_name", "text")
    safe.execute(IN_STEP, tables=())
    safe.execute(
        "CREATE OR REPLACE TRIGGER guardian_names_in_step BEFORE INSERT OR UPDATE ON guardians "
        "FOR EACH ROW EXECUTE FUNCTION guardian_names_in_step()",
        tables=("guardians",),
    )
    # Rows that were written since; the others have theirs again.
    safe.fill(FULL_NAMES)
    safe.set_not_null("guardians", "full_name")
