"""Rehearsals of workflows: cases with mocked outcomes, played in virtual time (`treadle test`).

The same decider that drives a run drives a rehearsal. Nothing is stored, and no action runs but those that a case asks
to be real.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.rehearsal._comparing import Difference, Played
from treadle.rehearsal._finding import test_files
from treadle.rehearsal._first_case import write_first
from treadle.rehearsal._playing import CaseResult, FileResult, play_file
from treadle.rehearsal._report import as_json, as_junit, broken, failed, lines_of, passed

if TYPE_CHECKING:
    from treadle.api import Treadle

__all__ = [
    "CaseResult",
    "Difference",
    "FileResult",
    "Played",
    "as_json",
    "as_junit",
    "broken",
    "failed",
    "lines_of",
    "passed",
    "rehearse",
    "write_first",
]


def rehearse(treadle: "Treadle", names: Sequence[str] = (), only: str = "") -> list[FileResult]:
    """Play test files: those named, or all of the project. Raises `TreadleError` as `_finding` and `_playing` say."""
    return [play_file(treadle, path, only) for path in test_files(treadle.root, names)]
