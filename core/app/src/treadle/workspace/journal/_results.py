"""What an undo and a recovery tell."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from treadle_hookspecs import ExitCode, TreadleError


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that somebody else put at a path meanwhile: it stays. `reason` says what is there."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rescued:
    """What could not go back to its path because something else stands there: the file or folder `copy` holds it."""

    path: str
    copy: Path


@dataclass(frozen=True, slots=True)
class Failure:
    """A path that could not be restored, and what the system said."""

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing a transaction did.

    Attributes:
        id: the transaction's.
        restored: paths that stand as they did before, in the order in which they were restored.
        kept: the user's changes, which were left.
        rescued: originals, or the user's own earlier versions, that lie in `.treadle/rescue` now.
        failures: what is left to do; undoing again tries these again.
    """

    id: str
    restored: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    rescued: tuple[Rescued, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def complete(self) -> bool:
        """Nothing is left to do."""
        return not self.failures

    @property
    def clean(self) -> bool:
        """Everything stands as it did before."""
        return not (self.kept or self.rescued or self.failures)

    def told(self) -> tuple[str, ...]:
        """What a person must know beyond that it was undone, a sentence each."""
        return (
            *(f"{it.path} was left as it is: {it.reason}" for it in self.kept),
            *(f"{it.path}: an earlier version lies in {it.copy}" for it in self.rescued),
            *(f"{it.path} could not be restored: {it.error}" for it in self.failures),
        )


Found = Literal["abandoned", "unfinished", "undoing", "committed", "undone", "ended"]
"""What recovery found: no change begun; changes begun; an undo begun; all changed, or undone, and not yet tidied up;
one that was being deleted."""

Action = Literal["none", "deleted", "redone", "undone", "finished"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """One transaction that a process left behind.

    Attributes:
        id: the transaction's; the name of its folder when there is no plan to read it from.
        found: how far it was.
        action: what was done about it; `none` when it was only reported, or cannot be read.
        undone: for `undone`: what that did.
        problem: why it was not done as asked, or "".
    """

    id: str
    found: Found
    action: Action
    undone: Undone | None = None
    problem: str = ""

    @property
    def left(self) -> tuple[str, ...]:
        """What stands in the way of an end, a sentence each; none when it is at its end."""
        if self.undone is not None:
            return tuple(f"{it.path} could not be restored: {it.error}" for it in self.undone.failures)
        return (self.problem,) if self.action == "none" else ()


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction in the history, which can be undone."""

    id: str
    at: float = field(compare=False)
    """When it was committed, seconds since the epoch."""
    paths: tuple[str, ...] = ()


class UserChangedError(TreadleError):
    """Something is not as it was when the transaction was written down: nobody's work is written over.

    Args:
        path: relative to the root.
        expected: what should have been there.
        found: what is there.
    """

    def __init__(self, path: str, expected: str, found: str) -> None:
        detail = f"{expected} was expected, {found} is there"
        if expected == found:
            detail = f"{expected} with other content is there"
        super().__init__(
            f"{path} was changed by somebody else meanwhile: {detail}",
            context={"file": path},
            suggestions=("nothing of yours was written over; look at the file, then run it again",),
            exit_code=ExitCode.CONFLICT,
        )
        self.path = path
        self.reason = detail
