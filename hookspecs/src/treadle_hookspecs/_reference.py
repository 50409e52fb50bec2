"""The reference page of the hooks and the contract's types, written from their docstrings and signatures."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from textwrap import dedent
from typing import Any

import treadle_hookspecs
from treadle_hookspecs import _hooks

_HEAD = """\
# Hooks

This page is generated from `treadle_hookspecs`. [Write a plugin](../how-to/write-a-plugin.md) shows them in use.

"""

_TYPES = """\
# Types

What hooks yield and receive, and what the core hands to a plugin's code. Import them from `treadle_hookspecs`.

"""

_JSON = "None | bool | int | float | str | Sequence[Json] | Mapping[str, Json]"
"""How `inspect` spells the alias `Json`."""


def reference() -> str:
    """`docs/reference/hooks.md`."""
    return "".join((_HEAD, _lead(_hooks), *map(_hook, hooks()), _TYPES, *map(_type, _types())))


def hooks() -> list[Callable[..., object]]:
    """The hook specifications in the order in which they are written."""
    return [item for name, item in vars(_hooks).items() if name.startswith("treadle_")]


def _lead(module: object) -> str:
    return f"{_paragraphs(inspect.getdoc(module) or '')}\n\n"


def _hook(hook: Callable[..., object]) -> str:
    text, _, example = (inspect.getdoc(hook) or "").partition("\nExample:\n")
    return f"## `{signature(hook)}`\n\n{_fields(text)}\n\n{dedent(example).strip()}\n\n"


def signature(item: Callable[..., object]) -> str:
    """`name(argument: Type) -> Type`, without the modules of the types."""
    return f"{getattr(item, '__name__', '')}{_short(str(inspect.signature(item)))}"


def _short(text: str) -> str:
    """Without the names of modules, aliases by their names, and no quotes around what is declared later."""
    text = re.sub(r"\b(?:treadle_hookspecs|collections\.abc|typing|pathlib)\b[\w.]*\.(?=\w)", "", text)
    text = re.sub(r"<(\w+\.\w+): [^>]*>", r"\1", re.sub(r"'([A-Z][\w |]*)'", r"\1", text))
    return text.replace(f"Mapping[str, {_JSON}]", "JsonObject").replace(_JSON, "Json").replace("<factory>", "…")


def _types() -> Iterator[type[Any]]:
    for name in treadle_hookspecs.__all__:
        item = getattr(treadle_hookspecs, name)
        if inspect.isclass(item):
            yield item


def _type(item: type[Any]) -> str:
    shape = f"```python\n{_construction(item)}\n```\n\n" if _is_built(item) else ""
    members = "".join(_members(item))
    return f"## `{item.__name__}`\n\n{_fields(inspect.getdoc(item) or '')}\n\n{shape}{members}" + (
        "\n" if members else ""
    )


def _is_built(item: type[Any]) -> bool:
    return is_dataclass(item) or hasattr(item, "_fields") or (issubclass(item, Exception) and "__init__" in vars(item))


def _construction(item: type[Any]) -> str:
    """How one is made, an argument a line when it is long."""
    made = inspect.signature(item)
    line = f"{item.__name__}{_short(str(made)).replace(' -> None', '')}"
    if len(line) <= 100:
        return line
    return f"{item.__name__}(\n" + "".join(f"    {one},\n" for one in _arguments(made)) + ")"


def _arguments(made: inspect.Signature) -> Iterator[str]:
    starred = False
    for one in made.parameters.values():
        if one.kind is one.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        yield _short(str(one))


def _members(item: type[Any]) -> Iterator[str]:
    for name, member in vars(item).items():
        if name.startswith("_") or not getattr(item, "__module__", "").startswith("treadle_hookspecs"):
            continue
        if isinstance(member, property):
            yield f"* `{name}`: {_summary(member)}\n"
        elif inspect.isfunction(member):
            yield f"* `{_call(member)}`: {_summary(member)}\n"


def _call(member: Callable[..., object]) -> str:
    prefix = "await " if inspect.iscoroutinefunction(member) else ""
    return prefix + signature(member).replace("(self, ", "(").replace("(self)", "()")


def _summary(member: object) -> str:
    return " ".join((inspect.getdoc(member) or "").partition("\n\n")[0].split())


def _fields(text: str) -> str:
    """A docstring with its `Word: text` fields and `name: text` lists as Markdown."""
    lines: list[str] = []
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Attributes|Raises):", line):
            lines += ["", f"{line}", ""]
        elif named := re.fullmatch(r"    (\w+): (.*)", line):
            lines.append(f"* `{named[1]}`: {named[2]}")
        elif field := re.fullmatch(r"(When|Arguments|Result|Raises): (.*)", line):
            lines.append(f"* **{field[1]}**: {field[2]}")
        else:
            lines.append(f"  {line.strip()}" if line.startswith("    ") or _continues(lines, line) else line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _continues(lines: list[str], line: str) -> bool:
    """A second line of a field."""
    return bool(line and lines and lines[-1].startswith(("* **", "  ")))


def _paragraphs(text: str) -> str:
    return text.partition("\n\n")[2]
