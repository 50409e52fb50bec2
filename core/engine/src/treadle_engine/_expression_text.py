"""Where expressions stand in a text, and the tokens they are made of. No jinja2 here.

Jinja reports lines, not columns, and knows no hyphen in a name. So the tokens are found here, with their offsets, and
handed to Jinja one a line: a node's line is then its token.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

MAX_SOURCE: Final = 8_000
MAX_BRACKETS: Final = 24
HYPHEN: Final = "\u02d0"
"""A letter that stands for the hyphen of a step's id while Jinja reads it: outside of quotes sources are ASCII."""

_RESERVED: Final = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "null", "True", "False", "None"}
)
_PATH: Final = re.compile(r"\s*(?:steps\.[A-Za-z_][A-Za-z0-9_-]*|[A-Za-z_]\w*)(?:\.[A-Za-z_]\w*)*\s*", re.ASCII)
_STEP_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<number>(?<!\.)\d[\d_]*\.\d[\d_]*(?:[eE][+-]?\d+)?|(?<!\.)\d[\d_]*[eE][+-]?\d+|\d\w*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%~()\[\]{}.,:|<>=])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}


class ExpressionError(ValueError):
    """An expression that cannot be read or evaluated.

    Args:
        message: what is wrong, in one sentence without a full stop.
        source: the text that holds the expression.
        offset: where in `source`, in characters from 0.
    """

    def __init__(self, message: str, source: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.offset = offset


class Token(NamedTuple):
    """A word of an expression and where it starts in the whole text."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Source:
    """One expression in a text: its tokens, and the text around it for messages."""

    text: str
    start: int
    end: int
    tokens: tuple[Token, ...]

    @property
    def body(self) -> str:
        """The expression as written."""
        return self.text[self.start : self.end]

    @property
    def path(self) -> tuple[str, ...] | None:
        """The names of an expression that is nothing but a dotted path, else None."""
        if not _PATH.fullmatch(self.body):
            return None
        names = tuple(self.body.strip().split("."))
        return None if _RESERVED.intersection(names[:1]) else names


Part: TypeAlias = str | Source


def bare(text: str) -> Source:
    """The source of a field that is an expression by itself (`when`, `match` …)."""
    if text.lstrip().startswith("{{"):
        raise ExpressionError("this field is an expression already: write it without {{ and }}", text, 0)
    end, tokens = _tokens(text, 0, nested=False)
    return Source(text, 0, end, tokens)


def split(text: str) -> Iterator[Part]:
    """The literal pieces of a text and its `{{ … }}`, in order. `{{.X}}` is a literal: no expression begins so."""
    position = 0
    while (start := text.find("{{", position)) >= 0:
        _refuse_statement(text, position, start)
        end = text.find("}}", start)
        if text.startswith("{{.", start) and end >= 0:
            yield text[position : end + 2]
            position = end + 2
            continue
        if start > position:
            yield text[position:start]
        source = enclosed(text, start)
        yield source
        position = source.end + 2
    _refuse_statement(text, position, len(text))
    if position < len(text):
        yield text[position:]


def enclosed(text: str, start: int) -> Source:
    """The source of the `{{ … }}` that starts at `start`."""
    begin = start + 2
    if text[begin : begin + 1] in ("-", "+") and text[begin + 1 : begin + 2].isspace():
        raise ExpressionError("{{- is a mark of templates; in an expression write {{", text, start)
    end, tokens = _tokens(text, begin, nested=True)
    return Source(text, begin, end, tokens)


def _refuse_statement(text: str, start: int, end: int) -> None:
    offset = text.find("{%", start, end)
    if offset >= 0 and "%}" in text[offset:]:
        raise ExpressionError("{% … %} is a statement; only expressions {{ … }} may stand here", text, offset)


def _tokens(text: str, start: int, *, nested: bool) -> tuple[int, tuple[Token, ...]]:
    """The tokens from `start` on and where they end: at the `}}` that closes them, or at the end of the text."""
    found: list[Token] = []
    open_brackets: list[str] = []
    position = start
    while position < len(text):
        if nested and text.startswith("}}", position) and "{" not in open_brackets:
            break
        if position - start > MAX_SOURCE:
            raise ExpressionError(f"an expression may have at most {MAX_SOURCE} characters", text, start)
        token = _token_at(text, position, found)
        if token:
            _balance(token, open_brackets, text)
            found.append(token)
        position = token.offset + len(token.text) if token else _end_of_space(text, position)
    else:
        if nested:
            raise ExpressionError("this {{ has no }}", text, start - 2)
    if not found:
        raise ExpressionError("an expression is missing here", text, start)
    return position, tuple(found)


def _end_of_space(text: str, position: int) -> int:
    match = _TOKEN.match(text, position)
    return match.end() if match else position + 1


def _token_at(text: str, position: int, before: list[Token]) -> Token | None:
    """The token at a position; None for space."""
    if _after_steps(before) and (step := _STEP_ID.match(text, position)):
        return Token(step.group(), position)
    match = _TOKEN.match(text, position)
    if match is None:
        raise ExpressionError(_unreadable(text, position), text, position)
    return None if match.lastgroup == "space" else Token(match.group(), position)


def _after_steps(before: list[Token]) -> bool:
    """True behind `steps.`, where a name may hold hyphens; not behind `inputs.steps.`."""
    return (
        len(before) > 1
        and before[-1].text == "."
        and before[-2].text == "steps"
        and (len(before) == 2 or before[-3].text != ".")
    )


def _unreadable(text: str, position: int) -> str:
    character = text[position]
    if character in "'\"":
        return "this quote is not closed"
    if text.startswith(("&&", "||", "!"), position) or character == "?":
        return f"{character!r} is not an operator; there are and, or, not, and A if B else C"
    if not character.isascii():
        return f"{character!r} may stand in quotes only; a key with it is reached by ['…']"
    return f"unexpected character {character!r}"


def _balance(token: Token, open_brackets: list[str], text: str) -> None:
    if token.text in ("(", "[", "{"):
        open_brackets.append(token.text)
        if len(open_brackets) > MAX_BRACKETS:
            raise ExpressionError(f"brackets nest deeper than {MAX_BRACKETS}", text, token.offset)
    elif token.text in _CLOSING and (not open_brackets or open_brackets.pop() != _CLOSING[token.text]):
        raise ExpressionError(f"{token.text!r} closes nothing that is open", text, token.offset)
