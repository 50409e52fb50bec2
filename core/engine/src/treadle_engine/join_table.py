"""R5 as a table for the reference: `python -m treadle_engine.join_table` prints the page."""

from collections.abc import Iterator
from typing import Final

from treadle_engine.joins import Verdict, judge
from treadle_engine.plan import Join

CASES: Final = {
    "all succeeded": ("succeeded", "succeeded"),
    "one failed": ("failed", "succeeded"),
    "one skipped": ("skipped", "succeeded"),
    "all skipped": ("skipped", "skipped"),
}
"""How two needs ended."""

_EXPRESSION: Final = "steps.n0.state != 'failed'"
JOINS: Final = (
    Join("none_failed_min_one_success"),
    Join("all_success"),
    Join("none_failed"),
    Join("all_done"),
    Join("one_success"),
    Join("one_failed"),
    Join("at_least", 1),
    Join("at_least", 2),
    Join("expression", expression=_EXPRESSION),
)
_NAMES: Final = {
    "none_failed_min_one_success": "`none_failed_min_one_success` (default)",
    "all_done": "`all_done`, `always`",
}


def expected(join: Join, case: str) -> Verdict:
    """What a join says of a case: `ready`, `skipped` or `upstream_failed`."""
    ends = CASES[case]
    holds = join.expression == _EXPRESSION and ends[0] != "failed"
    return judge(join, ends.count("succeeded"), ends.count("failed"), ends.count("skipped"), 0, holds=holds)


def page() -> str:
    """The page `docs/reference/joins.md`."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Joins"
    yield ""
    yield "A step with `needs` starts when its `join` holds. The table says what becomes of a step with two needs, by"
    yield "how they ended. A need that is `upstream_failed` or was cancelled counts as failed, one that failed under"
    yield "`continue_on_error` or was recovered as succeeded. A step placed by its order alone joins by `none_failed`."
    yield ""
    yield f"| join | {' | '.join(CASES)} |"
    yield f"|---{'|---' * len(CASES)}|"
    for join in JOINS:
        yield f"| {_name(join)} | {' | '.join(expected(join, case) for case in CASES)} |"
    yield ""
    yield "`one_success` and `at_least` hold as soon as enough needs have succeeded, `one_failed` as soon as one has"
    yield "failed for good; every other join waits until all needs have ended. A need whose failure a loop can still"
    yield "repair has not ended."


def _name(join: Join) -> str:
    if join.mode == "at_least":
        return f"`{{at_least: {join.threshold}}}`"
    if join.mode == "expression":
        return f"`{join.expression}`"
    return _NAMES.get(join.mode, f"`{join.mode}`")


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
