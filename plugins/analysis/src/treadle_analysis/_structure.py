"""`analysis/analyze-structure`: how the Python files of a repository hang together, and where it is hot."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_analysis import _classify
from treadle_analysis._imports import ImportGraph
from treadle_analysis._past import of_files
from treadle_analysis._tree import Tree
from treadle_analysis._worktree import read_tree

_SHOWN: Final = 20


async def analyze_structure(
    target: str = "", repo: str = ".", history: int = 1000, *, context: ActionContext
) -> JsonObject:
    """Measure the structure of a repository's Python sources.

    Args:
        target: a folder or file, relative to `repo`; all of it by default.
        repo: a folder in the repository.
        history: how many commits count for how often a file changes.
        context: of the visit.

    Returns:
        `modules` (most imported first, each `{path, lines, definitions, complexity, imported_by, imports}`), `cycles`
        (each a list of paths that import each other in a circle), `hot_spots` (commits times complexity, hottest
        first, each `{path, commits, complexity, heat}`), `largest`, `totals`, `summary`, `figures`.
    """
    tree = await read_tree(context, repo, target)
    answer = await context.call("git/log", repo=repo, limit=history, files=True)
    commits = cast("Sequence[Mapping[str, Any]]", answer["commits"])
    return await asyncio.to_thread(_measured, tree, commits)


def _measured(tree: Tree, commits: Sequence[Mapping[str, Any]]) -> JsonObject:
    graph = ImportGraph.build(tree.modules, tree.python_paths)
    imports = _imports(graph)
    sources = [path for path in tree.modules if _classify.area(path) == "source"]
    modules = [_module(tree, path, graph, imports) for path in sources]
    cycles = _cycles(imports)
    past = {one.path: one.commits for one in of_files(sources, commits)}
    hot = [
        {"path": str(one["path"]), "commits": past[str(one["path"])], "complexity": one["complexity"],
         "heat": past[str(one["path"])] * int(cast("int", one["complexity"]))}
        for one in modules
    ]  # fmt: skip
    totals = {
        "modules": len(modules),
        "lines": sum(int(cast("int", one["lines"])) for one in modules),
        "imports": sum(len(imports.get(path, ())) for path in sources),
        "cycles": len(cycles),
        "unparsed": len(tree.unparsed),
    }
    return {
        "modules": cast("list[Json]", _most(modules, "imported_by")),
        "largest": cast("list[Json]", _most(modules, "lines")),
        "hot_spots": cast("list[Json]", [one for one in _most(hot, "heat") if one["heat"]]),
        "cycles": cast("list[Json]", cycles),
        "unparsed": [one.to_json() for one in tree.unparsed],
        "totals": cast("dict[str, Json]", totals),
        "summary": f"{totals['modules']} modules, {totals['lines']} lines, {len(cycles)} import cycles",
        "figures": [{"name": f"{name} in the sources", "value": value} for name, value in totals.items()],
    }


def _most(found: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    return sorted(found, key=lambda one: (-one[key], one["path"]))[:_SHOWN]


def _module(tree: Tree, path: str, graph: ImportGraph, imports: Mapping[str, frozenset[str]]) -> dict[str, Json]:
    definitions = tree.modules[path].definitions
    return {
        "path": path,
        "lines": tree.texts[path].count("\n") + 1,
        "definitions": len(definitions),
        "complexity": sum(one.complexity for one in definitions),
        "imported_by": len(graph.importers.get(path, ())),
        "imports": len(imports.get(path, ())),
    }


def _imports(graph: ImportGraph) -> dict[str, frozenset[str]]:
    """By path, what it imports: the other direction of the graph."""
    found: dict[str, set[str]] = {}
    for target, importers in graph.importers.items():
        for importer in importers:
            found.setdefault(importer, set()).add(target)
    return {path: frozenset(targets) for path, targets in found.items()}


def _cycles(imports: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """The sets of files that import each other in a circle, the largest first (Tarjan's strongly connected parts)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for start in sorted(imports):
        if start in index:
            continue
        work = [(start, iter(sorted(imports.get(start, ()))))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            at, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == index[at]:
                    found.append(sorted(_taken_off(stack, at)))
            elif target not in index:
                index[target] = low[target] = len(index)
                stack.append(target)
                work.append((target, iter(sorted(imports.get(target, ())))))
            elif target in stack:
                low[at] = min(low[at], index[target])
    return sorted((part for part in found if len(part) > 1), key=lambda part: (-len(part), part))


def _taken_off(stack: list[str], last: str) -> list[str]:
    part = [stack.pop()]
    while part[-1] != last:
        part.append(stack.pop())
    return part
