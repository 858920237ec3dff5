"""Every guardian has a given name and a family name; the database keeps the one name of older releases in
step."""

from migrations import safe

revision = "b7d05e11"
down_revision = "9c1b0d2f"
branch_labels = None
depends_on = None

kind = "enforce"
reversible = True
impact = "none"
flag = "guardian-names"

# Releases from this revision on write the parts only, and one that a rollback brings back reads and writes
# the whole: each finds what the other wrote.
IN_STEP = r"""
    -- squawk-ignore ban-replace-view-function
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
    safe.ensure_finished("guardian-names")
    safe.execute(IN_STEP, tables=())
    safe.execute(
        "-- squawk-ignore ban-replace-view-function\nCREATE OR REPLACE TRIGGER guardian_names_in_step "
        "BEFORE INSERT OR UPDATE ON guardians "
        "FOR EACH ROW EXECUTE FUNCTION guardian_names_in_step()",
        tables=("guardians",),
    )
    safe.set_not_null("guardians", "given_name")
    safe.set_not_null("guardians", "family_name")


def downgrade() -> None:
    safe.allow_null("guardians", "family_name")
    safe.allow_null("guardians", "given_name")
    safe.execute("DROP TRIGGER IF EXISTS guardian_names_in_step ON guardians", tables=("guardians",))
    safe.execute("DROP FUNCTION IF EXISTS guardian_names_in_step()", tables=())
