"""What the parts of the model of a definition share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from treadle.definition._fields import Type


class Keys(BaseModel):
    """An object whose keys are all known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, protected_namespaces=(), defer_build=True)


class Input(Keys):
    """A workflow's input; on the command line an option."""

    type: Type = Field("any", description="What the value must be; text from the command line is converted to it.")
    required: bool = Field(False, description="A run without it does not start.")
    default: Any = Field(None, description="The value when none is given. Without one it is null.")
    enum: list[Any] = Field(default_factory=list, description="The values that are allowed.")
    sensitive: bool = Field(False, description="Encrypted at rest, masked wherever it would be shown.")
    description: str = Field("", description="One line for the option's help.")
