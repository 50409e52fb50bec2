"""Which files a text is about: full-text search over a repository, ranked by BM25 (SQLite's FTS5, in memory)."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z]+|[0-9]{3,}")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
_COMMON: Final = frozenset(
    [
        "a",
        "about",
        "add",
        "added",
        "adding",
        "after",
        "all",
        "allow",
        "also",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "before",
        "being",
        "but",
        "by",
        "can",
        "change",
        "changes",
        "code",
        "could",
        "create",
        "do",
        "does",
        "doing",
        "each",
        "every",
        "feature",
        "file",
        "files",
        "fix",
        "for",
        "from",
        "get",
        "has",
        "have",
        "how",
        "i",
        "if",
        "implement",
        "in",
        "into",
        "is",
        "issue",
        "it",
        "its",
        "let",
        "like",
        "make",
        "makes",
        "may",
        "more",
        "must",
        "need",
        "needs",
        "new",
        "no",
        "not",
        "of",
        "on",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "provide",
        "remove",
        "set",
        "should",
        "so",
        "some",
        "support",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "under",
        "update",
        "use",
        "used",
        "user",
        "users",
        "using",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "will",
        "with",
        "without",
        "would",
        "you",
    ]
)
_SCHEMA: Final = "CREATE VIRTUAL TABLE files USING fts5(file UNINDEXED, path, names, body, tokenize='porter')"
_RANKED: Final = """
SELECT file, -bm25(files, 0.0, 6.0, 4.0, 1.0) AS score FROM files WHERE files MATCH ? ORDER BY score DESC, file LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """A file, how well it fits (larger is better, comparable within one search), and the words that it has."""

    path: str
    score: float
    words: tuple[str, ...]


class Search:
    """An index over the files of a tree. Use it as a context manager, in one thread.

    Args:
        texts: by path.
        names: what a file defines, by path; these words count more.
    """

    def __init__(self, texts: Mapping[str, str], names: Mapping[str, Iterable[str]]) -> None:
        self._words: dict[str, frozenset[str]] = {}
        self._index = sqlite3.connect(":memory:")
        self._index.execute(_SCHEMA)
        self._index.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", self._rows(texts, names))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()

    def _rows(
        self, texts: Mapping[str, str], names: Mapping[str, Iterable[str]]
    ) -> Iterator[tuple[str, str, str, str]]:
        for path, text in texts.items():
            columns = (words(path), words(" ".join(names.get(path, ()))), words(text))
            self._words[path] = frozenset(word for column in columns for word in column)
            of_path, of_names, of_text = (" ".join(column) for column in columns)
            yield path, of_path, of_names, of_text

    def rank(self, query: str, limit: int) -> list[Hit]:
        """The files that fit a text best, best first."""
        wanted = asked(query)
        if not wanted:
            return []
        match = " OR ".join(f'"{word}"' for word in wanted)
        rows = self._index.execute(_RANKED, (match, limit)).fetchall()
        return [Hit(path, round(score, 2), self._matched(path, wanted)) for path, score in rows]

    def _matched(self, path: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
        own = self._words[path]
        return tuple(word for word in wanted if word in own or any(_alike(word, other) for other in own))


def words(text: str) -> list[str]:
    """The words of a text in lower case, names in humps or with underscores taken apart."""
    return [word.lower() for word in _WORD.findall(_HUMPS.sub(" ", text))]


def asked(query: str) -> tuple[str, ...]:
    """The words of a query that tell files apart, each once."""
    return tuple(dict.fromkeys(word for word in words(query) if word not in _COMMON and len(word) > 2))


def _alike(word: str, other: str) -> bool:
    """One stem, roughly: what the index has matched is to be named."""
    length = max(4, min(len(word), len(other)) - 2)
    return len(word) > 3 and len(other) > 3 and word[:length] == other[:length] and abs(len(word) - len(other)) < 5
