"""The keys of `recovery`: what becomes of a step that failed is judged by an action."""

from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from treadle.definition._fields import ACTION, MAX_VISITS, Targets, Text
from treadle.definition._model_base import Keys


class Recovery(Keys):
    """A judgement on a failure: it chooses one of the recoveries in `to`. Exactly one of `uses` and `run`."""

    uses: Annotated[str, Field(pattern=ACTION)] | None = Field(
        None, description="An action; it gets `step`, `visit`, `error` and `choices`, and ends with one of these."
    )
    run: Text | None = Field(None, description="A command; it writes `recovery=NAME` to `$TREADLE_OUTPUT`.")
    with_: dict[str, Any] = Field(default_factory=dict, alias="with", description="Further inputs of the action.")
    max: int = Field(3, ge=1, le=MAX_VISITS, description="Judgements at most; then the failure stands.")
    to: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")], Targets] = Field(
        min_length=1, description="The recoveries by name, and where each goes on: the step itself, or others."
    )

    @model_validator(mode="after")
    def _one(self) -> "Recovery":
        if (self.uses is None) == (self.run is None):
            raise PydanticCustomError("TRD0110", "must have exactly one of the keys uses and run")
        return self
