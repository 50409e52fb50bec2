"""Parameters that take what was typed as it is: no pydantic is imported for them, and flags show no type."""

from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args

import typer

_PLAIN: Final = (str, bool, int, Path)


class PlainParameters:
    """Beside a class of Typer's commands: its parameters of plain types are made light, `--help` included."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, as Typer asks for them before it parses or shows them."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            _lighten(param)
        return params


def lighten(command: Any) -> None:
    """The same for a command that is of another class, and for those below it."""
    params_of = command.get_params

    def light(ctx: Any) -> list[Any]:
        params: list[Any] = params_of(ctx)
        for param in params:
            _lighten(param)
        return params

    command.get_params = light
    for below in getattr(command, "commands", {}).values():
        lighten(below)


def _lighten(param: Any) -> None:
    """Typer imports pydantic, a quarter of a second, to make a text of a text; it asks this object instead."""
    if getattr(param, "is_flag", False) and param.metavar is None:
        param.metavar = ""
    kind = plain_type(param.type_descriptor.annotation)
    if kind is not None:
        param.get_runtime_param = lambda: AsTyped(kind)


def plain_type(annotation: Any) -> type | None:
    """The plain type or the choice of words of an annotation, of an optional one, or of a list of them; else None."""
    inner = [each for each in get_args(annotation) if each is not type(None)]
    if not inner:
        plain = annotation in _PLAIN or (isinstance(annotation, type) and issubclass(annotation, StrEnum))
        return annotation if plain else None
    return plain_type(inner[0]) if len(inner) == 1 else None


class AsTyped:
    """What Typer asks to convert a parameter's value."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ARG002 Typer's signature
        """The value, or values, in the parameter's type. Raises `typer.BadParameter`."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if isinstance(value, list | tuple):
            return [self._one(each, param) for each in value]
        return self._one(value, param)

    def _one(self, value: Any, param: Any) -> Any:
        kind: Any = self._kind
        if kind is int:
            return self._number(value, param)
        return self._word(value, param) if issubclass(self._kind, StrEnum) else kind(value)

    def _word(self, value: Any, param: Any) -> Any:
        try:
            return self._kind(value)
        except ValueError as error:
            words = ", ".join(repr(str(each)) for each in self._kind)  # type: ignore[attr-defined]
            raise typer.BadParameter(f"{value!r} is not one of {words}", param=param) from error

    def _number(self, value: Any, param: Any) -> int:
        try:
            number = int(value)
        except ValueError as error:
            raise typer.BadParameter(f"{value!r} is no whole number", param=param) from error
        if param.min is not None and number < param.min:
            raise typer.BadParameter(f"{number} is less than {param.min}", param=param)
        return number
