"""The Python files of a tree on disk, read and parsed once."""

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from treadle_hookspecs import Json

from treadle_analysis._source import PythonModule, parse

MARKER: Final = re.compile(r"(?:#|//|/\*|<!--|--|;|%|\.\.|\*)\s*.*\b(TODO|FIXME|XXX|HACK)\b")

WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A Python file that could not be read as Python."""

    path: str
    line: int
    message: str

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {"path": self.path, "line": self.line, "message": self.message}


@dataclass(frozen=True, slots=True)
class Tree:
    """Files below a folder: `texts` of all that were read, `modules` of the Python files that parse."""

    texts: Mapping[str, str]
    modules: Mapping[str, PythonModule]
    unparsed: tuple[Unparsed, ...]
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    """The words of the files that were asked about so far."""

    @classmethod
    def read(cls, folder: Path, paths: Iterable[str]) -> "Tree":
        """Read files; bytes that are no UTF-8 are replaced."""
        texts = {path: (folder / path).read_text("utf-8", "replace") for path in paths}
        modules: dict[str, PythonModule] = {}
        unparsed: list[Unparsed] = []
        for path, text in texts.items():
            if not path.endswith(".py"):
                continue
            try:
                modules[path] = _parse_quietly(text)
            except SyntaxError as error:
                unparsed.append(Unparsed(path, error.lineno or 1, error.msg))
            except (ValueError, RecursionError) as error:
                unparsed.append(Unparsed(path, 1, str(error)))
        return cls(texts, modules, tuple(unparsed))

    @property
    def python_paths(self) -> frozenset[str]:
        """The paths of all Python files."""
        return frozenset(path for path in self.texts if path.endswith(".py"))

    def markers(self, path: str, ranges: Iterable[tuple[int, int]]) -> list[tuple[int, str, str]]:
        """`(line, word, text)` of the TODO, FIXME, XXX and HACK comments in some lines of a file."""
        lines = self.texts.get(path, "").split("\n")
        numbers = (number for first, last in ranges for number in range(first, min(last, len(lines)) + 1))
        return [
            (number, match[1], lines[number - 1].strip())
            for number in numbers
            if (match := MARKER.search(lines[number - 1]))
        ]

    def mentions(self, word: str, paths: Iterable[str]) -> list[str]:
        """Those of the files whose text holds a word."""
        return [path for path in paths if word in self._words(path)]

    def _words(self, path: str) -> frozenset[str]:
        if path not in self.words:
            self.words[path] = frozenset(WORD.findall(self.texts.get(path, "")))
        return self.words[path]


def _parse_quietly(text: str) -> PythonModule:
    """What the project's code does to deserve a warning of the parser is not this run's subject."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return parse(text)
