"""`bugfix/minimal-fix`: an agent mends a bug, and the tests say whether it did."""

from collections.abc import Mapping
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

_ASKED: Final = "Mend this bug with as little change as it takes. Do not change or skip tests, and change nothing else."


async def minimal_fix(
    issue: str,
    components: list[Any] | None = None,
    reproduction: list[Any] | None = None,
    proposal: Any = None,
    path: str = ".",
    python: str = "",
    feedback: str = "",
    *,
    context: ActionContext,
) -> JsonObject:
    """Have an agent mend a bug.

    Args:
        issue: the report.
        components: as `bugfix/analyze-bug` gives them.
        reproduction: `failures` of `testing/create-reproduction`: these tests have to pass afterwards.
        proposal: as `error-analysis/propose` makes it.
        path: the project's folder.
        python: the interpreter with the project's dependencies.
        feedback: why an earlier fix was not taken.
        context: of the visit; its `agent:` and `fallback:` say who does it.

    Returns:
        `changes` (each `{path, how}`), `lines` (added and deleted), `verified` (null without a reproduction), `agent`,
        `summary`, `figures`.

    Raises:
        ActionError: `not-fixed` when the reproduction still fails; as `context.agent`.
    """
    known = [str(one["path"] if isinstance(one, Mapping) else one) for one in components or ()]
    said = [_ASKED, "", issue.strip()]
    if isinstance(proposal, Mapping) and proposal.get("text"):
        said += ["", f"What may help: {proposal['text']}"]
    tests = [str(case["id"]) for case in reproduction or () if isinstance(case, Mapping) and case.get("id")]
    if tests:
        said += ["", f"These tests fail because of it: {', '.join(tests)}"]
    answer = await context.agent("\n".join(said), files=known, expect="changes", feedback=feedback)
    told = dict(answer.to_json())
    lines = sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in answer.diff.splitlines() if line)
    outputs: dict[str, Json] = {
        **{name: told[name] for name in ("changes", "agent", "money", "tokens", "tried", "summary")},
        "lines": lines,
        "verified": None,
        "figures": [{"name": "lines of the fix", "value": lines}],
    }
    if tests:
        outputs["verified"] = True
        left = await _failing(tests, path, python, context)
        if left:
            raise ActionError(
                f"still failing: {', '.join(left)}", outputs={**outputs, "verified": False}, error_class="not-fixed"
            )
    return outputs


async def _failing(tests: list[str], path: str, python: str, context: ActionContext) -> list[str]:
    after = await context.call("testing/run-tests", path=path, python=python)
    failing = {str(case["id"]) for case in cast("list[dict[str, Any]]", after["failures"])}
    return [test for test in tests if test in failing]
