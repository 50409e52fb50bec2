"""What a text asks of a repository: which components, how hard, how long it took before."""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_analysis import _classify, _wanted
from treadle_analysis._imports import ImportGraph
from treadle_analysis._search import Hit, Search, asked
from treadle_analysis._tree import Tree
from treadle_analysis._worktree import read_tree

_SESSION: Final = 8.0
"""Hours: a longer pause between two commits of one person is not work on the second."""

_ENOUGH: Final = 5
"""Commits that an estimate needs."""


async def find_components(text: str, repo: str = ".", limit: int = 12, *, context: ActionContext) -> JsonObject:
    """Find the files that a text is about, by full-text search (BM25) over paths, definitions and contents.

    Args:
        text: a feature, a bug, an error message.
        repo: a folder in the repository, relative to the execution's root or absolute.
        limit: at most so many components.
        context: of the visit.

    Returns:
        `components` (best first, each `{path, area, score, words, definitions, tests}`), `words` searched for,
        `summary`.
    """
    tree = await read_tree(context, repo)
    hits = await asyncio.to_thread(_ranked, tree, text, limit)
    found = [_component(tree, hit) for hit in hits]
    return {"components": found, "words": list(asked(text)), "summary": _named(found)}


async def gather_context(
    query: str = "", specification: str = "", repo: str = ".", limit: int = 8, *, context: ActionContext
) -> JsonObject:
    """Gather what somebody must know to work on something: files, definitions, tests, documentation, recent commits.

    Args:
        query: what it is about.
        specification: the same by another name; both are searched for.
        repo: a folder in the repository.
        limit: at most so many files.
        context: of the visit.

    Returns:
        `relevant_patterns` (each `{path, line, text, words}`: the lines around what was found), `components`,
        `conventions` (what the repository is built and tested with), `commits` that touched the components, `summary`.
    """
    text = f"{query}\n{specification}".strip()
    if not text:
        raise ActionError("there is nothing to look for", error_class="invalid-input", retryable=False)
    tree = await read_tree(context, repo)
    hits = await asyncio.to_thread(_ranked, tree, text, limit)
    found = [_component(tree, hit) for hit in hits]
    commits = await _commits(context, repo, [hit.path for hit in hits])
    return {
        "relevant_patterns": [snippet for hit in hits for snippet in _snippets(tree, hit)],
        "components": found,
        "conventions": _conventions(tree),
        "commits": [dict(commit) for commit in commits[:10]],
        "summary": _named(found),
    }


async def analyze_requirements(
    feature: str = "", specification: str = "", repo: str = ".", limit: int = 8, *, context: ActionContext
) -> JsonObject:
    """Take a specification apart and measure what it means for this repository.

    Args:
        feature: what is wanted, a title or a whole text.
        specification: more of it, or the text of a file.
        repo: a folder in the repository.
        limit: at most so many components.
        context: of the visit.

    Returns:
        `requirements` (each `{id, text, line, weight, section, vague}`), `criteria`, `components`, `complexity`
        (`low`, `medium`, `high`) with the `factors` that make it, `estimated_time` in hours (null without enough
        history) with its `basis`, `questions` (what is not said), `summary`, `figures`.
    """
    text = "\n".join(part for part in (feature, specification) if part.strip())
    if not text:
        raise ActionError(
            "neither `feature` nor `specification` says anything", error_class="invalid-input", retryable=False
        )
    wanted = _wanted.requirements(specification if specification.strip() else feature)
    tree = await read_tree(context, repo)
    hits = await asyncio.to_thread(_ranked, tree, text, limit)
    sources = [hit.path for hit in hits if _classify.area(hit.path) == "source"]
    factors = _factors(tree, wanted, sources)
    points = sum(int(factor["points"]) for factor in factors)
    complexity = "high" if points >= 5 else "medium" if points >= 2 else "low"
    commits = await _commits(context, repo, sources)
    basis = _basis(commits)
    hours = basis["median_hours"]
    estimate = round(float(hours) * max(len(wanted), 1), 1) if hours is not None else None
    found = [_component(tree, hit) for hit in hits]
    return {
        "requirements": [one.to_json(number) for number, one in enumerate(wanted, 1)],
        "criteria": [one.text for one in _wanted.criteria(wanted)],
        "components": found,
        "complexity": complexity,
        "factors": cast("list[Json]", factors),
        "estimated_time": estimate,
        "basis": cast("dict[str, Json]", basis),
        "questions": _questions(wanted, found, estimate),
        "summary": f"{len(wanted)} requirements, {len(found)} components; complexity {complexity} ({points} points)",
        "figures": [
            {"name": "requirements", "value": len(wanted)},
            {"name": "components affected", "value": len(sources)},
            {"name": "complexity points", "value": points},
        ],
    }


def _ranked(tree: Tree, text: str, limit: int) -> list[Hit]:
    names = {path: [one.name for one in module.definitions] for path, module in tree.modules.items()}
    with Search(tree.texts, names) as search:
        return search.rank(text, limit)


