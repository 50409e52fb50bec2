"""R5: what the ends of a step's needs say about its start."""

from typing import Final, Literal, TypeAlias

from treadle_engine.plan import Join

Verdict: TypeAlias = Literal["wait", "ready", "upstream_failed", "skipped"]

EAGER: Final = frozenset({"one_success", "at_least", "one_failed"})
"""Joins that may hold before every need has ended."""


def judge(join: Join, succeeded: int, failed: int, skipped: int, unsettled: int, *, holds: bool = False) -> Verdict:
    """What a join says. A failure or skip counts once it is final, until then as `unsettled` (R3).

    `holds` is the value of an `expression`, which is asked for when nothing is unsettled.
    """
    mode = join.mode
    if mode == "one_success" and succeeded:
        return "ready"
    if mode == "at_least" and succeeded >= join.threshold:
        return "ready"
    if mode == "one_failed" and failed:
        return "ready"
    if unsettled:
        return "wait"
    if not succeeded and not failed and not skipped:
        return "ready"  # no needs, nothing to join
    if _holds(mode, succeeded, failed, skipped) or (mode == "expression" and holds):
        return "ready"
    return "upstream_failed" if failed and mode != "one_failed" else "skipped"


def _holds(mode: str, succeeded: int, failed: int, skipped: int) -> bool:
    """The joins that wait for every need."""
    if mode == "none_failed_min_one_success":
        return not failed and succeeded > 0
    if mode == "all_success":
        return not failed and not skipped
    if mode == "none_failed":
        return not failed
    return mode == "all_done"
