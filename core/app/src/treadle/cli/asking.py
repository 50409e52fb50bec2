"""Asking the person at the terminal what an execution waits to be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from treadle_hookspecs import JsonObject

from treadle.cli import describe, shapes
from treadle.cli.console import Terminal

_APPROVE: Final = "yes"
_DONE: Final = "done"
_REFUSE: Final = "refuse"
_REJECT: Final = "no"
_BACK: Final = "push back"
_LATER: Final = "later"
_DECISIONS: Final = {
    _APPROVE: "approved",
    _DONE: "approved",
    _REJECT: "rejected",
    _REFUSE: "rejected",
    _BACK: "pushed_back",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said: see `treadle.Treadle.answer`."""

    step: str
    decision: str
    comment: str = ""
    data: JsonObject = field(default_factory=dict)


def ask(terminal: Terminal, question: Mapping[str, Any]) -> Answer | None:
    """Ask what one approval asks; None when the person puts it off, by a word, Ctrl-C or Ctrl-D."""
    terminal.say("\n".join([f"`{question['step']}` asks:", *describe.question_lines(question)]))
    try:
        choice = _chosen(terminal, question)
        if choice == _LATER:
            return None
        data = _form(terminal, question.get("form", ())) if _DECISIONS[choice] == "approved" else {}
        comment = terminal.ask("comment (may be empty):")
    except (KeyboardInterrupt, EOFError):
        terminal.say("")
        return None
    return Answer(str(question["step"]), _DECISIONS[choice], comment, data)


def _chosen(terminal: Terminal, question: Mapping[str, Any]) -> str:
    if question.get("task"):
        return terminal.choose("done?", (_DONE, _REFUSE, _LATER), flag="treadle answer|reject ID")
    choices = (_APPROVE, _REJECT, *([_BACK] if question.get("push_back") else []), _LATER)
    return terminal.choose("approve?", choices, flag="treadle approve|reject ID")


def _form(terminal: Terminal, fields: Sequence[Mapping[str, Any]]) -> JsonObject:
    """The values of a form as they were typed; what is left empty is not given."""
    given = {str(each["name"]): terminal.ask(_label(each), secret=bool(each.get("sensitive"))) for each in fields}
    return {name: value for name, value in given.items() if value}


def _label(each: Mapping[str, Any]) -> str:
    notes = ["|".join(map(shapes.word_of, each["enum"]))] if each.get("enum") else [str(each["type"])]
    notes += ["required"] if each["required"] else []
    notes += [f"default: {shapes.word_of(each['default'])}"] if "default" in each else []
    described = f" {each['description']}" if each.get("description") else ""
    return f"{each['name']} ({', '.join(notes)}){described}:"
