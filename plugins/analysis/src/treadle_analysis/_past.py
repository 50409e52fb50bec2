"""What the history says about the files of a change: how often they change, and who knows them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle_hookspecs import Json


@dataclass(frozen=True, slots=True)
class Past:
    """The commits before a change that touched one file, by author."""

    path: str
    authors: Counter[str]

    @property
    def commits(self) -> int:
        """How many commits touched it."""
        return self.authors.total()

    def to_json(self) -> dict[str, Json]:
        """`{path, commits, authors, main_author, main_share}`; the share is 0.0 … 1.0."""
        main = min(self.authors.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        return {
            "path": self.path,
            "commits": self.commits,
            "authors": len(self.authors),
            "main_author": main[0] or None,
            "main_share": round(main[1] / self.commits, 2) if self.commits else 0.0,
        }


def of_files(paths: Iterable[str], commits: Sequence[Mapping[str, Any]]) -> list[Past]:
    """Who changed these files how often, in commits as `git/log` gives them with `files: true`."""
    authors: dict[str, Counter[str]] = {path: Counter() for path in paths}
    for commit in commits:
        for path in commit["files"]:
            if path in authors:
                authors[path][commit["author"]] += 1
    return [Past(path, counter) for path, counter in authors.items()]


def unfamiliar(past: Iterable[Past], authors: Iterable[str]) -> list[str]:
    """The files with a history in which none of the authors appears."""
    known = set(authors)
    return [file.path for file in past if file.commits and not known & file.authors.keys()]
