"""How long a workflow takes and why: batches, the critical path, and what could run side by side.

Before a run the figures are medians of earlier visits where there are any; after a run they are measured. Every figure
says where it comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from treadle_hookspecs import Json

Basis: TypeAlias = Literal["structure", "history", "measured"]
"""No duration is known; medians of earlier visits; this execution's own times."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A duration in seconds, and where it comes from."""

    seconds: float
    source: str

    def to_json(self) -> dict[str, Json]:
        """Both fields."""
        return {"seconds": self.seconds, "source": self.source}


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step on the critical path.

    Attributes:
        address: `scope/step`, after a run with the visit: `test#2`.
        duration: how long it takes or took; None when nothing is known.
        waited: seconds between the end of the one before it and its start; 0 before a run.
    """

    address: str
    duration: Figure | None
    waited: float = 0.0

    def to_json(self) -> dict[str, Json]:
        """All fields."""
        return {
            "address": self.address,
            "duration": self.duration.to_json() if self.duration else None,
            "waited": self.waited,
        }


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The chain of steps that decides how long the workflow takes.

    Attributes:
        steps: in order.
        seconds: of all of them with what they waited; None when no duration is known.
        unknown: steps on it whose duration is not known.
        source: what the path was found by.
    """

    steps: tuple[PathStep, ...]
    seconds: float | None
    unknown: int
    source: str

    @property
    def addresses(self) -> tuple[str, ...]:
        """The steps without their visits."""
        return tuple(dict.fromkeys(step.address.partition("#")[0] for step in self.steps))

    def to_json(self) -> dict[str, Json]:
        """All fields."""
        return {
            "steps": [step.to_json() for step in self.steps],
            "seconds": self.seconds,
            "unknown": self.unknown,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Opportunity:
    """Something that could run side by side, or sooner.

    Attributes:
        kind: `order`: a step waits for another one only because it is written behind it; `places`: `max_parallel`
            holds back steps that could run.
        steps: which.
        text: the fact, and what to write.
        saving: by how much the critical path gets shorter, or None where no duration is known.
    """

    kind: Literal["order", "places"]
    steps: tuple[str, ...]
    text: str
    saving: Figure | None = None

    def to_json(self) -> dict[str, Json]:
        """All fields."""
        return {
            "kind": self.kind,
            "steps": list(self.steps),
            "text": self.text,
            "saving": self.saving.to_json() if self.saving else None,
        }


@dataclass(frozen=True, slots=True)
class Analysis:
    """What can be said of a workflow's time.

    Attributes:
        workflow, execution: which; `execution` is "" before a run.
        basis: where the durations come from.
        batches: the workflow's own steps in groups that can run side by side, each as early as its edges allow.
        critical_path: of the workflow's own steps, or of the whole execution.
        durations: by address: what is known of each step.
        opportunities: what could run side by side.
        elapsed: seconds from the start to the end of the execution; None before its end.
    """

    workflow: str
    execution: str
    basis: Basis
    batches: tuple[tuple[str, ...], ...]
    critical_path: CriticalPath
    durations: Mapping[str, Figure]
    opportunities: tuple[Opportunity, ...]
    elapsed: float | None = None

    def to_json(self) -> dict[str, Json]:
        """`treadle/analysis@1`."""
        return {
            "schema": "treadle/analysis@1",
            "workflow": self.workflow,
            "execution": self.execution,
            "basis": self.basis,
            "batches": [list(batch) for batch in self.batches],
            "critical_path": self.critical_path.to_json(),
            "durations": {address: figure.to_json() for address, figure in self.durations.items()},
            "opportunities": [one.to_json() for one in self.opportunities],
            "elapsed": self.elapsed,
        }
