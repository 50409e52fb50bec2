"""`bugfix/analyze-bug`: what a report tells, and what it leaves open."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

_SEVERE: Final = re.compile(
    r"\b(?:data loss|loses? data|corrupt\w*|security|vulnerab\w*|crash\w*|outage|production|critical|urgent"
    r"|payment\w*)\b",
    re.IGNORECASE,
)
_EXPECTED: Final = re.compile(r"\b(?:expected|should|instead|supposed)\b", re.IGNORECASE)
_STEPS: Final = re.compile(r"(?:^|\n)\s*(?:\d+[.)]|[-*])\s+|\bsteps to reproduce\b|```|\$ ", re.IGNORECASE)
_VERSION: Final = re.compile(r"\bv?\d+\.\d+(?:\.\d+)?\b|\b[0-9a-f]{7,40}\b")


async def analyze_bug(
    issue: str, log: str = "", repo: str = ".", limit: int = 8, *, context: ActionContext
) -> JsonObject:
    """Analyse a bug report.

    Args:
        issue: the report, as it was written.
        log: an error message, a traceback, or what was printed.
        repo: a folder in the repository.
        limit: at most so many components.
        context: of the visit.

    Returns:
        `classification` (as `error-analysis/classify` gives it), `components` (the files of the traceback first, each
        `{path, area, score, words, definitions, tests}`), `impact` (`{importers, tests}` of these), `severity` (`high`,
        `medium`, `low`) with `reasons`, `questions`, `summary`, `figures`.

    Raises:
        ActionError: `invalid-input` for an empty report.
    """
    if not issue.strip():
        raise ActionError("the report is empty", error_class="invalid-input", retryable=False)
    kind = cast("Mapping[str, Any]", await context.call("error-analysis/classify", error_message=issue, log=log))
    text = f"{issue}\n{kind['message']}"
    found = await context.call("analysis/find-components", text=text, repo=repo, limit=limit)
    components = _ordered(cast("Sequence[Mapping[str, Any]]", found["components"]), kind)
    structure = cast("Mapping[str, Any]", await context.call("analysis/analyze-structure", repo=repo))
    importers = {module["path"]: int(module["imported_by"]) for module in structure["modules"]}
    reach = sum(importers.get(str(one["path"]), 0) for one in components)
    tests = sorted({test for one in components for test in one.get("tests", ())})
    severity, reasons = _severity(text, kind, reach)
    return {
        "classification": dict(kind),
        "components": cast("list[Json]", components),
        "impact": {"importers": reach, "tests": cast("list[Json]", tests)},
        "severity": severity,
        "reasons": cast("list[Json]", reasons),
        "questions": _questions(issue, kind, components),
        "summary": f"{severity}: {kind['summary']}; {len(components)} components",
        "figures": [
            {"name": "components affected", "value": len(components)},
            {"name": "importers affected", "value": reach},
        ],
    }


def _ordered(components: Sequence[Mapping[str, Any]], kind: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The files of the traceback first, the innermost of them before the others."""
    frames = [frame["file"] for frame in reversed(kind["frames"]) if frame["own"]]
    known = {str(one["path"]): one for one in components}
    named = [known.get(path) or _bare(path) for path in dict.fromkeys(frames)]
    return [*named, *(one for path, one in known.items() if path not in frames)]


def _bare(path: str) -> dict[str, Any]:
    return {"path": path, "area": "source", "score": 0.0, "words": [], "definitions": [], "tests": []}


def _severity(text: str, kind: Mapping[str, Any], reach: int) -> tuple[str, list[str]]:
    reasons = [f"the report says `{word.lower()}`" for word in dict.fromkeys(_SEVERE.findall(text))]
    if reasons:
        return "high", reasons
    if kind["own_frame"]:
        reasons.append(f"it ends in an error at {kind['own_frame']['file']}:{kind['own_frame']['line']}")
    if reach >= 5:
        reasons.append(f"{reach} files import what is affected")
    return ("medium", reasons) if reasons else ("low", ["nothing in the report says more"])


def _questions(issue: str, kind: Mapping[str, Any], components: Sequence[Any]) -> list[Json]:
    missing: list[Json] = []
    if not _STEPS.search(issue):
        missing.append("How is it reproduced, step by step?")
    if not _EXPECTED.search(issue):
        missing.append("What was expected?")
    if not _VERSION.search(issue):
        missing.append("Which version or commit shows it?")
    if kind["category"] == "unknown" and not kind["frames"]:
        missing.append("What does the error say? There is no message and no traceback.")
    if not components:
        missing.append("No file of the repository has the words of the report: where does it show?")
    return missing
