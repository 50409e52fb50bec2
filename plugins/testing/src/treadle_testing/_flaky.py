"""`testing/find-flaky`: the same tests again and again, in other orders: which do not end alike."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, Outcome

from treadle_testing import _interpreter
from treadle_testing._junit import Case
from treadle_testing._pytest_run import PytestRun
from treadle_testing._run_tests import folder_of

_MOST: Final = 100
_PLUGIN: Final = '''
"""Shuffles the tests, and writes down their order."""
import json, pathlib, random

def pytest_collection_modifyitems(session, config, items):
    if {seed}:
        random.Random({seed}).shuffle(items)
    pathlib.Path({order!r}).write_text(json.dumps([item.nodeid for item in items]))
'''


async def find_flaky(
    path: str = ".",
    runs: int = 5,
    seed: int = 1,
    test_args: list[str] | None = None,
    python: str = "",
    requirements: list[str] | None = None,
    checkout: str = ".",
    *,
    context: ActionContext,
) -> Outcome:
    """Run the tests several times, the first time in their own order, then in random ones, and compare.

    Args:
        path: the project's folder, absolute or relative to the execution's root.
        runs: how often, 2 to 100.
        seed: of the random orders; the same one gives the same orders.
        test_args: arguments for pytest, e.g. the tests to look at.
        python: the interpreter with the project's dependencies.
        requirements: make an environment with these instead; needs a package index.
        checkout: a folder whose `.venv` or `venv` is used when `python` and `requirements` are not given.
        context: of the visit.

    Returns:
        The outcome `success`, or `needs-work` where a test is flaky; `flaky`, each
        `{id, file, line, passed, failed, failed_in, passed_in, message, detail}` (`…_in`: seeds, 0 the tests' own
        order), `always_failing` (ids), `runs`, each `{seed, passed, failed, seconds, order}`, `tests`, `summary`.

    Raises:
        ActionError: `invalid-input`; `no-tests` when there are none; as `testing/run-tests`.
    """
    if not 2 <= runs <= _MOST:
        raise ActionError(f"`runs` is 2 to {_MOST}, not {runs}", error_class="invalid-input", retryable=False)
    folder = folder_of(context, path)
    found = await _interpreter.choose(folder, python, requirements or [], checkout, context)
    unmeasured = replace(found, coverage="")
    seen: list[_Seen] = []
    for number in range(runs):
        context.progress(number / runs, f"run {number + 1} of {runs}")
        seen.append(await _run(folder, unmeasured, seed + number - 1 if number else 0, test_args or [], context))
    if not any(one.cases for one in seen):
        raise ActionError("no tests were found", error_class="no-tests", retryable=False)
    outputs = _compared(seen)
    return Outcome("needs-work" if outputs["flaky"] else "success", outputs)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One run."""

    seed: int
    cases: Sequence[Case]
    seconds: float
    order: Sequence[str]

    def to_json(self) -> Mapping[str, Json]:
        failed = sum(_failed(case) for case in self.cases)
        order: list[Json] = list(self.order[:1000])
        seconds = round(self.seconds, 3)
        return {
            "seed": self.seed,
            "passed": len(self.cases) - failed,
            "failed": failed,
            "seconds": seconds,
            "order": order,
        }


async def _run(
    folder: Path, found: _interpreter.Interpreter, seed: int, arguments: list[str], context: ActionContext
) -> _Seen:
    """With a plugin that shuffles, beside the project: nothing has to be installed in it."""
    place = context.scratch / "shuffle"
    place.mkdir(exist_ok=True)
    order = place / "order.json"
    order.unlink(missing_ok=True)
    (place / "treadle_shuffle.py").write_text(_PLUGIN.format(seed=seed, order=str(order)), "utf-8")
    words = ["-p", "treadle_shuffle", "-p", "no:randomly", "-p", "no:cacheprovider", *arguments]
    ran = await PytestRun(folder, found, context.scratch, words, beside=place).run(context)
    return _Seen(seed, ran.cases, ran.seconds, json.loads(order.read_text("utf-8")) if order.is_file() else [])


def _failed(case: Case) -> bool:
    return case.state in ("failed", "error")


def _compared(seen: Sequence[_Seen]) -> dict[str, Json]:
    states: dict[str, dict[int, Case]] = defaultdict(dict)
    for run in seen:
        for case in run.cases:
            states[case.id][run.seed] = case
    flaky = [
        _flaky(id_, by_seed) for id_, by_seed in states.items() if len({_failed(it) for it in by_seed.values()}) > 1
    ]
    always: list[Json] = [id_ for id_, by_seed in states.items() if all(map(_failed, by_seed.values()))]
    told = f"{len(flaky)} of {len(states)} tests do not end alike in {len(seen)} runs"
    return {
        "flaky": cast("list[Json]", flaky),
        "always_failing": always,
        "runs": [dict(run.to_json()) for run in seen],
        "tests": len(states),
        "summary": told + (f"; {len(always)} fail always" if always else ""),
    }


def _flaky(id_: str, by_seed: Mapping[int, Case]) -> dict[str, Json]:
    failing = {seed: case for seed, case in by_seed.items() if _failed(case)}
    first = next(iter(failing.values()))
    passing: list[Json] = [seed for seed in by_seed if seed not in failing]
    return {
        "id": id_,
        "file": first.file or None,
        "line": first.line or None,
        "passed": len(passing),
        "failed": len(failing),
        "passed_in": passing,
        "failed_in": list(failing),
        "message": first.message,
        "detail": first.detail,
    }
