"""`performance/benchmark` and `performance/compare`: how long, how much, and whether a change made it more."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, Outcome

from treadle_performance._rounds import UNITS, Sample, in_turns, measured
from treadle_performance._statistics import Interval, interval
from treadle_performance._subject import folder_of, subject


async def benchmark(
    command: list[str] | None = None,
    tests: list[str] | None = None,
    path: str = ".",
    python: str = "",
    rounds: int = 10,
    metric: str = "time",
    *,
    context: ActionContext,
) -> JsonObject:
    """Run something again and again, and say what it takes.

    Args:
        command: a program and its arguments; this or `tests`.
        tests: tests by pytest's names; without either all of the folder's tests.
        path: the folder that it runs in.
        python: the interpreter with the project's dependencies; its `.venv` is found.
        rounds: how often, 6 at least; one run before them does not count.
        metric: `time` (`load-time`), `cpu` or `memory` (the peak).
        context: of the visit.

    Returns:
        `metric`, `unit`, `low`, `median`, `high` (of the chosen metric: the true median lies between, with 95 %
        confidence), `values`, `all` (the same three for each metric), `rounds`, `command`, `summary`, `figures`.

    Raises:
        ActionError: `invalid-input`; `command-failed` when a run does not end with 0.
    """
    field = measured(metric)
    wanted = await subject(context, folder_of(context, path), command or (), tests or (), python)
    (samples,) = await in_turns(context, [wanted], rounds)
    chosen = interval([one.of(field) for one in samples])
    return {
        "metric": metric,
        "unit": UNITS[field],
        **chosen.to_json(),
        "values": [one.of(field) for one in samples],
        "all": _all(samples),
        "rounds": rounds,
        "command": list(wanted.command),
        "summary": f"{shown(chosen.median, field)} ({shown(chosen.low, field)} to {shown(chosen.high, field)})",
        "figures": [
            {"name": f"{metric}, median of {rounds} rounds", "value": round(chosen.median, 4), "unit": UNITS[field]}
        ],
    }


async def compare(
    base_path: str,
    head_path: str = ".",
    command: list[str] | None = None,
    tests: list[str] | None = None,
    python: str = "",
    rounds: int = 10,
    metric: str = "time",
    max_slowdown: float = 10.0,
    min_gain: float | None = None,
    max_seconds: float = 900.0,
    *,
    context: ActionContext,
) -> Outcome:
    """Run the same in two folders in turns, and say what the second takes of the first.

    Both are measured round by round, each as often first as second, so that a busy machine is busy for both. What
    counts is the ratio within each round.

    Args:
        base_path: the folder as it was, e.g. a worktree.
        head_path: the folder as it is.
        command: a program and its arguments; this or `tests`.
        tests: tests by pytest's names; without either those in files that are the same in both folders.
        python: the interpreter with the project's dependencies; the `.venv` of `head_path` is found.
        rounds: how often each, 6 at least.
        metric: `time` (`load-time`), `cpu` or `memory` (the peak).
        max_slowdown: percent more that still pass.
        min_gain: percent less that are asked for; None asks for none.
        max_seconds: so long at most; there are fewer rounds then.
        context: of the visit.

    Returns:
        The outcome `success` or `needs-work`, and `verdict`, `conclusion` (`less`, `more`, `same`: no difference is
        shown), `ratio {low, median, high}` (head by base; the true one lies between, with 95 % confidence), `change`
        (percent), `base` and `head` (each metric's interval), `reasons`, `notes`, `summary`, `figures`, `findings`.

    Raises:
        ActionError: `invalid-input`; `command-failed` when a run does not end with 0; `too-long`; `no-tests` when no
            file of tests is the same in both.
    """
    field = measured(metric)
    base, head = folder_of(context, base_path), folder_of(context, head_path)
    chosen = tests or ([] if command else _same_tests(base, head))
    heads = await subject(context, head, command or (), chosen, python)
    # The same interpreter for both, or their difference would be measured as well.
    bases = replace(heads, folder=base)
    before, after = await in_turns(context, [bases, heads], rounds, max_seconds)
    ratios = [new.of(field) / max(old.of(field), 1e-9) for old, new in zip(before, after, strict=True)]
    judged = judge(interval(ratios), metric, max_slowdown, min_gain)
    shares: dict[str, Json] = {
        "base": _all(before),
        "head": _all(after),
        "rounds": len(after),
        "command": list(heads.command),
    }
    return Outcome("success" if judged["verdict"] == "pass" else "needs-work", {**judged, **shares})


def _same_tests(base: Path, head: Path) -> list[str]:
    """Tests that a change brought or altered would be measured as if they were the change."""
    found = [path for pattern in ("test_*.py", "*_test.py") for path in base.rglob(pattern) if path.is_file()]
    names = sorted({path.relative_to(base).as_posix() for path in found})
    same = [
        name for name in names if (head / name).is_file() and (head / name).read_bytes() == (base / name).read_bytes()
    ]
    if not same:
        raise ActionError(
            "no file of tests is the same before and after: say in `command` what is to be measured",
            error_class="no-tests",
            outputs={"verdict": "not-checked", "summary": "nothing to measure: give a command"},
            retryable=False,
        )
    return same


def judge(ratio: Interval, metric: str, max_slowdown: float, min_gain: float | None) -> dict[str, Json]:
    """What a ratio of head to base is worth."""
    conclusion = "more" if ratio.low > 1 else "less" if ratio.high < 1 else "same"
    reasons = []
    if ratio.low > 1 + max_slowdown / 100:
        reasons.append(f"{_percent(ratio.low)} more {metric} at least, {max_slowdown:g} % are allowed")
    if min_gain is not None and ratio.high > 1 - min_gain / 100:
        reasons.append(f"{min_gain:g} % less {metric} are asked for and not shown: {_told(ratio)}")
    notes = []
    if not reasons and ratio.high > 1 + max_slowdown / 100:
        notes.append(f"up to {_percent(ratio.high)} more are not ruled out: more rounds would say")
    return {
        "verdict": "fail" if reasons else "pass",
        "conclusion": conclusion,
        "metric": metric,
        "ratio": ratio.to_json(),
        "change": round(100 * (ratio.median - 1), 1),
        "reasons": cast("list[Json]", reasons),
        "notes": cast("list[Json]", notes),
        "summary": f"{metric}: {_told(ratio)}",
        "figures": [
            {"name": f"{metric}, change", "value": round(100 * (ratio.median - 1), 1), "unit": "%",
             "limit": f"at most {max_slowdown:g}"},
        ],
        "findings": [
            {"rule": "performance", "severity": "high", "file": None, "line": None, "message": reason, "new": True}
            for reason in reasons
        ],
    }  # fmt: skip


def _told(ratio: Interval) -> str:
    said = "no difference is shown" if ratio.low <= 1 <= ratio.high else "it is more" if ratio.low > 1 else "it is less"
    return f"{said} ({_signed(ratio.median)}; between {_signed(ratio.low)} and {_signed(ratio.high)})"


def _signed(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):.1f} %"


def _all(samples: Sequence[Sample]) -> dict[str, Json]:
    found: dict[str, Any] = {}
    for field in UNITS:
        values = [getattr(one, field) for one in samples]
        if None not in values:
            found[field] = interval(values).to_json()
    return found


def shown(value: float, field: str) -> str:
    """A figure as a person reads it."""
    if field == "memory":
        return f"{value / 1e6:.1f} MB"
    return f"{value:.3f} s" if value >= 0.1 else f"{1000 * value:.1f} ms"
