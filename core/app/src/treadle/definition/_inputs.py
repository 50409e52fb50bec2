"""What a run is given, against what its workflow declares."""

import json
from collections.abc import Mapping
from typing import Any, Final

from treadle_engine.plan import InputSpec, Plan
from treadle_hookspecs import Json, TreadleError

from treadle.definition._report import did_you_mean, kind_of
from treadle.definition._values import is_type

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class UnfitError(ValueError):
    """A value that is not of its input's type."""


def check_inputs(plan: Plan, given: Mapping[str, Json]) -> dict[str, Json]:
    """The inputs of an execution: every declared one, with defaults, converted from text where the type says so.

    Args:
        plan: whose inputs.
        given: by name. A text given for an input of another type is read as that type: `3`, `true`, `[1, 2]`;
            for a list a text without brackets is its only item.

    Raises:
        TreadleError: names every unknown, missing and unfit input (exit code 2, code TRD0201).
    """
    specs = {spec.name: spec for spec in plan.inputs}
    problems: dict[str, str] = {}
    suggestions = []
    for name in given:
        if name not in specs:
            problems[name] = "there is no such input"
            suggestions.append(did_you_mean(name, specs))
    values = {name: _value(spec, given, problems) for name, spec in specs.items()}
    if problems:
        raise _refused(plan, problems, [*filter(None, suggestions), _listing(plan)])
    return values


def _value(spec: InputSpec, given: Mapping[str, Json], problems: dict[str, str]) -> Json:
    if spec.name not in given or (given[spec.name] is None and not spec.required):
        if spec.required and spec.name not in given:
            problems[spec.name] = "it is required"
        return spec.default
    try:
        return _fitting(spec, given[spec.name])
    except UnfitError as error:
        problems[spec.name] = str(error)
        return None


def _fitting(spec: InputSpec, value: Json) -> Json:
    if isinstance(value, str) and spec.type not in ("string", "any"):
        value = _read(spec, value)
    elif isinstance(value, (list, tuple)) and spec.type == "array":
        value = list(value)
    if not is_type(value, spec.type):
        raise UnfitError(f"must be of type {spec.type}, not {kind_of(value)}")
    if spec.enum and value not in spec.enum:
        hint = did_you_mean(str(value), map(str, spec.enum))
        shown = "it" if spec.sensitive else repr(value)
        raise UnfitError(f"{shown} is none of {', '.join(map(str, spec.enum))}" + (f"; {hint}" if hint else ""))
    return int(value) if spec.type == "integer" and isinstance(value, float) else value


def _read(spec: InputSpec, text: str) -> Any:
    shown = "the text" if spec.sensitive else repr(text)
    if spec.type == "boolean":
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        if text.strip().lower() in words:
            return words[text.strip().lower()]
        raise UnfitError(f"must be true or false, not {shown}")
    if spec.type == "array" and not text.lstrip().startswith("["):
        return [text]
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        article = "an" if spec.type[0] in "aeiou" else "a"
        raise UnfitError(f"{shown} cannot be read as {article} {spec.type}") from None


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _refused(plan: Plan, problems: dict[str, str], suggestions: list[str]) -> TreadleError:
    told = "; ".join(f"`{name}`: {why}" for name, why in problems.items())
    one = len(problems) == 1
    return TreadleError(
        f"{'an input' if one else f'{len(problems)} inputs'} of {plan.name} cannot be taken: {told}",
        code="TRD0201",
        context={"workflow": plan.name, "inputs": dict(problems)},
        suggestions=tuple(dict.fromkeys(suggestions)),
    )


def _listing(plan: Plan) -> str:
    if not plan.inputs:
        return f"{plan.name} takes no inputs"
    shown = (f"{spec.name} ({spec.type}{', required' if spec.required else ''})" for spec in plan.inputs)
    return f"inputs of {plan.name}: {', '.join(shown)}"
