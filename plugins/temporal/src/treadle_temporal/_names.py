"""What an interpreter, its workers and its clients call each other by."""

from typing import Any, Final, TypedDict

from treadle_engine.decide import DECIDER_VERSION

INTERPRETER: Final = f"treadle-{DECIDER_VERSION}"
"""The workflow's type; one for each version of the decider, so that old executions find theirs."""
SAY: Final = "say"
LOG: Final = "log"
HEARD: Final = "heard"
BIND: Final = "treadle-bind"
PERFORM: Final = "treadle-perform"
KEEP: Final = "treadle-keep"
LOST: Final = "lost"
"""The type of an activity's failure that says that its worker stopped in the middle."""


class Bound(TypedDict):
    """Who has the files of an execution: a worker by its queue, and the files as they are then."""

    queue: str
    tree: str


class Segment(TypedDict):
    """Events of one execution, from `first` to `last`, as a JSON array in the blobs."""

    first: int
    last: int
    hash: str


class Beginning(TypedDict, total=False):
    """What a run of the interpreter begins with. `carried` is what an earlier run hands on."""

    execution: str
    workflow: str
    version: str
    origin: str
    plan: Any
    plan_hash: str
    state: Any
    heartbeat: float
    history: int
    lost_after: float | None
    carried: Any


class Ended(TypedDict):
    """What the interpreter gives back: where its events lie, in order."""

    status: str
    segments: list[Segment]
    logs: dict[str, str]


class LogPart(TypedDict):
    """The answer to the query `log`: the events that are in no segment yet, the segments, and what attempts printed.

    `logs` has hashes by address.
    """

    segments: list[Segment]
    events: list[dict[str, Any]]
    logs: dict[str, str]
