"""The facts that a revision states about itself, read from its file without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("expand", "backfill", "enforce", "contract", "data")
"""What a revision may be.

expand: adds, and takes nothing away; every release before it works on. backfill: makes a backfill ready or
waits until one has ended. enforce: a constraint on what a backfill has filled. contract: takes away what no
release uses any more. data: changes rows."""

NAMES = ("kind", "reversible", "impact", "flag")


@dataclass(frozen=True)
class Facts:
    """A revision's statements about itself, as they are; `faults` says what is wrong with them."""

    kind: str
    reversible: bool
    impact: str
    """What people notice, or "none"."""
    flag: str | None
    """Feature flag that switches the code or guards the backfill."""
    faults: tuple[tuple[int, str, str], ...] = field(default=(), compare=False)
    """(line, why, instead)"""

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "reversible": self.reversible, "impact": self.impact, "flag": self.flag}


def read_facts(file: Path) -> Facts:
    """Reads `kind`, `reversible`, `impact`, `flag` of a revision's module."""
    found: dict[str, tuple[int, Any]] = {}
    for name, line, value in assignments(ast.parse(file.read_text())):
        if name in NAMES:
            try:
                found[name] = line, ast.literal_eval(value)
            except ValueError:
                found[name] = line, ValueError
    faults = tuple(fact_faults(found))
    values = {name: value for name, (_, value) in found.items()}
    return Facts(
        kind=str(values.get("kind", "")),
        reversible=values.get("reversible") is True,
        impact=str(values.get("impact", "")),
        flag=values["flag"] if isinstance(values.get("flag"), str) else None,
        faults=faults,
    )


def assignments(module: ast.Module) -> Iterator[tuple[str, int, ast.expr]]:
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.lineno, node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.lineno, node.value


def fact_faults(found: dict[str, tuple[int, Any]]) -> Iterator[tuple[int, str, str]]:
    def value(name: str) -> Any:
        return found.get(name, (1, None))[1]

    def line(name: str) -> int:
        return found.get(name, (1, None))[0]

    if value("kind") not in KINDS:
        given = "is missing" if "kind" not in found else f"is {value('kind')!r}"
        yield line("kind"), f"`kind` {given}", f'kind = "expand"; allowed are {", ".join(KINDS)}'
    if not isinstance(value("reversible"), bool):
        yield (
            line("reversible"),
            "`reversible` is missing or no bool",
            "reversible = True, or False where a downgrade would lose what somebody wrote",
        )
    impact = value("impact")
    if not isinstance(impact, str) or not impact.strip():
        yield line("impact"), "`impact` is missing", 'impact = "none", or what people notice while it runs'
    flag = value("flag")
    if flag is not None and not isinstance(flag, str):
        yield line("flag"), "`flag` is no text", 'flag = "name-of-the-flag", or None'
    if value("kind") == "backfill" and flag is None:
        yield line("kind"), "a backfill without a flag cannot be switched off", 'flag = "name-of-the-flag"'