def _component(tree: Tree, hit: Hit) -> dict[str, Json]:
    module = tree.modules.get(hit.path)
    fitting = [one for one in (module.definitions if module else ()) if set(asked(one.name)) & set(hit.words)]
    stem = hit.path.rpartition("/")[2].removesuffix(".py")
    tests = [path for path in tree.texts if _classify.area(path) == "tests" and stem in path.rpartition("/")[2]]
    return {
        "path": hit.path,
        "area": _classify.area(hit.path),
        "score": hit.score,
        "words": list(hit.words),
        "definitions": [{"name": one.name, "line": one.line, "complexity": one.complexity} for one in fitting[:8]],
        "tests": cast("list[Json]", sorted(tests)[:5] if _classify.area(hit.path) == "source" else []),
    }


def _snippets(tree: Tree, hit: Hit) -> list[Json]:
    """The two places of a file with the most of the words, three lines each."""
    lines = tree.texts[hit.path].splitlines()
    counted = [(sum(word in line.lower() for word in hit.words), -number) for number, line in enumerate(lines, 1)]
    best = sorted((pair for pair in counted if pair[0]), reverse=True)[:2]
    return [
        {
            "path": hit.path,
            "line": max(1, -number - 1),
            "text": "\n".join(lines[max(0, -number - 2) : -number + 1])[:600],
            "words": [word for word in hit.words if word in lines[-number - 1].lower()],
        }
        for _, number in best
    ]


def _conventions(tree: Tree) -> dict[str, Json]:
    areas = [_classify.area(path) for path in tree.texts]
    languages = statistics.multimode(
        _classify.language(path) for path in tree.texts if _classify.area(path) == "source"
    )
    return {
        "language": languages[0] if languages else None,
        "source_files": areas.count("source"),
        "test_files": areas.count("tests"),
        "configured_in": [path for path in sorted(tree.texts) if _classify.area(path) in ("ci", "deps")][:12],
    }


async def _commits(context: ActionContext, repo: str, paths: list[str]) -> Sequence[Mapping[str, Any]]:
    if not paths:
        return ()
    answer = await context.call("git/log", repo=repo, paths=cast("list[Json]", paths), limit=500)
    return cast("Sequence[Mapping[str, Any]]", answer["commits"])


def _basis(commits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How long a commit to these files took: the pause since its author's commit before, within one session."""
    by_author: dict[str, list[datetime]] = {}
    for commit in commits:
        by_author.setdefault(commit["author"], []).append(datetime.fromisoformat(commit["date"]))
    pauses = [
        hours
        for times in by_author.values()
        for later, earlier in pairwise(times)
        if 0 < (hours := (later - earlier).total_seconds() / 3600) <= _SESSION
    ]
    median = round(statistics.median(pauses), 2) if len(pauses) >= _ENOUGH else None
    return {"commits": len(commits), "sessions": len(pauses), "median_hours": median, "needed": _ENOUGH}


def _factors(tree: Tree, wanted: list[_wanted.Requirement], sources: list[str]) -> list[dict[str, Any]]:
    graph = ImportGraph.build(tree.modules, tree.python_paths)
    reached = [path for path in graph.reached_by(sources) if path not in sources]
    hardest = max(
        (one.complexity for path in sources if path in tree.modules for one in tree.modules[path].definitions),
        default=0,
    )
    untested = sum(not _has_tests(tree, path) for path in sources)
    measured = (
        ("requirements", len(wanted), (4, 10)),
        ("components", len(sources), (3, 8)),
        ("importers", len(reached), (5, 20)),
        ("hardest function", hardest, (10, 20)),
        ("components without tests", untested, (2, 5)),
    )
    return [
        {"id": name, "value": value, "limits": list(limits), "points": sum(value >= limit for limit in limits)}
        for name, value, limits in measured
    ]


def _has_tests(tree: Tree, path: str) -> bool:
    stem = path.rpartition("/")[2].removesuffix(".py")
    return any(_classify.area(other) == "tests" and stem in other.rpartition("/")[2] for other in tree.texts)


def _questions(wanted: list[_wanted.Requirement], found: list[dict[str, Json]], estimate: float | None) -> list[Json]:
    """What the text leaves open; each names what it rests on."""
    questions: list[Json] = [
        f"R{number}: what does `{word}` mean here, in figures?"
        for number, one in enumerate(wanted, 1)
        for word in one.vague
    ]
    if wanted and not _wanted.criteria(wanted):
        questions.append("No acceptance criteria are stated: by what can one tell that it is done?")
    if not found:
        questions.append("No file of the repository has the words of the text: where does it belong?")
    if estimate is None:
        questions.append(
            f"Fewer than {_ENOUGH} commits of one session touch these files: there is no basis for an estimate."
        )
    return questions


def _named(found: Sequence[Mapping[str, Json]]) -> str:
    shown = ", ".join(str(one["path"]) for one in found[:3])
    return f"{len(found)} components: {shown}" if found else "no component has these words"
