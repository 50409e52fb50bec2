"""What an action gives back, and what it gets from a command."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from treadle_hookspecs._json import Json


@dataclass(frozen=True, slots=True)
class Outcome:
    """Returned by an action to choose a route by name; it counts as success for needs and `on_success`."""

    name: str
    outputs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a command ended.

    Attributes:
        argv: what was started.
        exit_code: 0…255, or minus the signal's number.
        stdout: the text it wrote, at most `limit` bytes of it: the beginning and the end.
        stderr: likewise.
        truncated: some output is in `log` only.
        duration: seconds.
        timed_out: it was ended because its time was up.
        log: the file with all of its output (itself bounded), or None.
    """

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    truncated: bool = False
    duration: float = 0.0
    timed_out: bool = False
    log: Path | None = None

    @property
    def ok(self) -> bool:
        """True when it ended by itself with 0."""
        return self.exit_code == 0 and not self.timed_out
