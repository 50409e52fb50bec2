"""The keys that bound what runs: how much it may use, where it may work, and when it need not run at all."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from treadle.definition._fields import MAX_STEPS, Duration, Pattern, Short, Size, StepId, Text, Variable
from treadle.definition._model_base import Keys


def _one_listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Limits(Keys):
    """What the processes of one attempt may use together. An attempt that uses more is ended and fails."""

    memory: Size | None = Field(None, description="Resident memory at one time; error type `memory-limit`.")
    cpu: Duration | None = Field(None, description="Processor time of all of them; error type `cpu-limit`.")
    disk: Size | None = Field(
        None,
        description="Growth of the files below the root and in the scratch folder; error type `disk-limit`.",
    )
    output: Size | None = Field(None, description="What they print, and the outputs as JSON: `output-limit`.")


class Concurrency(Keys):
    """A group in which a place is needed. Groups are those of all executions in the state store."""

    group: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="Its name; may hold expressions, for instance `deploy-{{ inputs.env }}`."
    )
    limit: int = Field(1, ge=1, le=MAX_STEPS, description="Places that the group has.")
    on_conflict: Literal["queue", "cancel", "reject"] = Field(
        "queue",
        description="When none is free: wait for one, first come first served; or cancel who was first; or fail.",
    )


def _one_group(value: object) -> object:
    return [value] if isinstance(value, (str, dict)) else value


def _named_group(value: object) -> object:
    return {"group": value} if isinstance(value, str) else value


_GROUP_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 500}
_GROUP: Final = {
    "type": "object",
    "properties": {
        "group": _GROUP_NAME,
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_STEPS},
        "on_conflict": {"enum": ["queue", "cancel", "reject"]},
    },
    "required": ["group"],
    "additionalProperties": False,
}
Groups: TypeAlias = Annotated[
    list[Annotated[Concurrency, Short(_named_group, _GROUP_NAME)]],
    Field(max_length=20),
    Short(_one_group, {"anyOf": [_GROUP_NAME, _GROUP]}),
]
"""A group, by its name or in full, or a list of groups."""


class Cache(Keys):
    """What makes two attempts of a step the same, beside action, inputs and environment, and what one leaves."""

    files: Annotated[list[Pattern], Short(_one_listed, {"type": "string"})] = Field(
        default_factory=list, description="Files whose content belongs to the key, by patterns below the root."
    )
    env: Annotated[list[Variable], Short(_one_listed, {"type": "string"})] = Field(
        default_factory=list, description="Variables whose values belong to the key."
    )
    produces: Annotated[list[Pattern], Short(_one_listed, {"type": "string"})] = Field(
        default_factory=list, description="Files that a success leaves and a reuse puts in place, by patterns."
    )
    ttl: Duration | None = Field(None, description="How long a result is good for. Default: until it is dropped.")


class Isolation(Keys):
    """Where a step works apart from the user's checkout."""

    worktree: StepId | None = Field(
        None, description="The worktree's name: steps of one list that name the same share it. Default: the step's id."
    )
    merge: bool | None = Field(
        None,
        description="Once the step has succeeded, bring what was changed there into the root, all or nothing. "
        "Default: true where `worktree` is not given.",
    )
    check: Text | None = Field(
        None, description="A shell command that has to succeed in the worktree before that; error type `check`."
    )


def isolated(value: object) -> object:
    """`isolation: worktree`."""
    return {} if value == "worktree" else value


class Budget(Keys):
    """What may be used before the execution waits for more (`treadle resume ID --budget +…`). It does not fail."""

    time: Duration | None = Field(None, description="What its attempts take together, also those beside each other.")
    money: float | None = Field(None, ge=0, le=1e12, description="What actions report, in their currency.")
    tokens: int | None = Field(None, ge=0, le=10**15, description="What actions report of models.")
    visits: int | None = Field(None, ge=0, le=10**9, description="Visits that start.")


def cached(value: object) -> object:
    """`cache: true` and `cache: false`."""
    return {True: {}, False: None}[value] if isinstance(value, bool) else value
