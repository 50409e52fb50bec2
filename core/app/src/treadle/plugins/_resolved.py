"""An action with its function imported: ready to be bound to inputs and called."""

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from treadle_hookspecs import Action, ActionError, Json, JsonObject, TreadleError

from treadle.plugins._commands import CommandAction
from treadle.plugins._declared import violations
from treadle.plugins._records import PluginRecord
from treadle.plugins._shapes import unknown_names
from treadle.plugins._signature import Signature, argument, input_schema, output_schema, read_signature


class ResolvedAction:
    """What a step calls.

    Attributes:
        name: the full name, `module/action`, or a rollback action's type.
        action: the declaration.
        record: who provides it.
        function: call it with what `bind` gives, and `context=` when `takes_context`.
        is_async: `function` is a coroutine function.
        bind: `bind(inputs) -> dict` checks and converts a step's inputs. Raises `ActionError` of class
            `invalid-input` that names each bad one; its message holds no values.
    """

    def __init__(self, name: str, action: Action, record: PluginRecord, function: Callable[..., Any]) -> None:
        self.name = name
        self.action = action
        self.record = record
        self.function = function
        self.is_async = inspect.iscoroutinefunction(inspect.unwrap(function)) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object with an async `__call__`
        )
        self.bind: Callable[[Mapping[str, Json]], dict[str, Any]] = self._first_bind

    @cached_property
    def signature(self) -> Signature:
        """The function's parameters. Raises `TreadleError` when no step could give them."""
        try:
            return read_signature(self.function)
        except (TypeError, ValueError) as error:
            raise TreadleError(
                f"action {self.name} of {self.record.label} cannot be called: {error}",
                context={"action": self.name, "distribution": self.record.distribution},
                suggestions=(f"tell the authors of {self.record.distribution}",),
            ) from error

    @property
    def is_command(self) -> bool:
        """All that it does is to start a program."""
        return isinstance(self.action, CommandAction)

    @cached_property
    def takes_context(self) -> bool:
        """The function has a parameter `context`."""
        return self.signature.takes_context

    @cached_property
    def input_schema(self) -> JsonObject:
        """A JSON Schema of type object: the declared one, else derived from the signature."""
        if self.action.inputs is not None:
            return self.action.inputs
        return input_schema(self.function, self.signature)

    @cached_property
    def output_schema(self) -> JsonObject | None:
        """A JSON Schema of type object: the declared one, else from the return annotation, else None."""
        return self.action.outputs if self.action.outputs is not None else output_schema(self.function)

    def _first_bind(self, inputs: Mapping[str, Json]) -> dict[str, Any]:
        """Replaces itself: a step of an action without inputs must not pay for reading its signature."""
        self.bind = _binder(self.name, self.signature, self.action.inputs)
        return self.bind(inputs)


def _binder(
    name: str, signature: Signature, declared: JsonObject | None
) -> Callable[[Mapping[str, Json]], dict[str, Any]]:
    if not signature.parameters and signature.rest is None and declared is None:
        return _of_nothing(name)
    by_signature = _of_signature(name, signature)
    return by_signature if declared is None else _of_declared(name, declared, by_signature)


def _of_nothing(name: str) -> Callable[[Mapping[str, Json]], dict[str, Any]]:
    def bind(inputs: Mapping[str, Json]) -> dict[str, Any]:
        if inputs:
            raise _invalid(name, unknown_names(inputs, ()))
        return {}

    return bind


def _of_signature(name: str, signature: Signature) -> Callable[[Mapping[str, Json]], dict[str, Any]]:
    known = {one.name: one.shape.convert for one in signature.parameters}
    required = tuple(one.name for one in signature.parameters if one.required)
    rest = signature.rest

    def bind(inputs: Mapping[str, Json]) -> dict[str, Any]:
        problems = [f"{one}: missing" for one in required if one not in inputs]
        bound: dict[str, Any] = {}
        for key, value in inputs.items():
            convert = known.get(key) or (rest.convert if rest is not None else None)
            if convert is None:
                problems += unknown_names((key,), known)
            else:
                bound[argument(key)] = convert(value, key, problems)
        if problems:
            raise _invalid(name, problems)
        return bound

    return bind


def _of_declared(
    name: str, schema: JsonObject, by_signature: Callable[[Mapping[str, Json]], dict[str, Any]]
) -> Callable[[Mapping[str, Json]], dict[str, Any]]:
    """A declared schema is checked first, its defaults are filled in, then the function's own types convert."""
    properties = schema.get("properties")
    known: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
    defaults = {key: one["default"] for key, one in known.items() if isinstance(one, Mapping) and "default" in one}

    def bind(inputs: Mapping[str, Json]) -> dict[str, Any]:
        complete = {**defaults, **inputs}
        problems = list(violations(complete, schema))
        if problems:
            raise _invalid(name, problems)
        return by_signature(complete)

    return bind


def _invalid(name: str, problems: list[str]) -> ActionError:
    return ActionError(f"{name}: {'; '.join(problems)}", error_class="invalid-input", retryable=False)
