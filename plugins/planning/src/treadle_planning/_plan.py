"""`planning/create-implementation-plan`: which files, in which order, and what has to be tested."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

MATCHED: Final = 3
"""Components that one requirement touches, at most."""


async def create_implementation_plan(
    feature: str = "",
    complexity: str = "",
    analysis: dict[str, Any] | None = None,
    repo: str = ".",
    *,
    context: ActionContext,
) -> JsonObject:
    """Plan a feature.

    Args:
        feature: what is wanted, a title or a whole text.
        complexity: as measured before; it is passed on.
        analysis: the outputs of `analysis/analyze-requirements`; measured here when it is not given.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `plan`: `{feature, complexity, estimated_time, steps, tests, questions, risks}`; each step has `id`, `title`,
        `kind` (test, implement, document, verify), `files`, `requirement`, `needs`, `why`. `summary`, `figures`.

    Raises:
        ActionError: `invalid-input` when neither a feature nor an analysis is given.
    """
    measured = await measured_requirements(feature, analysis, repo, context)
    steps = [*await _of_requirements(measured, repo, context)]
    steps += _closing(steps, measured)
    plan: dict[str, Json] = {
        "feature": feature or _first(measured),
        "complexity": complexity or measured.get("complexity"),
        "estimated_time": measured.get("estimated_time"),
        "steps": cast("list[Json]", steps),
        "tests": cast(
            "list[Json]", sorted({str(path) for step in steps if step["kind"] == "test" for path in step["files"]})
        ),
        "questions": list(measured.get("questions", ())),
        "risks": _risks(measured),
    }
    return {
        "plan": plan,
        "summary": f"{len(steps)} steps over {len({path for step in steps for path in step['files']})} files",
        "figures": [{"name": "planned steps", "value": len(steps)}],
    }


async def measured_requirements(
    feature: str, analysis: Mapping[str, Any] | None, repo: str, context: ActionContext
) -> Mapping[str, Any]:
    """The outputs of `analysis/analyze-requirements`, given or made now."""
    if analysis and "requirements" in analysis:
        return analysis
    if not feature.strip():
        raise ActionError(
            "there is neither a `feature` nor an `analysis` to plan", error_class="invalid-input", retryable=False
        )
    return cast("Mapping[str, Any]", await context.call("analysis/analyze-requirements", feature=feature, repo=repo))


async def _of_requirements(measured: Mapping[str, Any], repo: str, context: ActionContext) -> list[dict[str, Any]]:
    """Two steps for each requirement: a test that fails first, then the change; in the order of the text."""
    steps: list[dict[str, Any]] = []
    last: dict[str, str] = {}
    for requirement in measured["requirements"]:
        found = await context.call("analysis/find-components", text=requirement["text"], repo=repo, limit=8)
        sources, tests, why = _files(cast("Sequence[Mapping[str, Any]]", found["components"]), measured)
        name = requirement["id"].lower()
        steps.append(_step(f"test-{name}", f"Test: {requirement['text']}", "test", tests, requirement, [], why))
        waits = sorted({last[path] for path in sources if path in last})
        change = f"implement-{name}"
        steps.append(
            _step(change, requirement["text"], "implement", sources, requirement, [f"test-{name}", *waits], why)
        )
        last |= dict.fromkeys(sources, change)
    return steps


def _files(components: Sequence[Mapping[str, Any]], measured: Mapping[str, Any]) -> tuple[list[str], list[str], str]:
    fitting = [one for one in components if one["area"] == "source"][:MATCHED]
    if not fitting:
        fitting = [one for one in measured["components"] if one["area"] == "source"][:MATCHED]
    tests = sorted(
        {test for one in fitting for test in one["tests"]} | {c["path"] for c in components if c["area"] == "tests"}
    )
    words = sorted({word for one in fitting for word in one["words"]})
    why = f"these files have the words {', '.join(words)}" if words else "no file has these words: a new one"
    return [str(one["path"]) for one in fitting], tests[:MATCHED], why


def _closing(steps: Sequence[Mapping[str, Any]], measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Documentation where a document speaks of it, and the checks, when all is done."""
    changes = [str(step["id"]) for step in steps if step["kind"] == "implement"]
    prose = [one["path"] for one in measured["components"] if one["area"] == "docs"]
    closing = []
    if prose:
        closing.append(
            _step("document", "Update the documentation", "document", prose, None, changes, "it speaks of this")
        )
    before = [*changes, *(step["id"] for step in closing)]
    text = "; ".join(measured.get("criteria", ())) or "all tests pass"
    closing.append(_step("verify", f"Verify: {text}", "verify", [], None, before, "the last step of every plan"))
    return closing


def _step(
    id_: str,
    title: str,
    kind: str,
    files: Sequence[str],
    requirement: Mapping[str, Any] | None,
    needs: Sequence[str],
    why: str,
) -> dict[str, Any]:
    return {
        "id": id_,
        "title": title,
        "kind": kind,
        "files": list(files),
        "requirement": requirement["id"] if requirement else None,
        "needs": list(needs),
        "why": why,
    }


def _risks(measured: Mapping[str, Any]) -> list[Json]:
    """The factors that reached a limit, with the figure."""
    return [
        f"{factor['id']}: {factor['value']} (limit {factor['limits'][int(factor['points']) - 1]})"
        for factor in measured.get("factors", ())
        if factor["points"]
    ]


def _first(measured: Mapping[str, Any]) -> str:
    return next((str(one["text"]) for one in measured["requirements"]), "")
