"""What a command publishes through the file `$TREADLE_OUTPUT`.

Either one JSON object, or lines: `name=value`, and for values of several lines

    name<<END
    first line
    second line
    END

where the word after `<<` is any that no line of the value consists of. A name given twice has its last value.
"""

import codecs
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from treadle_hookspecs import Json

LIMIT = 1_000_000
"""Bytes that the file may have."""

RESERVED = frozenset({"exit_code", "stdout", "stderr", "truncated"})
"""Outputs that every command has."""

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)(=|<<)(.*)", re.DOTALL)


class PublishedError(Exception):
    """The file cannot be read as outputs; the message says where and why."""


def read_published(path: Path) -> dict[str, Json]:
    """The outputs in the file, {} when it was not written. Raises `PublishedError`."""
    text = _decoded(_content(path))
    found = _from_json(text) if text.lstrip().startswith("{") else dict(_from_lines(text))
    if reserved := sorted(RESERVED & found.keys()):
        raise PublishedError(f"$TREADLE_OUTPUT sets {', '.join(reserved)}, which every command publishes by itself")
    return found


def _content(path: Path) -> bytes:
    try:
        # The command may have put anything there: a link is not followed, a pipe is not waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise PublishedError(f"$TREADLE_OUTPUT cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PublishedError("$TREADLE_OUTPUT is not a regular file any more")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(LIMIT + 1)
    finally:
        os.close(descriptor)
    if len(content) > LIMIT:
        raise PublishedError(f"$TREADLE_OUTPUT is larger than {LIMIT} bytes; publish a path instead")
    return content


def _decoded(content: bytes) -> str:
    # Windows PowerShell appends in UTF-16.
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise PublishedError(f"$TREADLE_OUTPUT is not UTF-8 at byte {error.start}") from error


def _from_json(text: str) -> dict[str, Json]:
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise PublishedError(f"$TREADLE_OUTPUT begins like a JSON object and is none: {error}") from error
    except RecursionError as error:
        raise PublishedError("$TREADLE_OUTPUT is nested too deeply") from error
    return dict(found)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _from_lines(text: str) -> Iterator[tuple[str, Json]]:
    lines = enumerate(text.split("\n"), start=1)
    for number, raw in lines:
        line = raw.removesuffix("\r")
        if not line.strip():
            continue
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            raise PublishedError(f"line {number} of $TREADLE_OUTPUT is neither name=value nor name<<WORD")
        name, separator, rest = match.groups()
        yield name, rest if separator == "=" else _until(rest.strip(), lines, name, number)


def _until(end: str, lines: Iterator[tuple[int, str]], name: str, started: int) -> str:
    if not end:
        raise PublishedError(f"line {started} of $TREADLE_OUTPUT: {name}<< lacks the word that ends the value")
    value: list[str] = []
    for _, raw in lines:
        line = raw.removesuffix("\r")
        if line == end:
            return "\n".join(value)
        value.append(line)
    raise PublishedError(f"line {started} of $TREADLE_OUTPUT: {name}<<{end} is never ended by a line {end}")
