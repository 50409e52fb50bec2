"""What a run of tests leaves behind, whatever ran them."""

from dataclasses import dataclass, field

from treadle_hookspecs import ProcessResult

from treadle_testing._coverage import Coverage
from treadle_testing._junit import Case


@dataclass(frozen=True, slots=True)
class Run:
    """How a run of tests ended.

    Attributes:
        command: what was started.
        exit_code: what it ended with.
        seconds: how long it took.
        cases: every test.
        coverage: which lines ran.
        notes: what a reader of the figures should know.
    """

    command: tuple[str, ...]
    exit_code: int
    seconds: float
    cases: list[Case]
    coverage: Coverage
    notes: list[str] = field(default_factory=list)


def last_words(ended: ProcessResult, count: int) -> str:
    """The last lines that a command printed, errors after the rest."""
    lines = [line for line in f"{ended.stdout}\n{ended.stderr}".splitlines() if line.strip()]
    return "\n".join(lines[-count:])
