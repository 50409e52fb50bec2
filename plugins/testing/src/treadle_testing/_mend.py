"""Tests and an agent: mending what fails, writing what is missing, reproducing a bug."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, AgentAnswer, Json, JsonObject, Outcome

from treadle_testing._run_tests import run_tests

_SHOWN: Final = 20
_TEST: Final = re.compile(r"\s*(?:async\s+)?def test")


async def fix_failing_tests(
    results: Any = None,
    test_results: Any = None,
    path: str = ".",
    instructions: str = "",
    check: bool = False,
    python: str = "",
    *,
    context: ActionContext,
) -> JsonObject:
    """Have an agent mend what makes tests fail. Tests say whether it did, not the agent.

    Args:
        results: the outputs of `testing/run-tests`, or a step's error; run here when there are none.
        test_results: the same by another name.
        path: the project's folder.
        instructions: said to the agent before everything else.
        check: run the tests again here, and take the answer only when they pass. By default the step that follows does
            that, so that a loop of both can try several times.
        python: the interpreter with the project's dependencies, as for `testing/run-tests`.
        context: of the visit; its `agent:` and `fallback:` say who does it.

    Returns:
        `fixed` (null when it was not checked), `changes` (each `{path, how}`), `agent`, `summary`, `totals` after it.

    Raises:
        ActionError: `nothing-fails` when all tests pass; `not-fixed` when they still fail; as `context.agent`.
    """
    known = results or test_results or (await run_tests(path, python=python, context=context)).outputs
    failures = list(_failures(known))
    if not failures:
        raise ActionError("no test fails: there is nothing to mend", error_class="nothing-fails", retryable=False)
    text = "\n".join([*([instructions] if instructions else []), _MEND, "", *failures])
    answer = await context.agent(text, files=_named(known), expect="changes")
    outputs: dict[str, Json] = {"fixed": None, **_told(answer)}
    if check:
        after = (await run_tests(path, python=python, context=context)).outputs
        outputs |= {"fixed": bool(after["passed"]), "totals": after["totals"]}
        if not after["passed"]:
            still = "\n".join(list(_failures(after))[:3])
            raise ActionError(f"tests still fail:\n{still}", outputs=outputs, error_class="not-fixed")
    return outputs


_MEND: Final = (
    "These tests fail. Mend the code, not the tests, unless a test is wrong; say which in your summary. Do not delete"
    " or skip tests."
)


async def generate_tests(
    implementation: Any = None,
    changes: Any = None,
    specification: str = "",
    path: str = ".",
    python: str = "",
    *,
    context: ActionContext,
) -> Outcome:
    """Have an agent write tests for a change, and run all of them.

    Args:
        implementation: the outputs of `implementation/implement-feature`.
        changes: files, as `code_changes` or `git/diff` name them.
        specification: what the change is for.
        path: the project's folder.
        python: the interpreter with the project's dependencies.
        context: of the visit.

    Returns:
        As `testing/run-tests`, and `changes` (the tests that were written), `tests_added`, `agent`.

    Raises:
        ActionError: `tests-fail` when they do not pass afterwards; `no-test` when what was written is no test; as
            `context.agent`.
    """
    known = changes if changes is not None else (implementation or {}).get("code_changes", ())
    paths = [str(one["path"] if isinstance(one, Mapping) else one) for one in known or ()]
    about = f" for what changed in: {', '.join(paths)}" if paths else ""
    text = f"Write tests{about}. Change nothing but tests.\n{specification}".strip()
    answer = await context.agent(text, files=paths, expect="changes")
    if not any("test" in name for name in answer.files):
        raise ActionError(f"what was written is no test: {', '.join(answer.files)}", error_class="no-test")
    ran = await run_tests(path, python=python, context=context)
    outputs = {**_told(answer), **ran.outputs, "tests_added": _added(answer.diff)}
    if ran.outputs["verdict"] == "fail":
        raise ActionError(f"tests fail: {ran.outputs['summary']}", outputs=outputs, error_class="tests-fail")
    return Outcome(ran.name, outputs)


async def create_reproduction(issue: str, path: str = ".", python: str = "", *, context: ActionContext) -> JsonObject:
    """Have an agent write a test that fails because of a bug. A test that passes reproduces nothing.

    Args:
        issue: the bug, as it was reported.
        path: the project's folder.
        python: the interpreter with the project's dependencies.
        context: of the visit.

    Returns:
        `reproduced` (True), `failures` (the new ones), `changes`, `tests_added`, `agent`, `summary`.

    Raises:
        ActionError: `not-reproduced` when no test fails that did not fail before; as `context.agent`.
    """
    before = {case["id"] for case in _cases(await run_tests(path, python=python, context=context))}
    text = (
        "Write one test that fails because of this bug and would pass without it. Change nothing but tests; do not mend"
        f" the bug.\n\n{issue}"
    )
    answer = await context.agent(text, expect="changes")
    after = await run_tests(path, python=python, context=context)
    fresh = [case for case in _cases(after) if case["id"] not in before]
    if not fresh:
        raise ActionError(
            "no test fails that did not fail before: the bug is not reproduced",
            outputs=_told(answer),
            error_class="not-reproduced",
        )
    names = ", ".join(case["id"] for case in fresh[:3])
    return {
        **_told(answer),
        "tests_added": _added(answer.diff),
        "reproduced": True,
        "failures": cast("list[Json]", fresh),
        "summary": f"reproduced by {names}",
    }


def _cases(ran: Outcome) -> list[dict[str, Any]]:
    return [{**case, "id": _id(case)} for case in cast("Sequence[Mapping[str, Any]]", ran.outputs["failures"])]


def _id(case: Mapping[str, Any]) -> str:
    return str(case.get("id") or "::".join(str(case[key]) for key in ("file", "name") if case.get(key)))


def _added(diff: str) -> int:
    """Tests that a diff brings, less those that it takes."""
    lines = [line for line in diff.splitlines() if _TEST.match(line[1:])]
    return sum(line.startswith("+") for line in lines) - sum(line.startswith("-") for line in lines)


def _told(answer: AgentAnswer) -> dict[str, Json]:
    told = dict(answer.to_json())
    return {name: told[name] for name in ("agent", "changes", "summary", "money", "tokens", "tried")}


def _failures(results: Any) -> Iterator[str]:
    """What fails, in words: the listed failures, or the error's message."""
    if not isinstance(results, Mapping):
        yield from [str(results)] if results else []
        return
    listed = results.get("failures") or ()
    for case in listed[:_SHOWN]:
        yield f"- {_id(case)}: {str(case.get('detail') or case.get('message') or '')[-1500:]}"
    if not listed and results.get("message"):
        yield str(results["message"])
    elif not listed and results.get("passed") is False:
        yield str(results.get("summary", "the tests do not pass"))


def _named(results: Any) -> tuple[str, ...]:
    listed = results.get("failures") or () if isinstance(results, Mapping) else ()
    return tuple(dict.fromkeys(str(case["file"]) for case in listed if case.get("file")))
