"""What the dialects share: names, texts, and problems on the way."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal

from treadle_hookspecs import Derived, Mapped, MappingProblem, Placed, Translation

_ID: Final = re.compile(r"[a-z_][a-z0-9_-]{0,63}")
_NOT_IN_IDS: Final = re.compile(r"[^a-z0-9_-]+")
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9._-]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WHOLE: Final = re.compile(r"\s*\{\{(.*)\}\}\s*", re.DOTALL)

TYPES: Final = frozenset({"string", "integer", "number", "boolean", "array", "object", "any"})


class Building:
    """A translation in the making.

    Attributes:
        definition: the canonical definition so far; `steps` are added by `step`.
    """

    def __init__(self, root: Placed) -> None:
        self.root = root
        self.definition: dict[str, Mapped] = {"treadle": 1}
        self.steps: list[Mapping[str, Mapped]] = []
        self._problems: list[MappingProblem] = []
        self._ids: dict[str, str] = {}

    def head(self, name: Placed | None, title: Placed | None = None) -> None:
        """The workflow's name, made one, and what else stands at the top in every dialect."""
        shown = title or name
        if name is None or not name.text.strip():
            self.error("the workflow has no name", name or self.root)
        else:
            self.definition["name"] = Derived(_NOT_IN_NAMES.sub("-", name.text.lower()).strip("-._"), name)
        if shown is not None and shown.text != _plain_name(self.definition.get("name")):
            self.definition["title"] = shown
        for key in ("version", "description"):
            value = self.root.get(key)
            if value is not None:
                self.definition[key] = Derived(str(value.value), value)

    def id(self, original: Placed) -> str:
        """The step id that stands for one of the file's; the same one each time."""
        text = original.text
        if text not in self._ids:
            found = text if _ID.fullmatch(text) else _NOT_IN_IDS.sub("-", text.lower()).strip("-") or "step"
            found = found if found[0].isalpha() or found[0] == "_" else f"_{found}"
            taken = set(self._ids.values())
            self._ids[text] = next(name for name in _numbered(found[:60]) if name not in taken)
        return self._ids[text]

    def named(self, original: Placed, name: Placed | None) -> dict[str, Mapped]:
        """A step's `id`, and its `name` where it has one or its id had to change."""
        id_ = self.id(original)
        found: dict[str, Mapped] = {"id": Derived(id_, original)}
        if name is not None:
            found["name"] = name
        elif id_ != original.text:
            found["name"] = original
        return found

    def targets(self, original: Placed) -> Mapped:
        """Step ids that a value names, one or a list."""
        if original.items:
            return [Derived(self.id(item), item) for item in original.items]
        return Derived([Derived(self.id(original), original)], original) if original.text else original

    def step(self, step: Mapping[str, Mapped]) -> None:
        """Add a step."""
        self.steps.append(step)

    def error(self, message: str, at: Placed, hint: str = "") -> None:
        """Something that keeps the definition from running."""
        self._problems.append(MappingProblem(message, at, hint))

    def note(self, message: str, at: Placed, hint: str = "", severity: Literal["note", "warning"] = "note") -> None:
        """Something that its author should know."""
        self._problems.append(MappingProblem(message, at, hint, severity))

    def known(self, of: Placed, keys: Iterable[str], what: str) -> None:
        """Say which keys of an object mean nothing."""
        known = tuple(keys)
        for key, value in of.entries.items():
            if key not in known:
                self.error(f"`{key}` means nothing for {what}", _at_key(value), _nearest(key, known))

    def done(self) -> Translation:
        """The translation."""
        return Translation({**self.definition, "steps": self.steps}, tuple(self._problems))


def snake(text: str) -> str:
    """`camelCase` as `camel_case`."""
    return _CAMEL.sub("_", text).lower()


def bare(text: str) -> str:
    """An expression without the braces around it."""
    match = _WHOLE.fullmatch(text)
    return match.group(1).strip() if match and "{{" not in match.group(1) else text


def rewritten(value: Placed, rewrite: Callable[[str], str]) -> Mapped:
    """A value with every text in it rewritten; what does not change keeps its own place."""
    if isinstance(value.value, Mapping):
        return Derived({name: rewritten(item, rewrite) for name, item in value.value.items()}, value)
    if isinstance(value.value, tuple):
        return Derived([rewritten(item, rewrite) for item in value.value], value)
    if isinstance(value.value, str):
        text = rewrite(value.value)
        return value if text == value.value else Derived(text, value)
    return value


def output(name: str, type_: str = "any", *sources: str) -> dict[str, Mapped]:
    """A declared output, and what it is taken from where it is not published under its name."""
    found: dict[str, Mapped] = {"type": type_ if type_ in TYPES else "any"}
    others = [source for source in dict.fromkeys(sources) if source != name]
    return {**found, "from": others} if others else found


def whole(value: Placed | None) -> int:
    """A whole number that is not negative, else 0."""
    number = value.value if value is not None else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else 0


def _numbered(name: str) -> Iterable[str]:
    yield name
    yield from (f"{name}-{number}" for number in range(2, 1_000_000))


def _plain_name(value: Mapped) -> object:
    return value.value if isinstance(value, Derived) else value


def _at_key(value: Placed) -> Placed:
    return Placed(value.value, value.key or value.span)


def _nearest(key: str, known: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(key, known, 1)
    return f"did you mean `{close[0]}`?" if close else ""
