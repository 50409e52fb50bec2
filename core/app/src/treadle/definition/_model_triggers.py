"""The keys of `triggers`: how executions start."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from treadle.definition._fields import EVENT, NAME, Expression, Short
from treadle.definition._model_base import Keys


class CliTrigger(Keys):
    """Started by a person on the command line."""

    command: Annotated[str, Field(pattern=NAME)] | None = Field(None, description="The name to start it by.")


class EventTrigger(Keys):
    """Started by an event on the bus."""

    name: Annotated[str, Field(pattern=EVENT)] = Field(description="The event's name.")
    match: Expression | None = Field(None, description="An expression over `event.name` and `event.data`.")
    with_: dict[str, Any] | None = Field(
        None, alias="with", description="Inputs; they see `event`. Default: the event's data."
    )


def _nothing(value: object) -> object:
    return {} if value is None else value


class Trigger(BaseModel):
    """One way for executions to start: a key, the trigger's type. Types of plugins are allowed."""

    model_config = ConfigDict(
        extra="allow", strict=True, frozen=True, json_schema_extra={"minProperties": 1, "maxProperties": 1}
    )

    cli: Annotated[CliTrigger, Short(_nothing, {"type": "null"})] | None = None
    event: EventTrigger | None = None

    @model_validator(mode="after")
    def _one(self) -> "Trigger":
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("TRD0106", "must have exactly one key: the trigger's type")
        return self


def typed(value: object) -> object:
    """A trigger that is written as its type alone."""
    return {value: None} if isinstance(value, str) else value
