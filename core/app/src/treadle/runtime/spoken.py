"""Whom is spoken to: the driver of an execution here, or somebody who takes down what is said to one elsewhere."""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from treadle_engine.protocol import Recover, Stimulus
from treadle_engine.state import State
from treadle_hookspecs import AuditEntry

from treadle.runtime.clock import now


class Addressed(Protocol):
    """An execution that stimuli can be said to."""

    @property
    def execution(self) -> Any:
        """Its `id`, its `state`, and its `surroundings` with the `files` that are kept here, or None."""

    def handle(self, *stimuli: Stimulus, audit: AuditEntry | None = None) -> None:
        """Say something to it."""


@dataclass(frozen=True, slots=True)
class _Surroundings:
    files: None = None


@dataclass(frozen=True, slots=True)
class _Execution:
    id: str
    state: State
    surroundings: _Surroundings = _Surroundings()


@dataclass(slots=True)
class Spoken:
    """Takes down what is said to an execution that is driven elsewhere.

    Attributes:
        execution: what is known of it here.
        stimuli: what was said. Whoever drives it lives: nothing was lost with a process.
        audit: what is to be remembered of it.
    """

    execution: _Execution
    stimuli: list[Stimulus] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)

    @classmethod
    def to(cls, state: State) -> "Spoken":
        """To the execution of this state."""
        return cls(_Execution(state.execution, state))

    def handle(self, *stimuli: Stimulus, audit: AuditEntry | None = None) -> None:
        """Take it down."""
        self.stimuli += [replace(one, attended=True) if isinstance(one, Recover) else one for one in stimuli]
        if audit is not None:
            self.audit.append(audit)

    def anew(self) -> list[Stimulus]:
        """What is said when nobody drives it after all: recovery first, with the answers that were given."""
        answers = [replace(one, attended=False) for one in self.stimuli if isinstance(one, Recover)]
        rest = [one for one in self.stimuli if not isinstance(one, Recover)]
        return [*(answers or [Recover(now())]), *rest]
