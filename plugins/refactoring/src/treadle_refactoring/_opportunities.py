"""`refactoring/find-opportunities`: what is worth being written anew, with the figures that say so."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_refactoring._dead import find_dead_code
from treadle_refactoring._files import is_test, text_files

_SHOWN: Final = 20


async def find_opportunities(
    target: str = "",
    max_complexity: int = 10,
    max_statements: int = 50,
    history: int = 1000,
    *,
    context: ActionContext,
) -> JsonObject:
    """Look for functions that are too complex or too long, files that change often, circles, and unused code.

    Args:
        target: a folder or file; everything by default.
        max_complexity: a function above it is complex (McCabe's number).
        max_statements: a function with more is long (lines of code without comments).
        history: how many commits count for how often a file changes.
        context: of the visit.

    Returns:
        `opportunities` (heaviest first, each `{kind, file, line, name, weight, evidence, suggestion}`; `weight` is the
        figure above its limit, times one more than the commits that touched the file), `files`, `instructions` (for who
        does it), `count`, `summary`, `figures`.

    Raises:
        ActionError: `unknown-path` when there is no such target.
    """
    structure = await context.call("analysis/analyze-structure", target=target, history=history)
    chosen = [name for name in await text_files(context, target) if name.endswith(".py") and not is_test(name)]
    measured = await context.call("quality/complexity", changes=[{"path": name} for name in chosen])
    commits = {
        str(one["path"]): int(one["commits"]) for one in cast("Sequence[Mapping[str, Any]]", structure["hot_spots"])
    }
    functions = cast("Sequence[Mapping[str, Any]]", measured["functions"])
    dead = await find_dead_code(target, context=context)
    found = [
        *_hard(functions, commits, max_complexity, max_statements),
        *_circles(cast("Sequence[Sequence[str]]", structure["cycles"])),
        *_unused(cast("Sequence[Mapping[str, Any]]", dead["dead"])),
    ]
    found.sort(key=lambda one: (-one["weight"], one["file"], one["line"] or 0))
    shown = found[:_SHOWN]
    files = list(dict.fromkeys(str(one["file"]) for one in shown))
    return {
        "opportunities": cast("list[Json]", shown),
        "files": cast("list[Json]", files),
        "instructions": "\n".join(_instructions(shown)),
        "count": len(found),
        "summary": f"{len(found)} opportunities" + (f"; first: {shown[0]['evidence']}" if shown else ""),
        "figures": [{"name": "opportunities for refactoring", "value": len(found)}],
    }


def _hard(
    functions: Sequence[Mapping[str, Any]], commits: Mapping[str, int], max_complexity: int, max_statements: int
) -> Iterator[dict[str, Any]]:
    for one in functions:
        over, long = one["complexity"] / max_complexity, one["statements"] / max_statements
        if max(over, long) <= 1:
            continue
        kind = "complex-function" if over >= long else "long-function"
        figure = f"complexity {one['complexity']}" if over >= long else f"{one['statements']} lines"
        limit = max_complexity if over >= long else max_statements
        times = commits.get(one["file"], 0)
        yield {
            "kind": kind,
            "file": one["file"],
            "line": one["lines"][0],
            "name": one["name"],
            "weight": round(max(over, long) * (1 + times), 2),
            "evidence": f"`{one['name']}` has {figure} (limit {limit}); {times} commits touched its file",
            "suggestion": "cut it into functions that do one thing each",
        }


def _circles(cycles: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    for files in cycles:
        yield {
            "kind": "import-cycle",
            "file": files[0],
            "line": None,
            "name": "",
            "weight": float(len(files)),
            "evidence": f"{len(files)} files import each other: {', '.join(files[:5])}",
            "suggestion": "move what they share to a module that imports none of them",
        }


def _unused(dead: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in dead:
        if one["verdict"] == "possible":
            continue
        yield {
            "kind": "dead-code",
            "file": one["file"],
            "line": one["line"],
            "name": one["name"],
            "weight": 1.0 if one["verdict"] == "certain" else 0.5,
            "evidence": f"{one['kind']} `{one['name']}`: {one['evidence']}",
            "suggestion": "delete it",
        }


def _instructions(shown: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "Improve how this code is written without changing what it does; all tests have to pass afterwards:"
    for one in shown[:8]:
        place = f"{one['file']}:{one['line']}" if one["line"] else one["file"]
        yield f"- {place}: {one['evidence']}; {one['suggestion']}"
