"""The keys of the steps that wait."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from treadle.definition._fields import EVENT, Duration, Expression, People, Target, Word
from treadle.definition._model_base import Input, Keys

MAX_QUORUM = 100


class WaitFor(Keys):
    """What a step waits for. Exactly one of `signal`, `event` and `condition`."""

    signal: Annotated[str, Field(pattern=EVENT)] | None = Field(
        None, description="A signal's name; `treadle signal ID NAME` sends one. What it carries becomes the outputs."
    )
    event: Annotated[str, Field(pattern=EVENT)] | None = Field(
        None, description="The name of an event on the bus, of this project. What it carries becomes the outputs."
    )
    condition: Expression | None = Field(
        None, description="An expression, judged at the start and after everything that happens in the execution."
    )
    match: Expression | None = Field(
        None, description="An expression over `signal` or `event`; what it is false for is left for others."
    )
    buffered: bool = Field(True, description="What came before the step started, and nobody took, counts as well.")
    timeout: Duration | None = Field(None, description="After it the outcome is `timeout`. Default: any time.")

    @model_validator(mode="after")
    def _one(self) -> "WaitFor":
        if sum(kind is not None for kind in (self.signal, self.event, self.condition)) != 1:
            raise PydanticCustomError("TRD0110", "must have exactly one of the keys signal, event and condition")
        return self


class Escalate(Keys):
    """What happens when nobody has answered for a while."""

    after: Duration = Field(description="So long after the question was asked.")
    approvers: People | None = Field(None, description="Who may answer from then on, besides the others.")
    event: Annotated[str, Field(pattern=EVENT)] | None = Field(
        None, description="An event that is published then, with `execution`, `step`, `prompt`, `approvers`."
    )

    @model_validator(mode="after")
    def _some(self) -> "Escalate":
        if self.approvers is None and self.event is None:
            raise PydanticCustomError("TRD0105", "must have one of the keys approvers and event, or both")
        return self


class Approval(Keys):
    """A question to people, which they approve, reject, or push back."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    prompt: str = Field("", max_length=100_000, description="What they read; its expressions see what has happened.")
    approvers: People | None = Field(None, description="Who may answer: names, or one expression. Default: anybody.")
    not_by: People | None = Field(
        None, description='Who may not, e.g. `"{{ execution.started_by }}"`; wins over `approvers`.'
    )
    quorum: int = Field(1, ge=1, le=MAX_QUORUM, description="So many people have to approve. One rejection decides.")
    form: dict[Word, Input] = Field(
        default_factory=dict, description="What an approval comes with, typed as inputs are; these become outputs."
    )
    timeout: Duration | None = Field(None, description="When nobody has decided by then, `on_timeout` says what is.")
    on_timeout: Literal["timeout", "reject", "approve"] = Field(
        "timeout", description="The outcome `timeout`, that of a rejection, or that of an approval."
    )
    escalate: Escalate | None = Field(None, description="What happens when nobody has answered for a while.")
    push_back: Target | None = Field(
        None, description="An earlier step to which people may send the execution back, with a comment (R7)."
    )
