"""The event envelope. Its kinds are listed in `treadle_engine.events`; here is what a store and a listener see."""

from typing import Final, NamedTuple

from treadle_hookspecs._json import Json, JsonObject

EVENT_VERSION: Final = 1


class Event(NamedTuple):
    """One transition of one execution, immutable.

    A named tuple and not a dataclass: a chain step makes two of them, and a tuple costs a fifth.

    Attributes:
        seq: 1, 2, 3 … without gaps within its execution.
        execution: the execution's id.
        type: one of `treadle_engine.events`, e.g. `visit_settled`.
        at: microseconds since 1970 UTC; never decreases within an execution.
        scope: address of the scope instance, "" for the workflow itself, e.g. `loop:3` or `items[2]`.
        step: the step's id within its scope, or "".
        visit: the visit's number from 1, or 0.
        attempt: the attempt's number from 1, or 0.
        actor: who caused it: "" for the engine itself, `user:NAME`, `signal:ID`, `process:HOST/PID`.
        cause: the seq of the event that led to it, or 0.
        data: what belongs to the kind.
        v: the version of this envelope.
    """

    seq: int
    execution: str
    type: str
    at: int
    scope: str = ""
    step: str = ""
    visit: int = 0
    attempt: int = 0
    actor: str = ""
    cause: int = 0
    data: JsonObject = {}  # noqa: RUF012 - a named tuple's default; nobody changes it
    v: int = EVENT_VERSION

    def to_json(self) -> dict[str, Json]:
        """All fields by name, ready for a JSON encoder."""
        return self._asdict()

    @property
    def address(self) -> str:
        """`scope/step#visit.attempt`, as far as the event has them."""
        place = f"{self.scope}/{self.step}" if self.scope and self.step else self.scope or self.step
        visit = f"#{self.visit}" if self.visit else ""
        return place + visit + (f".{self.attempt}" if self.attempt else "")
