"""What a live visit waits for, and who may end it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from treadle_hookspecs import JsonObject

APPROVED: Final = "approved"
REJECTED: Final = "rejected"
PUSHED_BACK: Final = "pushed_back"
DECISIONS: Final = (APPROVED, REJECTED, PUSHED_BACK)
"""What an answer can be."""


@dataclass(slots=True)
class Wait:
    """The open wait of a live visit.

    Attributes:
        kind: `timer`, `signal`, `event`, `condition` or `approval`.
        seq: of the event that opened it: the oldest is served first.
        since: when it opened, in microseconds.
        due: when its time, or its time-out, is up; 0: never.
        name: of the signal or event.
        gate: an approval that stands before what the visit is to do.
        asks: an attempt of the visit asks; once it is answered another one begins, which gets the answer.
        ask: of an approval: `prompt, approvers, not_by, further`, evaluated.
        answers: of an approval, so far: `{by, decision, comment, data, at}`.
        escalates: when further people are asked; 0: never.
        escalated: they have been.
        said: of a signal or event that has come: `{data}`; None before.
        expired: its time is up.
    """

    kind: str
    seq: int
    since: int
    due: int = 0
    name: str = ""
    gate: bool = False
    asks: bool = False
    ask: JsonObject = field(default_factory=dict)
    answers: list[JsonObject] = field(default_factory=list)
    escalates: int = 0
    escalated: bool = False
    said: JsonObject | None = None
    expired: bool = False

    @property
    def approvers(self) -> Sequence[str]:
        """Who may answer by now; nobody in particular when it is empty."""
        first = _names(self.ask.get("approvers"))
        return [*first, *_names(self.ask.get("further"))] if first and self.escalated else first

    def objection(self, by: str, decision: str, *, push_back: bool) -> str:
        """Why this answer of this person does not count; "" when it does."""
        who = person(by)
        if decision not in DECISIONS or (decision == PUSHED_BACK and not push_back):
            return f"it cannot be answered with {decision}"
        if who in map(person, _names(self.ask.get("not_by"))):
            return f"{who} may not answer it"
        if self.approvers and who not in map(person, self.approvers):
            return f"{who} is not among those who may answer it: {', '.join(map(person, self.approvers))}"
        if any(person(str(answer["by"])) == who for answer in self.answers):
            return f"{who} has answered it already"
        return ""


def person(name: str) -> str:
    """A name as it is compared and shown: `user:alice` is alice."""
    return name.removeprefix("user:")


def answer_of(data: Mapping[str, Any], at: int) -> JsonObject:
    """An answer from the data of its event."""
    return {
        "by": person(str(data.get("by", ""))),
        "decision": data["name"],
        "comment": data.get("comment", ""),
        "data": data.get("data") or {},
        "at": at,
    }


def approvals(answers: Sequence[JsonObject]) -> int:
    """How many of them approve."""
    return sum(1 for answer in answers if answer["decision"] == APPROVED)


def _names(value: Any) -> list[str]:
    """A list of names; one text is one name."""
    if isinstance(value, str):
        return [value] if value else []
    return [str(item) for item in value or ()]
