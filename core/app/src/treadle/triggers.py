"""The core's own triggers: a command line and an event on the bus."""

from collections.abc import Mapping
from typing import Any, cast

from treadle_hookspecs import Json, JsonObject, TreadleError, TriggerEvent


class CliTrigger:
    """`- cli: {command: NAME}`: somebody ran the workflow; without `command` under any name."""

    def matches(self, spec: JsonObject, event: TriggerEvent) -> bool:
        """True for the command line, if the name given there is the entry's."""
        return event.type == "cli" and spec.get("command", event.name) == event.name

    def inputs(self, spec: JsonObject, event: TriggerEvent) -> JsonObject:  # noqa: ARG002 - the contract's arguments
        """What was given on the command line."""
        return event.data


class EventTrigger:
    """`- event: {name: …, match: expression, with: {input: value}}`: an event with that name was emitted.

    `match` and the texts in `with` are expressions over `event.name` and `event.data`.
    """

    def matches(self, spec: JsonObject, event: TriggerEvent) -> bool:
        """True when the name is the entry's and `match`, if there is one, holds.

        Raises:
            TreadleError: `match` cannot be evaluated.
        """
        if event.type != "event" or spec.get("name") != event.name:
            return False
        match = spec.get("match")
        return match is None or bool(_evaluate_condition(str(match), event))

    def inputs(self, spec: JsonObject, event: TriggerEvent) -> JsonObject:
        """`with`, its expressions evaluated; without it the event's data.

        Raises:
            TreadleError: an expression in `with` cannot be evaluated.
        """
        given = spec.get("with")
        return event.data if given is None else cast("JsonObject", _evaluate_value(given, event))


def _context(event: TriggerEvent) -> Mapping[str, object]:
    seen = {"name": event.name, "data": event.data, "type": event.type}
    return {"event": seen, "trigger": seen}


def _evaluate_condition(text: str, event: TriggerEvent) -> Any:
    from treadle_engine.expressions import ExpressionError, compile_expression

    try:
        return compile_expression(text).evaluate(_context(event))
    except ExpressionError as error:
        raise _unusable("match", text, error, event) from error


def _evaluate_value(value: Json, event: TriggerEvent) -> Json:
    from treadle_engine.expressions import ExpressionError, compile_value

    try:
        return compile_value(value).evaluate(_context(event))
    except ExpressionError as error:
        raise _unusable("with", str(value), error, event) from error


def _unusable(key: str, text: str, error: Exception, event: TriggerEvent) -> TreadleError:
    return TreadleError(
        f"the `{key}` of an event trigger for `{event.name}` cannot be evaluated: {error}",
        context={"event": event.name, "expression": text},
        suggestions=("an expression sees `event.name` and `event.data`",),
    )
