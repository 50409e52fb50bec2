"""The three answers of a check, and how several make one."""

from collections.abc import Iterable
from typing import Final

OUTCOMES: Final = {"pass": "success", "fail": "needs-work", "not-checked": "not-checked"}
"""The outcome of a step by its verdict."""


def worst(verdicts: Iterable[str]) -> str:
    """`fail` if one fails, else `not-checked` if one could not look, else `pass`."""
    given = set(verdicts)
    return next((verdict for verdict in ("fail", "not-checked") if verdict in given), "pass")
