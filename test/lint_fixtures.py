"""For each rule of ours a revision that breaks it, and the same revision written as the rule wants it.

A fixture is the body of a revision after its facts; `{HEAD}` is what every revision begins with.
"""

from dataclasses import dataclass

UP = "def upgrade() -> None:\n    op.execute({!r})\n"
DOWN = "def downgrade() -> None:\n    op.execute({!r})\n"
ADD = UP.format("ALTER TABLE rooms ADD COLUMN IF NOT EXISTS seats bigint")
REMOVE = DOWN.format("ALTER TABLE rooms DROP COLUMN IF EXISTS seats")


@dataclass(frozen=True)
class Fixture:
    rule: str
    """The rule that `breaks` breaks and `keeps` keeps."""
    breaks: str
    keeps: str
    kind: str = "expand"
    keeps_kind: str | None = None
    line: str | None = None
    """What stands in the line that the finding must name; None where it is the whole revision's."""
    reversible: bool = True


FIXTURES = (
    Fixture(
        "takes-away",
        UP.format("ALTER TABLE rooms DROP COLUMN IF EXISTS floor")
        + DOWN.format("ALTER TABLE rooms ADD COLUMN IF NOT EXISTS floor bigint"),
        UP.format("ALTER TABLE rooms DROP COLUMN IF EXISTS floor")
        + DOWN.format("ALTER TABLE rooms ADD COLUMN IF NOT EXISTS floor bigint"),
        keeps_kind="contract",
        line="DROP COLUMN",
    ),
    Fixture(
        "changes-rows",
        UP.format("UPDATE rooms SET floor = 1 WHERE floor IS NULL")
        + DOWN.format("UPDATE rooms SET floor = NULL"),
        UP.format("UPDATE rooms SET floor = 1 WHERE floor IS NULL")
        + DOWN.format("UPDATE rooms SET floor = NULL"),
        keeps_kind="data",
        line="UPDATE rooms SET floor = 1",
    ),
    Fixture(
        "no-downgrade",
        ADD + "def downgrade() -> None:\n    raise NotImplementedError\n",
        ADD + REMOVE,
        line="def downgrade",
    ),
    Fixture("no-downgrade", ADD + "def downgrade() -> None:\n    pass\n", ADD + REMOVE, line="def downgrade"),
    Fixture(
        "no-downgrade", ADD + "def downgrade() -> None:\n    print()\n", ADD + REMOVE, line="def downgrade"
    ),
    Fixture("no-downgrade", ADD, ADD + REMOVE),
    Fixture(
        "scans-for-not-null",
        UP.format("ALTER TABLE rooms ALTER COLUMN floor SET NOT NULL")
        + DOWN.format("ALTER TABLE rooms ALTER COLUMN floor DROP NOT NULL"),
        UP.format("ALTER TABLE rooms ADD CONSTRAINT floor_there CHECK (floor IS NOT NULL) NOT VALID")
        + DOWN.format("ALTER TABLE rooms DROP CONSTRAINT IF EXISTS floor_there"),
        kind="enforce",
        line="SET NOT NULL",
    ),
    Fixture(
        "trusts-index-name",
        "def upgrade() -> None:\n    with op.get_context().autocommit_block():\n"
        '        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS rooms_floor ON rooms (floor)")\n'
        + "def downgrade() -> None:\n    with op.get_context().autocommit_block():\n"
        '        op.execute("DROP INDEX CONCURRENTLY IF EXISTS rooms_floor")\n',
        ADD + REMOVE,
        line="CREATE INDEX CONCURRENTLY",
    ),
    Fixture(
        "validates-in-one",
        "def upgrade() -> None:\n"
        '    op.execute("ALTER TABLE rooms ADD CONSTRAINT low CHECK (floor < 9) NOT VALID")\n'
        '    op.execute("ALTER TABLE rooms VALIDATE CONSTRAINT low")\n'
        + DOWN.format("ALTER TABLE rooms DROP CONSTRAINT IF EXISTS low"),
        UP.format("ALTER TABLE rooms ADD CONSTRAINT low CHECK (floor < 9) NOT VALID")
        + DOWN.format("ALTER TABLE rooms DROP CONSTRAINT IF EXISTS low"),
        kind="enforce",
        line="VALIDATE CONSTRAINT",
    ),
    Fixture(
        "own-timeouts",
        UP.format("SET lock_timeout = 0; ALTER TABLE rooms ADD COLUMN IF NOT EXISTS seats bigint") + REMOVE,
        ADD + REMOVE,
        line="lock_timeout",
    ),
    Fixture(
        "imports-code",
        "from school import averages\n\n\n" + ADD + REMOVE + "    print(averages)\n",
        "from datetime import date\n\n\n" + ADD + REMOVE + "    print(date)\n",
        line="from school",
    ),
    # Rules of squawk whose finding must reach the revision's own line, in both directions.
    Fixture(
        "require-concurrent-index-creation",
        UP.format(
            "\nALTER TABLE rooms ADD COLUMN IF NOT EXISTS seats bigint;\n"
            "CREATE INDEX IF NOT EXISTS x ON rooms (name)"
        )
        + DOWN.format("DROP INDEX IF EXISTS x; ALTER TABLE rooms DROP COLUMN IF EXISTS seats"),
        ADD + REMOVE,
        line="CREATE INDEX",
    ),
    Fixture(
        "changing-column-type",
        ADD + DOWN.format("ALTER TABLE rooms ALTER COLUMN seats TYPE text"),
        ADD + REMOVE,
        line="TYPE text",
    ),
    Fixture(
        "adding-required-field",
        UP.format("ALTER TABLE rooms ADD COLUMN IF NOT EXISTS seats bigint NOT NULL") + REMOVE,
        ADD + REMOVE,
        line="NOT NULL",
    ),
)
