"""`quality/compatibility`: whether what worked before a change works after it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, Outcome

from treadle_quality._verdicts import OUTCOMES


async def compatibility(
    change: dict[str, Any] | None = None,
    base: str = "",
    head: str = "HEAD",
    repo: str = ".",
    tests: dict[str, Any] | None = None,
    allow_breaking: bool = False,
    *,
    context: ActionContext,
) -> Outcome:
    """Judge a change by its public names, its dependencies, and the tests as they were before it.

    Args:
        change: the outputs of `analysis/analyze-change`; measured here between `base` and `head` when not given.
        base: the revision that the change is meant for.
        head: the revision that holds it.
        repo: a folder in the repository.
        tests: the outputs of `testing/run-tests` for the earlier tests on the new sources.
        allow_breaking: breaking changes are listed and pass.
        context: of the visit.

    Returns:
        The outcome `success`, `needs-work` or `not-checked`, and `verdict`, `breaking` (public names, each `{file,
        name, line, change, reason}`), `dependencies`, `failures` (earlier tests that fail now), `reasons`, `summary`,
        `figures`, `findings`.

    Raises:
        ActionError: `invalid-input` without a change and without a base; as `analysis/analyze-change`.
    """
    measured = change or await _measured(base, head, repo, context)
    api = cast("Sequence[Mapping[str, Any]]", measured.get("api") or ())
    breaking = [one for one in api if one["breaking"]]
    failures = cast("Sequence[Mapping[str, Any]]", (tests or {}).get("failures") or ())
    reasons = [*_of_names(breaking), *_of_tests(failures)]
    unknown = tests is not None and "totals" not in tests
    verdict = "fail" if reasons and not allow_breaking else "not-checked" if unknown else "pass"
    if unknown:
        reasons.append(f"the earlier tests could not run: {(tests or {}).get('summary') or 'they ended in an error'}")
    outputs: dict[str, Json] = {
        "verdict": verdict,
        "breaking": [{name: one[name] for name in ("file", "name", "line", "change", "reason")} for one in breaking],
        "dependencies": measured.get("dependencies"),
        "failures": [str(case["id"]) for case in failures],
        "reasons": cast("list[Json]", reasons),
        "summary": f"{len(breaking)} public names broken" + ("" if tests is None else f", {len(failures)} tests fail"),
        "figures": [{"name": "public names broken", "value": len(breaking), "limit": "any" if allow_breaking else "0"}],
        "findings": [_finding(one) for one in breaking],
    }
    return Outcome(OUTCOMES[verdict], outputs)


async def _measured(base: str, head: str, repo: str, context: ActionContext) -> JsonObject:
    if not base:
        raise ActionError(
            "there is nothing to compare with: give `base`, or `change`", error_class="invalid-input", retryable=False
        )
    return await context.call("analysis/analyze-change", base=base, head=head, repo=repo)


def _of_names(breaking: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in breaking:
        yield f"{one['file']}: {one['name']}: {one['reason']}"


def _of_tests(failures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for case in failures:
        yield f"it worked before: {case['id']}"


def _finding(one: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "rule": "breaking-api",
        "severity": "high",
        "file": one["file"],
        "line": one["line"],
        "message": f"`{one['name']}`: {one['reason']}",
        "new": True,
    }
