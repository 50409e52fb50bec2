"""What agents print: plain text, one JSON object, or JSON lines. What is not understood is text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_ANSWERS: Final = ("result", "response", "text")
_COSTS: Final = ("total_cost_usd", "cost_usd", "cost")
_COUNTED: Final = ("input_tokens", "output_tokens", "input", "output")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found: the answer, money and tokens; zeros where nothing is said."""

    text: str
    money: float = 0.0
    tokens: int = 0


def read(printed: str) -> Reading:
    """Understand what an agent printed."""
    events = list(_events(printed))
    if not events:
        return Reading(printed.strip())
    texts = [text for event in events if (text := _text(event))]
    money = max((_number(event, _COSTS) for event in events), default=0.0)
    tokens = max((_tokens(event) for event in events), default=0)
    return Reading((texts[-1] if texts else printed).strip(), money, tokens)


def _events(printed: str) -> Iterator[Mapping[str, Any]]:
    """The whole as one object or list, else each line that is an object."""
    whole = _parsed(printed)
    if isinstance(whole, Mapping):
        yield whole
    elif isinstance(whole, list):
        yield from (each for each in whole if isinstance(each, Mapping))
    else:
        for line in printed.splitlines():
            if line.startswith("{") and isinstance(event := _parsed(line), Mapping):
                yield event


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(event: Mapping[str, Any]) -> str:
    """The answer in one event: a final result, or a message of the agent."""
    item = event.get("item")
    if isinstance(item, Mapping) and item.get("type") == "agent_message":
        return str(item.get("text", ""))
    message = event.get("message")
    if event.get("type") == "message_end" and isinstance(message, Mapping) and message.get("role") == "assistant":
        parts = message.get("content", ())
        return "".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))
    return next((event[key] for key in _ANSWERS if isinstance(event.get(key), str)), "")


def _tokens(event: Mapping[str, Any]) -> int:
    usage = event.get("usage")
    if not isinstance(usage, Mapping):
        message = event.get("message")
        usage = message.get("usage") if isinstance(message, Mapping) else None
    if not isinstance(usage, Mapping):
        return 0
    return sum(int(usage[key]) for key in _COUNTED if isinstance(usage.get(key), int))


def _number(event: Mapping[str, Any], keys: tuple[str, ...]) -> float:
    found = (event[key] for key in keys if isinstance(event.get(key), int | float))
    return float(next(found, 0.0))
