"""The types of a definition's fields: what may be written, and what it is read as."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from treadle_engine.durations import DURATION as DURATION
from treadle_engine.durations import MAX_SECONDS as MAX_SECONDS
from treadle_engine.durations import DurationError, seconds_of

MAX_STEPS: Final = 10_000
MAX_ATTEMPTS: Final = 100
MAX_VISITS: Final = 1_000
MAX_GATES: Final = 200

STEP_ID: Final = r"^[a-z_][a-z0-9_-]{0,63}$"
NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,127}$"
WORD: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
ACTION: Final = r"^[A-Za-z0-9@_][A-Za-z0-9@_./-]{0,199}$"
FIGURE: Final = r"^[a-z_][a-z0-9_]{0,63}$"
EVENT: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}$"

JOINS: Final = (
    "none_failed_min_one_success",
    "all_success",
    "none_failed",
    "all_done",
    "always",
    "one_success",
    "one_failed",
)


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """A second way to write a field: `convert` turns it into the first; `schema` is its JSON Schema."""

    convert: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.convert, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [self.schema, handler(schema)]}


def seconds(value: object) -> float:
    """A duration in seconds. Raises `PydanticCustomError`."""
    try:
        return seconds_of(value)
    except DurationError as error:
        raise PydanticCustomError("TRD0115" if error.too_long else "TRD0114", str(error)) from error


SIZE: Final = r"^\d{1,15}(?:\.\d{1,3})?(?:B|[kKMGT]i?B?)?$"
MAX_BYTES: Final = 2**50
_FACTORS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def size(value: object) -> int:
    """A number of bytes; `k`, `M`, `G`, `T` are powers of 1000, `Ki`, `Mi` … of 1024. Raises `PydanticCustomError`."""
    amount = value if isinstance(value, int) and not isinstance(value, bool) else _measured(value)
    if not 1 <= amount <= MAX_BYTES:
        raise PydanticCustomError("TRD0115", "must lie between 1 B and 1 PiB")
    return amount


def _measured(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(SIZE, value):
        raise PydanticCustomError("TRD0114", "is not a size: write 512MB, 1.5GiB, 64k, or bytes as a whole number")
    number, unit = re.fullmatch(r"([\d.]+)(.*)", value).groups()  # type: ignore[union-attr]
    letter = unit.removesuffix("B").removesuffix("i").upper()
    base = 1024 if "i" in unit else 1000
    factor: int = base ** _FACTORS[letter]
    return round(float(number) * factor)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _condition(value: object) -> object:
    """`when: true` is written as a boolean and means the expression."""
    return str(value).lower() if isinstance(value, bool) else value


def _single(value: object) -> object:
    if isinstance(value, (dict, list)):
        raise PydanticCustomError("TRD0106", "must be a text, a number or a boolean")
    return value


Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": MAX_SECONDS}, {"type": "string", "pattern": DURATION}]}
    ),
]
Size: TypeAlias = Annotated[
    int,
    BeforeValidator(size),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_BYTES}, {"type": "string", "pattern": SIZE}]}
    ),
]
Expression: TypeAlias = Annotated[str, Field(min_length=1, max_length=8000), Short(_condition, {"type": "boolean"})]
StepId: TypeAlias = Annotated[str, Field(pattern=STEP_ID)]
Target: TypeAlias = Annotated[str, Field(max_length=200)]
Targets: TypeAlias = Annotated[list[Target], Short(_listed, {"type": "string", "maxLength": 200})]
Word: TypeAlias = Annotated[str, Field(pattern=WORD)]
Variable: TypeAlias = Annotated[str, Field(pattern=VARIABLE)]
Text: TypeAlias = Annotated[str, Field(max_length=1_000_000)]


def _pattern(value: str) -> str:
    if value.startswith(("/", "~")) or ".." in value.split("/"):
        raise PydanticCustomError("TRD0109", "must stay below the root: a relative pattern without ..")
    return value


Pattern: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_pattern)]
"""Of files below the root."""
EnvValue: TypeAlias = Annotated[
    Any, BeforeValidator(_single), WithJsonSchema({"type": ["string", "number", "boolean", "null"]})
]
Type: TypeAlias = Literal["string", "integer", "number", "boolean", "array", "object", "any"]


def _texts(value: object) -> object:
    """A text, or a list of texts with at least one item."""
    if isinstance(value, str) or (isinstance(value, list) and value and all(isinstance(item, str) for item in value)):
        return value
    raise PydanticCustomError("TRD0106", "must be a text or a list of texts")


SHELLS: Final = ("sh", "bash", "pwsh", "python")


def _shell(value: object) -> object:
    if isinstance(value, list) or value in SHELLS:
        return _texts(value)
    raise PydanticCustomError("TRD0106", "must be sh, bash, pwsh, python, or a list such as [perl, -e]")


_LIST_OF_TEXTS: Final = {"type": "array", "items": {"type": "string"}, "minItems": 1}
Command: TypeAlias = Annotated[
    Any, BeforeValidator(_texts), WithJsonSchema({"anyOf": [{"type": "string"}, _LIST_OF_TEXTS]})
]
Shell: TypeAlias = Annotated[
    Any, BeforeValidator(_shell), WithJsonSchema({"anyOf": [{"enum": list(SHELLS)}, _LIST_OF_TEXTS]})
]


def _checkpoint(value: object) -> object:
    """A name, or true for the step's id."""
    if value is True or (isinstance(value, str) and re.fullmatch(NAME, value)):
        return value
    raise PydanticCustomError("TRD0106", "must be a name in lower case, or true for the step's id")


Checkpoint: TypeAlias = Annotated[
    Any,
    BeforeValidator(_checkpoint),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": NAME}, {"const": True}]}),
]


def _delay(value: object) -> object:
    """A duration, or a text with an expression that will give one."""
    return value if isinstance(value, str) and "{{" in value else seconds(value)


Delay: TypeAlias = Annotated[
    Any,
    BeforeValidator(_delay),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": MAX_SECONDS},
                {"type": "string", "pattern": DURATION},
                {"type": "string", "pattern": r"\{\{"},
            ]
        }
    ),
]
People: TypeAlias = Annotated[
    Any, BeforeValidator(_texts), WithJsonSchema({"anyOf": [{"type": "string"}, _LIST_OF_TEXTS]})
]
AgentName: TypeAlias = Annotated[str, Field(pattern=NAME)]
AgentNames: TypeAlias = Annotated[
    list[AgentName], Short(lambda value: [value] if isinstance(value, str) else value, {"type": "string"})
]
RawText: TypeAlias = Annotated[str, WithJsonSchema({"type": ["string", "number"]})]
"""A text that may look like a number: `version: 1.10` is read as it is written."""
Listing: TypeAlias = Annotated[
    Any, WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "string", "pattern": r"\{\{"}]})
]
"""A list, or an expression that gives one; checked with the step."""
Variables: TypeAlias = dict[Variable, EnvValue]
Risk: TypeAlias = Literal["low", "medium", "high"]
