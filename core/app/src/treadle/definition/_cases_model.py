"""The keys of a test file (`NAME.test.yaml`), as pydantic reads them. Its JSON Schema is made from here."""

from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from treadle.definition._fields import EVENT, Duration, Short, Variables, Word
from treadle.definition._model_base import Keys

OUTCOME: Final = r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$"
PLACE: Final = r"^[A-Za-z_][A-Za-z0-9_./:#\[\]-]{0,399}$"
PASSAGE: Final = r"^[A-Za-z_][A-Za-z0-9_./:#\[\]-]{0,399}( [A-Za-z_][A-Za-z0-9_-]{0,63})?$"

Place: TypeAlias = Annotated[str, Field(pattern=PLACE)]
"""A step's id or address; with `#n` one of its visits."""
Passage: TypeAlias = Annotated[str, Field(pattern=PASSAGE)]
"""A visit in a path: `step`, `scope/step#2`, each perhaps with an outcome behind it."""
Status: TypeAlias = Literal["completed", "failed", "cancelled", "waiting", "paused", "running"]
Decision: TypeAlias = Literal["approved", "rejected", "pushed_back"]
State: TypeAlias = Literal[
    "pending", "waiting", "running", "succeeded", "failed", "skipped", "upstream_failed", "cancelled"
]


def _message(value: object) -> object:
    return {"message": value} if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class Failure(Keys):
    """An error as an action reports it."""

    type: str = Field("error", description="Its class, as `retry.when` sees it in `error.type`.")
    message: str = Field("", description="What it says.")
    retryable: bool = Field(True, description="False forbids further attempts.")


class Mock(Keys):
    """How an attempt ends instead of being run."""

    outcome: Annotated[str, Field(pattern=OUTCOME)] | None = Field(
        None,
        description="`success`, `failure`, `timeout`, `rejected`, or a name of the action's own. "
        "Default: success, or failure where `error` is given.",
    )
    outputs: dict[str, Any] = Field(default_factory=dict, description="What it publishes.")
    error: Annotated[Failure, Short(_message, {"type": "string"})] | None = Field(
        None, description="The error; a text is its message."
    )
    duration: Duration = Field(0.0, description="How long it takes, in virtual time.")
    real: bool = Field(False, description="Run the action after all.")

    @model_validator(mode="after")
    def _one_way(self) -> "Mock":
        if self.real and self.model_fields_set & {"outcome", "outputs", "error"}:
            raise PydanticCustomError("TRD0110", "is real: then it has no outcome, outputs or error of its own")
        return self


ONE_MOCK: Final = {"title": "Mock"}
"""Stands in the schema where one mock may stand in place of a list."""
Mocks: TypeAlias = Annotated[list[Mock], Field(min_length=1), Short(_listed, ONE_MOCK)]


class Said(Keys):
    """What a signal or an event says."""

    name: Annotated[str, Field(pattern=EVENT)] = Field(description="Its name.")
    data: dict[str, Any] = Field(default_factory=dict, description="What it carries.")


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


_NAMED: Final = Short(_named, {"type": "string", "pattern": EVENT})


class Answer(Keys):
    """A person's answer to an approval."""

    decision: Decision = Field(description="`approved`, `rejected` or `pushed_back`.")
    by: str = Field("ada", description="Who says it.")
    step: Place | None = Field(None, description="The approval that is meant. Default: the oldest that is open.")
    comment: str = Field("", description="Why.")
    data: dict[str, Any] = Field(default_factory=dict, description="The values of its form.")


def _decided(value: object) -> object:
    return {"decision": value} if isinstance(value, str) else value


class Happening(Keys):
    """Something that happens to the execution at a time. Exactly one key beside `at`."""

    at: Duration = Field(description="When, from the start on, in virtual time.")
    signal: Annotated[Said, _NAMED] | None = Field(None, description="A signal comes; a text is its name.")
    event: Annotated[Said, _NAMED] | None = Field(None, description="An event of the bus comes; a text is its name.")
    answer: Annotated[Answer, Short(_decided, {"enum": list(get_args(Decision))})] | None = Field(
        None, description="Somebody answers an approval; a text is the decision."
    )
    pause: bool = Field(False, description="Somebody pauses it.")
    resume: bool = Field(False, description="Somebody resumes it.")
    cancel: bool = Field(False, description="Somebody cancels it.")
    rollback: bool = Field(False, description="Somebody undoes it, after it has ended.")

    @model_validator(mode="after")
    def _one(self) -> "Happening":
        if len(self.model_fields_set - {"at"}) != 1:
            raise PydanticCustomError("TRD0110", "must have exactly one key beside `at`, which says what happens")
        return self


class Expected(Keys):
    """What must be true at the end. What is not named may be anything."""

    status: Status | None = Field(None, description="Where the execution stands.")
    path: list[Passage] | None = Field(
        None, description="Every visit in the order of their ends: `step`, `step#2`, `step failure`, `scope/step`."
    )
    visits: dict[Place, Annotated[int, Field(ge=0)]] = Field(default_factory=dict, description="Visits, by step.")
    states: dict[Place, State] = Field(default_factory=dict, description="Where steps stand.")
    calls: dict[Place, dict[str, Any]] = Field(
        default_factory=dict, description="Inputs of a step's last visit, and `env`; those not named may be anything."
    )
    outputs: dict[Word, Any] = Field(default_factory=dict, description="Outputs of the workflow.")
    error: dict[str, Any] | None = Field(None, description="The failure: `step`, `type`, `message`; any of them.")
    undone: list[Place] | None = Field(None, description="What was undone, in that order.")
    waits: list[Place] | None = Field(None, description="The visits that waited for the outside, in that order.")


class Case(Keys):
    """One rehearsal: what the workflow is given, what happens, and what must come of it."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="What it shows; unique in the file.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="The workflow's inputs.")
    trigger: dict[str, Any] = Field(default_factory=dict, description="What expressions see as `trigger`.")
    env: Variables = Field(default_factory=dict, description="Other values for the workflow's `env`.")
    mocks: dict[Place, Mocks] = Field(
        default_factory=dict, description="How attempts end, by step: one for all, or a list, the last for all others."
    )
    undo: dict[Place, Mocks] = Field(default_factory=dict, description="How undoing ends, by step; else it succeeds.")
    timeline: list[Happening] = Field(default_factory=list, description="What happens meanwhile.")
    real: bool = Field(False, description="Run the actions of all steps that have no mock.")
    expect: Expected = Field(
        default_factory=lambda: Expected.model_validate({}), description="What must be true at the end."
    )


class CaseFile(Keys):
    """The test cases of one workflow."""

    model_config = ConfigDict(title="treadle test cases")

    workflow: str = Field("", description="Its file, from here, or its name. Default: NAME.yaml beside NAME.test.yaml.")
    cases: list[Case] = Field(min_length=1, max_length=1_000, description="The cases; each starts anew.")
