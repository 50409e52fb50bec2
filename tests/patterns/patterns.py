"""The 43 control-flow patterns: their names, the definitions that show them, and the table of the documentation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

HERE: Final = Path(__file__).parent
NAMES: Final = (
    "Sequence",
    "Parallel split",
    "Synchronization",
    "Exclusive choice",
    "Simple merge",
    "Multi-choice",
    "Structured synchronizing merge",
    "Multi-merge",
    "Structured discriminator",
    "Arbitrary cycles",
    "Implicit termination",
    "Multiple instances without synchronization",
    "Multiple instances with a priori design-time knowledge",
    "Multiple instances with a priori run-time knowledge",
    "Multiple instances without a priori run-time knowledge",
    "Deferred choice",
    "Interleaved parallel routing",
    "Milestone",
    "Cancel task",
    "Cancel case",
    "Structured loop",
    "Recursion",
    "Transient trigger",
    "Persistent trigger",
    "Cancel region",
    "Cancel multiple instance activity",
    "Complete multiple instance activity",
    "Blocking discriminator",
    "Cancelling discriminator",
    "Structured partial join",
    "Blocking partial join",
    "Cancelling partial join",
    "Generalised AND-join",
    "Static partial join for multiple instances",
    "Cancelling partial join for multiple instances",
    "Dynamic partial join for multiple instances",
    "Acyclic synchronizing merge",
    "General synchronizing merge",
    "Critical section",
    "Interleaved routing",
    "Thread merge",
    "Thread split",
    "Explicit termination",
)
"""In the order of their numbers, from 1."""
REASONS: Final[dict[int, str]] = {
    36: "Not shown: instances that are added while others run are workflows that run themselves (15). They share "
    "nothing but inputs and outputs, so nothing counts how many of them have ended.",
}
"""Those that are not shown, by number, and why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A pattern and the definition that shows it."""

    number: int
    definition: Path

    @property
    def cases(self) -> Path:
        """The test file beside it."""
        return self.definition.with_name(f"{self.definition.stem}.test.yaml")

    @property
    def says(self) -> str:
        """How the definition expresses it."""
        return str(yaml.safe_load(self.definition.read_text("utf-8"))["description"])

    @property
    def scenarios(self) -> int:
        """How many cases it has."""
        return len(yaml.safe_load(self.cases.read_text("utf-8"))["cases"])


def shown() -> list[Shown]:
    """Every pattern that has a definition, by number."""
    files = (path for path in sorted(HERE.glob("wcp-??-*.yaml")) if not path.stem.endswith(".test"))
    return [Shown(int(path.name[4:6]), path) for path in files]


def table() -> str:
    """The table of `docs/explanation/patterns.md`."""
    rows = {each.number: _row(each) for each in shown()}
    for number in set(range(1, len(NAMES) + 1)) - rows.keys():
        rows[number] = f"| {number} | {NAMES[number - 1]} | {REASONS[number]} | |"
    lines = [rows[number] for number in sorted(rows)]
    return "\n".join(["| | pattern | how treadle says it | scenarios |", "|---|---|---|---|", *lines])


def _row(each: Shown) -> str:
    link = f"[{NAMES[each.number - 1]}](../../tests/patterns/{each.definition.name})"
    cases = f"[{each.scenarios}](../../tests/patterns/{each.cases.name})"
    return f"| {each.number} | {link} | {each.says} | {cases} |"
