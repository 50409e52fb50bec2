"""What a driver works with: one execution and its surroundings."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from treadle_engine.protocol import StartAttempt, StartWorkflow
from treadle_engine.state import State
from treadle_hookspecs import Claim

from treadle.runtime.codec import Codec
from treadle.runtime.context import Surroundings
from treadle.runtime.projection import Projector

if TYPE_CHECKING:
    from treadle.plugins import ResolvedAction
    from treadle.runtime.places import Places
    from treadle.runtime.reuse import Reuse


class Guard(Protocol):
    """Takes secrets out of what an attempt gives back."""

    def mask_json(self, value: Any) -> Any:
        """The value with every secret in it masked."""


@dataclass(slots=True)
class Execution:
    """All that a driver needs to know of its execution."""

    id: str
    state: State
    claim: Claim
    projector: Projector
    codec: Codec
    guard: Guard
    surroundings: Surroundings
    resolve: "Callable[[str], ResolvedAction]"
    resolve_rollback: "Callable[[str], ResolvedAction]"
    sensitive_outputs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By step id: the outputs that are sealed wherever they turn up."""
    sensitive_inputs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By step id: what is sealed of the inputs that it gives to the workflow that it runs."""
    limited: bool = False
    """Some step has `limits`."""
    reuse: "Callable[[StartAttempt], Reuse | None] | None" = None
    """Where some step has `cache`: what an attempt needs for it."""
    start_workflow: Callable[[StartWorkflow], str] = lambda _: ""
    """Starts an execution of its own; its id."""
    isolated: bool = False
    """Some step works in a worktree."""
    places: "Places | None" = None
    """Where it, or some step of it, needs places in groups."""
    last_seq: int = 0
    publish_ends: bool = False
    """Its end goes to the bus."""


@dataclass(frozen=True, slots=True)
class Rest:
    """When an execution that only waits is left alone: its process is not needed.

    Args:
        patience: seconds; what is due within them is waited for.
        ask: people are asked where the execution is driven: it is left alone as soon as a person has to answer.
    """

    patience: float = math.inf
    ask: bool = False


PATIENT: Final = Rest()
"""Every timer is waited for."""
