"""JSON5 with places: JSON that people write by hand, and the object literals of JavaScript that hold data only."""

import re
from typing import Final

from treadle.definition._document import Node, Scalar, Span
from treadle.definition._json_text import Reader
from treadle.definition._problems import Problem

_SPACE: Final = re.compile(r"(?:[ \t\n\u00a0\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SINGLE: Final = re.compile(r"'((?:[^'\\\n]|\\.|\\\n)*)'", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "v": "\v", "\n": ""}


def read_json5(text: str, name: str, at: int) -> tuple[Node, list[Problem]]:
    """The value that starts at a character, and problems that did not keep it from being read.

    Raises `UnreadableError`.
    """
    reader = _Reader(text, name)
    return reader.value(reader.skip(at), 0), reader.problems


class _Reader(Reader):
    """Comments, bare keys, single quotes, and a comma behind the last item."""

    language = "JSON5"

    def skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _key(self, at: int) -> Scalar:
        name = _NAME.match(self._text, at)
        if name is not None:
            return Scalar(name.group(), Span(*name.span()), name.group())
        if self._text[at : at + 1] not in ("'", '"'):
            raise self.stop(at, "a key is missing")
        return self._quoted(at)

    def _quoted(self, at: int) -> Scalar:
        if self._text[at : at + 1] == '"':
            return super()._quoted(at)
        match = _SINGLE.match(self._text, at)
        if match is None:
            raise self.stop(at, "this text has no end")
        value = _ESCAPE.sub(_unescaped, match.group(1))
        return Scalar(value, Span(*match.span()), value)

    def _opens_text(self, character: str) -> bool:
        return character in ("'", '"')

    def _may_end(self) -> bool:
        return True


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    return chr(int(code, 16)) if code else _ESCAPED.get(match.group(3), match.group(3))
