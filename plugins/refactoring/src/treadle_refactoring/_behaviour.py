"""`refactoring/safety-harness` and `refactoring/verify-behaviour`: what has to stay as it is, before and after."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, Outcome

from treadle_refactoring._files import is_test, text_files
from treadle_refactoring._places import Definition

_ALL: Final = 100.0


async def safety_harness(
    target: str = "",
    path: str = ".",
    python: str = "",
    test_args: list[str] | None = None,
    min_coverage: float = 80.0,
    *,
    context: ActionContext,
) -> Outcome:
    """Run the tests before anything changes, and say how much of the target they hold.

    Args:
        target: a folder or file that is going to change; everything by default.
        path: the project's folder.
        python: the interpreter with the project's dependencies.
        test_args: arguments for pytest.
        min_coverage: percent of the target's statements that the tests have to run.
        context: of the visit.

    Returns:
        The outcome `success`, or `needs-work` when the tests hold too little, and `verdict`, `harness` (what
        `refactoring/verify-behaviour` compares with: `failing`, `passed`, `api`), `coverage` (percent of the target),
        `uncovered` (files, worst first, `{path, percent}`), `instructions` (for who writes the missing tests),
        `reasons`, `summary`, `figures`.

    Raises:
        ActionError: `tests-not-run`, `no-interpreter`; `no-tests` when there is nothing that holds the behaviour.
    """
    ran = await context.call("testing/run-tests", path=path, python=python, test_args=list(test_args or []))
    totals = cast("Mapping[str, int]", ran["totals"])
    if not totals["tests"]:
        raise ActionError("there are no tests: nothing would show a change", error_class="no-tests", retryable=False)
    files = _covered(cast("Mapping[str, Any]", ran["coverage"]), target)
    percent = _percent(files)
    reasons = [] if percent is None or percent >= min_coverage else [_too_little(percent, target, min_coverage)]
    if percent is None:
        reasons.append(f"nothing of {target or 'the sources'} was measured")
    worst = sorted((one for one in files if one["percent"] is not None), key=lambda one: (one["percent"], one["path"]))
    uncovered = [one for one in worst if one["percent"] < _ALL]
    outputs: dict[str, Json] = {
        "verdict": "fail" if reasons else "pass",
        "harness": {**_state(ran), "api": await _api(context, target)},
        "coverage": percent,
        "uncovered": cast("list[Json]", [{name: one[name] for name in ("path", "percent")} for one in uncovered]),
        "instructions": _asked(uncovered),
        "reasons": cast("list[Json]", reasons),
        "summary": f"{totals['passed']} tests pass and run {percent} % of {target or 'the sources'}",
        "figures": [
            {"name": "target covered before", "value": percent, "unit": "%", "limit": f"at least {min_coverage:g}"}
        ],
    }
    return Outcome("needs-work" if reasons else "success", outputs)


def _too_little(percent: float, target: str, least: float) -> str:
    return f"tests run {percent} % of {target or 'the sources'}, {least:g} % are asked for"


def _asked(uncovered: Sequence[Mapping[str, Any]]) -> str:
    listed = "\n".join(f"- {one['path']}: {one['percent']} % run by tests" for one in uncovered[:10])
    return (
        "Write tests that hold what this code does now, as it is, so that it can be rewritten safely. Change nothing"
        f" but tests.\n{listed}"
    )


async def verify_behaviour(
    harness: dict[str, Any],
    target: str = "",
    path: str = ".",
    python: str = "",
    test_args: list[str] | None = None,
    allow_api_changes: bool = False,
    *,
    context: ActionContext,
) -> JsonObject:
    """Run the tests again, and compare with what `refactoring/safety-harness` found.

    Args:
        harness: its output of that name.
        target: as it was given there.
        path: the project's folder.
        python: the interpreter with the project's dependencies.
        test_args: as they were given there.
        allow_api_changes: public names may go or get other parameters.
        context: of the visit.

    Returns:
        `verdict` (pass), `new_failures`, `passed` (before and after), `api` (what differs), `summary`, `figures`.

    Raises:
        ActionError: `behaviour-changed` with what differs, its outputs the same; as `testing/run-tests`.
    """
    ran = await context.call("testing/run-tests", path=path, python=python, test_args=list(test_args or []))
    now = _state(ran)
    failures = sorted(set(cast("list[str]", now["failing"])) - set(harness.get("failing", ())))
    differs = list(_differences(harness.get("api", {}), await _api(context, target)))
    before, after = int(harness.get("passed", 0)), int(cast("int", now["passed"]))
    reasons = [f"it fails now: {name}" for name in failures]
    if after < before and not failures:
        reasons.append(f"{after} tests pass, {before} did: some are gone")
    if differs and not allow_api_changes:
        reasons += differs
    outputs: dict[str, Json] = {
        "verdict": "fail" if reasons else "pass",
        "new_failures": cast("list[Json]", failures),
        "passed": {"before": before, "after": after},
        "api": cast("list[Json]", differs),
        "reasons": cast("list[Json]", reasons),
        "failures": ran["failures"],
        "totals": ran["totals"],
        "summary": "; ".join(reasons[:3]) or f"{after} tests pass as before, the public names are the same",
        "figures": [{"name": "tests that fail since", "value": len(failures), "limit": "0"}],
    }
    if reasons:
        told = "\n".join(f"- {reason}" for reason in reasons[:20])
        raise ActionError(
            f"it does not do the same any more:\n{told}", error_class="behaviour-changed", outputs=outputs
        )
    return outputs


def _state(ran: Mapping[str, Any]) -> dict[str, Json]:
    failing = sorted(str(case["id"]) for case in ran["failures"])
    return {"failing": cast("list[Json]", failing), "passed": int(ran["totals"]["passed"])}


def _covered(coverage: Mapping[str, Any], target: str) -> list[dict[str, Any]]:
    below = target.rstrip("/")
    return [
        {"path": path, **measured}
        for path, measured in (coverage.get("files") or {}).items()
        if not is_test(path) and (not below or path == below or path.startswith(f"{below}/"))
    ]


def _percent(files: Sequence[Mapping[str, Any]]) -> float | None:
    """Rounded down, so that 100 means all."""
    statements = sum(one["statements"] for one in files)
    return int(1000 * sum(one["covered"] for one in files) / statements) / 10 if statements else None


async def _api(context: ActionContext, target: str) -> dict[str, Json]:
    """By `path:name` the parameters of each public function and method; "class" for a class."""
    found: dict[str, Json] = {}
    for path in await text_files(context, target):
        if path.endswith(".py") and not is_test(path):
            try:
                tree = ast.parse(context.workspace.read_text(path))
            except (SyntaxError, ValueError):
                continue
            found |= {f"{path}:{name}": shape for name, shape in _public(tree.body)}
    return found


def _public(body: Sequence[ast.stmt], above: str = "") -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield f"{above}{node.name}", "class"
                yield from _public(node.body, f"{above}{node.name}.")
            else:
                yield f"{above}{node.name}", f"({ast.unparse(node.args)})"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What went, unless a name of the same shape stands in another file: then it was moved."""
    moved = {(name.partition(":")[2], shape) for name, shape in after.items()}
    for name, shape in before.items():
        if name in after and after[name] != shape:
            yield f"{name} has other parameters: {shape} was, {after[name]} is"
        elif name not in after and (name.partition(":")[2], shape) not in moved:
            yield f"{name} is gone"
