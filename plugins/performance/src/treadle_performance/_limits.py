"""`performance/record` and `performance/check`: performance tests, as a file that stands in the repository.

An entry keeps what was measured: memory in bytes, and time as a multiple of a fixed piece of work that the machine did
in the same run, so that a faster or a busier machine does not change it much.
"""

import json
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, Outcome

from treadle_performance._rounds import in_turns
from treadle_performance._statistics import interval
from treadle_performance._subject import folder_of, is_python, subject

SCHEMA: Final = "treadle/performance@1"
FILE: Final = "performance-tests.json"


async def record(
    name: str,
    command: list[str] | None = None,
    tests: list[str] | None = None,
    file: str = FILE,
    max_slowdown: float = 50.0,
    python: str = "",
    rounds: int = 10,
    *,
    context: ActionContext,
) -> JsonObject:
    """Add a performance test: what something takes now, and how much more it may take.

    Args:
        name: of the test; one of this name is replaced.
        command: a program and its arguments; this or `tests`.
        tests: tests by pytest's names.
        file: where the tests are kept.
        max_slowdown: percent more that pass.
        python: the interpreter with the project's dependencies; its `.venv` is found.
        rounds: how often it is measured, 6 at least.
        context: of the visit.

    Returns:
        `path`, `name`, `work` (median, in multiples of the fixed piece of work), `memory` (median, bytes), `created`,
        `modified`, `summary`, `figures`.

    Raises:
        ActionError: `invalid-input` when the file is none of these; as `performance/benchmark`.
    """
    known = _read(context, file)
    measured = await _measured(context, command or [], tests or [], python, rounds)
    entry = {
        "command": [
            ("python" if is_python(part) and not number else part) for number, part in enumerate(command or [])
        ],
        "tests": list(tests or []),
        "max_slowdown": max_slowdown,
        **measured,
    }
    there = context.workspace.path(file).is_file()
    content = {"schema": SCHEMA, "tests": {**known, name: entry}}
    context.workspace.write_text(file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return {
        "path": file,
        "name": name,
        **measured,
        "created": [] if there else [file],
        "modified": [file] if there else [],
        "summary": f"{name}: {measured['work']:g} units of work, at most {max_slowdown:g} % more",
        "figures": [{"name": "performance tests", "value": len({**known, name: entry})}],
    }


async def check(file: str = FILE, python: str = "", rounds: int = 6, *, context: ActionContext) -> Outcome:
    """Run the performance tests of a file.

    Args:
        file: as `performance/record` writes it.
        python: the interpreter with the project's dependencies; its `.venv` is found.
        rounds: how often each is measured, 6 at least.
        context: of the visit.

    Returns:
        The outcome `success` or `needs-work`, and `verdict`, `reasons`, `results` (each `{name, work, was, change,
        verdict}`), `summary`, `figures`, `findings`.

    Raises:
        ActionError: `not-found` without the file; `invalid-input` when it is none of these.
    """
    tests = _read(context, file)
    if not tests:
        raise ActionError(f"{file} holds no performance test", error_class="not-found", retryable=False)
    results = [await _checked(context, name, entry, python, rounds) for name, entry in tests.items()]
    slow = [one for one in results if one["verdict"] == "fail"]
    reasons: list[Json] = [f"{one['name']} takes {one['change']:g} % more than was recorded" for one in slow]
    outputs: dict[str, Json] = {
        "verdict": "fail" if slow else "pass",
        "reasons": reasons,
        "results": cast("list[Json]", results),
        "summary": f"{len(results) - len(slow)} of {len(results)} performance tests pass",
        "figures": [{"name": "performance tests that fail", "value": len(slow), "limit": "0"}],
        "findings": [
            {"rule": "performance", "severity": "high", "file": file, "line": None, "message": why, "new": True}
            for why in reasons
        ],
    }
    return Outcome("needs-work" if slow else "success", outputs)


async def _checked(
    context: ActionContext, name: str, entry: dict[str, Any], python: str, rounds: int
) -> dict[str, Any]:
    now = await _measured(context, entry.get("command") or [], entry.get("tests") or [], python, rounds)
    slowest = max((now[key] / entry[key] for key in ("work", "memory") if entry.get(key) and now.get(key)), default=1.0)
    lowest = now["work_low"] / entry["work"] if entry.get("work") else 0.0
    memory = now["memory"] / entry["memory"] if entry.get("memory") and now.get("memory") else 0.0
    limit = 1 + float(entry["max_slowdown"]) / 100
    return {
        "name": name,
        "work": now["work"],
        "was": entry.get("work"),
        "change": round(100 * (slowest - 1), 1),
        "verdict": "fail" if lowest > limit or memory > limit else "pass",
    }


async def _measured(
    context: ActionContext, command: list[str], tests: list[str], python: str, rounds: int
) -> dict[str, Any]:
    wanted = await subject(context, folder_of(context, "."), command, tests, python)
    (samples,) = await in_turns(context, [wanted], rounds)
    work = interval([(one.seconds if one.cpu is None else one.cpu) / one.spin for one in samples])
    memory = interval([one.memory for one in samples if one.memory is not None] or [0.0])
    return {"work": round(work.median, 3), "work_low": round(work.low, 3), "memory": int(memory.median)}


def _read(context: ActionContext, file: str) -> dict[str, Any]:
    path = context.workspace.path(file)
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError:
        content = None
    tests = content.get("tests") if isinstance(content, dict) and content.get("schema") == SCHEMA else None
    if not isinstance(tests, dict):
        raise ActionError(
            f"{file} is no file of performance tests ({SCHEMA}); performance/record writes one",
            error_class="invalid-input",
            retryable=False,
        )
    return tests
