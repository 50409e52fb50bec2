"""`quality/complexity`: how many paths lead through the changed functions, and whether the change added to them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_quality._files import Target, project_folder, targets

SUFFIXES: Final = (
    ".py", ".js", ".jsx", ".ts", ".tsx", ".java", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".go", ".rs", ".rb",
    ".swift", ".kt", ".php", ".scala", ".lua",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Function:
    """A function as lizard sees it."""

    name: str
    path: str
    line: int
    last: int
    complexity: int
    statements: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """A changed function with what it was before: `before` is None for a new one, or where nothing is known."""

    function: Function
    before: int | None
    limit: int

    @property
    def too_complex(self) -> bool:
        """True above the limit."""
        return self.function.complexity > self.limit

    @property
    def worse(self) -> bool:
        """Above the limit because of this change: it is new there, or it grew."""
        return self.too_complex and (self.before is None or self.before < self.function.complexity)

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {
            "name": self.function.name,
            "file": self.function.path,
            "lines": [self.function.line, self.function.last],
            "complexity": self.function.complexity,
            "before": self.before,
            "statements": self.function.statements,
        }

    def finding(self) -> dict[str, Json]:
        """In the form that all checks publish."""
        was = "" if self.before is None else f", it was {self.before}"
        return {
            "rule": "complexity",
            "severity": "medium" if self.worse else "low",
            "file": self.function.path,
            "line": self.function.line,
            "message": f"`{self.function.name}` has complexity {self.function.complexity}{was}; limit {self.limit}",
            "new": self.worse,
        }


async def complexity(
    path: str = ".",
    changes: list[dict[str, Any]] | None = None,
    baseline: str = "",
    max_complexity: int = 15,
    *,
    context: ActionContext,
) -> JsonObject:
    """Measure the changed functions with lizard (McCabe's number).

    Args:
        path: the project's folder.
        changes: files as `git/diff` gives them; without it every function counts as changed.
        baseline: a folder with the files as they were; a function that was over the limit and did not grow passes.
        max_complexity: the limit.
        context: of the visit.

    Returns:
        `verdict`, `checked` (files), `functions` (changed ones, most complex first), `over_limit`, `made_worse`,
        `highest`, `mean`, `summary`, `figures`, `findings`.
    """
    folder = project_folder(context, path)
    chosen = targets(folder, changes, SUFFIXES)
    before = project_folder(context, baseline) if baseline else None
    weighed = await asyncio.to_thread(weigh, folder, chosen, before, max_complexity)
    return complexity_outputs(weighed, len(chosen), max_complexity)


def weigh(folder: Path, chosen: list[Target], before: Path | None, limit: int) -> list[Weighed]:
    """The changed functions of some files, most complex first."""
    weighed = [
        Weighed(function, earlier.get(function.name), limit)
        for target in chosen
        for earlier in [_earlier(before, target)]
        for function in functions(folder / target.path, target.path)
        if target.changed(function.line, function.last)
    ]
    return sorted(weighed, key=lambda one: (-one.function.complexity, one.function.path, one.function.line))


def _earlier(before: Path | None, target: Target) -> dict[str, int]:
    """Complexity by name; of two functions with one name the more complex counts."""
    if before is None or not (before / target.before).is_file():
        return {}
    found: dict[str, int] = {}
    for function in functions(before / target.before, target.before):
        found[function.name] = max(function.complexity, found.get(function.name, 0))
    return found


def functions(path: Path, name: str) -> Iterator[Function]:
    """The functions of a file; a file that lizard cannot read has none."""
    import lizard

    text = path.read_text("utf-8", "replace")
    for found in lizard.analyze_file.analyze_source_code(name, text).function_list:
        yield Function(found.name, name, found.start_line, found.end_line, found.cyclomatic_complexity, found.nloc)


def complexity_outputs(weighed: list[Weighed], checked: int, limit: int) -> dict[str, Json]:
    """What `quality/complexity` publishes."""
    over = [one for one in weighed if one.too_complex]
    worse = [one for one in over if one.worse]
    values = [one.function.complexity for one in weighed]
    highest, mean = max(values, default=0), round(sum(values) / len(values), 2) if values else 0.0
    return {
        "verdict": "fail" if worse else "pass",
        "checked": checked,
        "functions": [one.to_json() for one in weighed[:100]],
        "over_limit": len(over),
        "made_worse": len(worse),
        "highest": highest,
        "mean": mean,
        "summary": f"{len(worse)} of {len(weighed)} changed functions made too complex (highest {highest})",
        "figures": [
            {"name": "functions changed", "value": len(weighed)},
            {"name": "highest complexity of a changed function", "value": highest, "limit": f"at most {limit}"},
            {"name": "functions over the limit because of the change", "value": len(worse), "limit": "0"},
        ],
        "findings": [one.finding() for one in over],
    }
