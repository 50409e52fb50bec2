"""`quality/assess`: style and complexity together, with one verdict."""

import asyncio
from collections.abc import Mapping
from typing import Any

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, Outcome

from treadle_quality import _complexity, _style
from treadle_quality._files import project_folder, targets
from treadle_quality._verdicts import OUTCOMES, worst


async def assess(
    path: str = ".",
    changes: list[dict[str, Any]] | None = None,
    baseline: str = "",
    max_complexity: int = 15,
    max_style_findings: int = 0,
    *,
    context: ActionContext,
) -> Outcome:
    """Check the quality of a change: ruff on its lines, lizard on its functions.

    Args:
        path: the project's folder.
        changes: files as `git/diff` gives them; without it everything counts as changed.
        baseline: a folder with the files as they were before the change.
        max_complexity: the limit for one function.
        max_style_findings: so many findings on changed lines still pass.
        context: of the visit.

    Returns:
        The outcome `success`, `needs-work` or `not-checked`, and `verdict`, `reasons`, `style`, `complexity` (as the
        actions of these names publish them), `summary`, `figures`, `findings`.
    """
    folder = project_folder(context, path)
    before = project_folder(context, baseline) if baseline else None
    styled = await _style_part(path, changes, max_style_findings, context)
    chosen = targets(folder, changes, _complexity.SUFFIXES)
    weighed = await asyncio.to_thread(_complexity.weigh, folder, chosen, before, max_complexity)
    complex_part = _complexity.complexity_outputs(weighed, len(chosen), max_complexity)
    outputs = combined({"style": styled, "complexity": complex_part})
    return Outcome(OUTCOMES[str(outputs["verdict"])], outputs)


async def _style_part(
    path: str, changes: list[dict[str, Any]] | None, limit: int, context: ActionContext
) -> JsonObject:
    """What ruff says, or why it could not look: the other checks go on without it."""
    try:
        return await _style.style(path, changes, limit, context=context)
    except ActionError as error:
        if error.error_class not in ("tool-missing", "ruff"):
            raise
        context.log.warning(error.message)
        return {"verdict": "not-checked", "summary": error.message, "figures": [], "findings": []}


def combined(parts: Mapping[str, JsonObject]) -> dict[str, Json]:
    """One verdict out of several: fail if one fails, else not-checked if one could not look, else pass."""
    verdict = worst(str(part["verdict"]) for part in parts.values())
    reasons = [f"{name}: {part['summary']}" for name, part in parts.items() if part["verdict"] != "pass"]
    return {
        "verdict": verdict,
        "reasons": reasons,
        **parts,
        "summary": "; ".join(str(part["summary"]) for part in parts.values()),
        "figures": [figure for part in parts.values() for figure in _items(part, "figures")],
        "findings": [finding for part in parts.values() for finding in _items(part, "findings")],
    }


def _items(part: JsonObject, name: str) -> list[Json]:
    items = part.get(name)
    return list(items) if isinstance(items, list | tuple) else []
