"""Before anything is parsed: encoding, size, and the characters that may stand in a definition."""

import re
from typing import Final

from treadle.definition._document import MAX_BYTES, Document, Scalar, Span, line_starts, place
from treadle.definition._problems import Problem

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class UnreadableError(Exception):
    """The text cannot be read any further. `problems` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


def decoded(content: bytes, name: str) -> str:
    """The text of a file, without a byte order mark. Raises `UnreadableError`."""
    if len(content) > MAX_BYTES:
        raise UnreadableError(_too_large(name))
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableError(Problem("TRD0113", "error", "the file is UTF-16", name, hint="save it as UTF-8"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        raise UnreadableError(
            Problem("TRD0113", "error", message, name, line, column, hint="save it as UTF-8")
        ) from None


def checked(text: str, name: str) -> str:
    """The text with line feeds as its line ends. Raises `UnreadableError`."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UnreadableError(_too_large(name))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found = _FORBIDDEN.search(text)
    if found:
        message = f"the character U+{ord(found.group()):04X} may not stand in a definition"
        hint = f'in a double-quoted text write "\\u{ord(found.group()):04x}"'
        raise UnreadableError(problem_at(text, name, Span(*found.span()), "TRD0113", message, hint))
    return text


def problem_at(text: str, name: str, span: Span, code: str, message: str, hint: str = "", label: str = "") -> Problem:
    """An error at a span of a text that has no tree yet."""
    at = place(text, line_starts(text), span)
    return Problem(code, "error", message, name, at.line, at.column, at.length, hint, label)


def empty(text: str, name: str) -> Document:
    """The document of a text that holds nothing."""
    return Document(name, text, Scalar(None, Span(0, 0), ""))


def _too_large(name: str) -> Problem:
    return Problem("TRD0103", "error", f"the file is larger than {MAX_BYTES // 2**20} MB", name)
