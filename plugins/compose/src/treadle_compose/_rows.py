"""The conflict table: one row for each thing that contributors want differently."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from treadle_hookspecs import Conflict, Json

RowKind = Literal["content", "type", "case", "alias", "mode", "user", "ignored", "variable", "hook", "semantic"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        kind: what is at odds.
        path: relative to the project; the name of a variable or hook.
        key: inside a structured file.
        contributors: template ids in composition order; `project` is the user's own file.
        values: what each says; () for bytes.
        strategy: what was chosen; "" while it is open.
        by: which rule chose it: `--resolve`, `lock`, `rule`, a template's id, `default`, a plugin.
        resolved: False stops the composition.
        hint: why it is open, or what was done.
        strategies: those that can decide it, the likeliest first.
    """

    kind: RowKind
    path: str
    key: str = ""
    contributors: tuple[str, ...] = ()
    values: tuple[Json, ...] = ()
    strategy: str = ""
    by: str = ""
    resolved: bool = True
    hint: str = ""
    strategies: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`path#key`, as `--resolve` takes it."""
        return f"{self.path}#{self.key}" if self.key else self.path

    @property
    def flag(self) -> str:
        """The words that decide it."""
        strategy = self.strategies[0] if self.strategies else "first"
        return f"--resolve {shlex.quote(f'{self.place}={strategy}')}"

    def conflict(self) -> Conflict:
        """As plugins see it."""
        return Conflict(
            self.kind, self.path, self.key, self.contributors, self.values, hint=self.hint, strategies=self.strategies
        )

    def to_json(self) -> dict[str, Json]:
        """As plans and `--json` show it."""
        return {
            "kind": self.kind,
            "path": self.path,
            "key": self.key,
            "contributors": list(self.contributors),
            "values": list(self.values),
            "strategy": self.strategy,
            "by": self.by,
            "resolved": self.resolved,
            "hint": self.hint,
            "strategies": list(self.strategies),
            "flag": "" if self.resolved else self.flag,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Row":
        """The reverse of `to_json`."""
        rest = {name: value for name, value in data.items() if name != "flag"}
        for name in ("contributors", "values", "strategies"):
            rest[name] = tuple(rest[name])
        return cls(**rest)


def opened(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Those that nobody has decided."""
    return tuple(row for row in rows if not row.resolved)
