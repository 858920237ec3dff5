"""Every rule of squawk: on, or off with the reason. A test holds this list against the program's own."""

BREAKS_OLD_CODE = (
    "ban-drop-column",
    "ban-drop-table",
    "ban-drop-not-null",
    "ban-drop-view",
    "ban-drop-function",
    "ban-drop-type",
    "ban-drop-schema",
    "ban-drop-sequence",
    "ban-drop-domain",
    "ban-drop-constraint",
    "ban-drop-generated-expression",
    "ban-drop-extension",
    "ban-drop-index",
    "ban-drop-policy",
    "ban-set-schema",
    "ban-set-default",
    "ban-disable-trigger",
    "ban-replica-identity",
    "ban-revoke",
    "ban-replace-view-function",
    "ban-alter-policy-condition",
    "ban-alter-policy-roles",
    "ban-create-policy",
    "ban-alter-function-options",
    "ban-alter-view-options",
    "ban-alter-role-options",
    "ban-alter-database-options",
    "ban-alter-row-level-security",
    "ban-new-write-restriction",
    "ban-detach-inheritance",
    "ban-alter-sequence-values",
    "ban-alter-system-options",
    "ban-alter-extension",
    "ban-alter-identity",
    "ban-alter-generated-expression",
    "ban-add-enum-value",
    "ban-add-composite-attribute",
)
"""What a release before the revision may not survive. On in what adds (expand, backfill, data)."""

ALWAYS = (
    "require-concurrent-index-creation",
    "require-concurrent-index-deletion",
    "require-concurrent-reindex",
    "require-concurrent-partition-detach",
    "ban-concurrent-index-creation-in-transaction",
    "constraint-missing-not-valid",
    "adding-foreign-key-constraint",
    "adding-field-with-default",
    "adding-required-field",
    "adding-serial-primary-key-field",
    "changing-column-type",
    "disallowed-unique-constraint",
    "prefer-repack",
    "renaming-column",
    "renaming-table",
    "renaming-object",
    "ban-drop-database",
    "ban-truncate-cascade",
    "ban-create-domain-with-constraint",
    "ban-alter-domain-with-add-constraint",
    "ban-duplicate-column-assignments",
    "require-enum-value-ordering",
    "prefer-robust-stmts",
    "transaction-nesting",
    "ban-uncommitted-transaction",
    "prefer-bigint-over-int",
    "prefer-identity",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "ban-char-field",
    "identifier-too-long",
    "adding-not-nullable-field",
)
"""On for every revision, in both directions."""

BUILT_IN = ("unused-ignore",)
"""On for every revision; squawk knows no name on its command line by which it could be switched."""

OFF = {
    "require-lock-timeout": "migrations/connection.py sets it for every run, in both directions; a text in "
    "the revision would only hide that, and our rule `own-timeouts` refuses one",
    "require-statement-timeout": "as require-lock-timeout",
    "require-timeout-settings": "a deprecated name of the two before it",
    "prefer-bigint-over-smallint": "a small range says something about the domain (a grade is 0 to 100); for "
    "keys prefer-bigint-over-int and prefer-identity are on",
    "require-table-schema": "the application has one schema, and search_path names it",
    "ban-add-column": "adding a column is what an expand is for; that the release before works with it is "
    "proved by running that release (`make prove-migrations`)",
}
"""Off everywhere, and why."""

RELAXED: dict[str, dict[str, str]] = {
    "downgrade": dict.fromkeys(
        (*BREAKS_OLD_CODE, "renaming-column", "renaming-table", "renaming-object"),
        "a downgrade takes away what its upgrade added; safe_downgrade() guards the rows",
    ),
    "contract": dict.fromkeys(
        BREAKS_OLD_CODE, "a contract takes away what no release uses any more, as the proof shows"
    ),
    "enforce": {
        "ban-new-write-restriction": "restricting what may be written is what an enforce is for",
        "ban-drop-constraint": "the CHECK that made SET NOT NULL cheap goes once the column holds it",
        "adding-not-nullable-field": "our rule `scans-for-not-null` wants the validated CHECK instead",
    },
}
"""Off in one direction or one kind of revision, and why."""


SAFE = {
    "prefer-robust-stmts": "migrations.safe asks the catalog first, which also sees a half-built index",
    "adding-not-nullable-field": "it validates a CHECK first, so that SET NOT NULL reads nothing",
    "ban-drop-index": "it drops an INVALID index only, to build it anew",
    "ban-drop-constraint": "it drops the CHECK that it added itself",
    "require-lock-timeout": "it sets its own, and never runs without one",
    "require-statement-timeout": "as require-lock-timeout",
}
"""What squawk cannot see of statements that migrations.safe sends for a revision."""


def excluded(kind: str, direction: str) -> list[str]:
    """The rules that are off for one direction of a revision of a kind."""
    relaxed = RELAXED.get("downgrade" if direction == "downgrade" else kind, {})
    if direction == "downgrade" and kind == "contract":
        # It gives back what is there to be used: NOT NULL is put back by a validated CHECK there too.
        relaxed = {**relaxed, **RELAXED["enforce"]}
    return sorted({*OFF, *relaxed})


def included(kind: str, direction: str) -> list[str]:
    """The rules that are on, the opt-in ones among them."""
    off = set(excluded(kind, direction))
    return sorted(rule for rule in (*ALWAYS, *BREAKS_OLD_CODE) if rule not in off)
