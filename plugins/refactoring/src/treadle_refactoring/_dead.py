"""`refactoring/find-dead-code`: what nobody uses, each with the evidence for and against it."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, Json, JsonObject

from treadle_refactoring._files import is_test, text_files

_WORD: Final = re.compile(r"\w+")
_CERTAIN: Final = 100
_LEAST: Final = 60


@dataclass(frozen=True, slots=True)
class Unused:
    """Something that vulture sees no use of, and who mentions its name all the same."""

    name: str
    kind: str
    path: str
    line: int
    last: int
    confidence: int
    only_tests: bool
    mentions: tuple[str, ...]
    public: bool

    @property
    def verdict(self) -> str:
        """`certain`: it cannot be used. `likely`: nothing mentions it. `possible`: a text does, or it is public."""
        if self.confidence >= _CERTAIN:
            return "certain"
        return "possible" if self.mentions or self.public else "likely"

    def to_json(self) -> dict[str, Json]:
        """All of it by name, and the evidence in words."""
        return {
            "name": self.name,
            "kind": self.kind,
            "file": self.path,
            "line": self.line,
            "lines": self.last - self.line + 1,
            "verdict": self.verdict,
            "confidence": self.confidence,
            "only_tests": self.only_tests,
            "mentions": list(self.mentions),
            "public": self.public,
            "evidence": self._evidence(),
        }

    def _evidence(self) -> str:
        said = ["only tests use it" if self.only_tests else "no Python file here uses it"]
        if self.confidence >= _CERTAIN:
            said.append("it cannot be reached" if self.kind == "unreachable code" else "nothing can use it")
        if self.mentions:
            said.append(f"its name stands in {', '.join(self.mentions[:3])}")
        if self.public:
            said.append("its name is public: others may use it")
        return "; ".join(said)


async def find_dead_code(
    target: str = "", min_confidence: int = _LEAST, public: bool = False, *, context: ActionContext
) -> JsonObject:
    """Look for code that nothing uses. Nothing is changed.

    Args:
        target: a folder or file; everything by default.
        min_confidence: vulture's percent, 60 to 100; 100 is what cannot be used.
        public: count public names of functions and classes as well, which others may import.
        context: of the visit.

    Returns:
        `dead` (certain ones first, each `{name, kind, file, line, lines, verdict, confidence, only_tests, mentions,
        public, evidence}`), `lines`, `unparsed`, `summary`, `figures`, `findings`.
    """
    files = await text_files(context)
    found, unparsed = await asyncio.to_thread(_found, context.workspace.root, files, min_confidence)
    below = target.rstrip("/")
    chosen = [
        one
        for one in found
        if (not below or one.path == below or one.path.startswith(f"{below}/"))
        and not is_test(one.path)
        and (public or not one.public or one.confidence >= _CERTAIN)
    ]
    chosen.sort(key=lambda one: (("certain", "likely", "possible").index(one.verdict), one.path, one.line))
    lines = sum(one.last - one.line + 1 for one in chosen)
    return {
        "dead": [one.to_json() for one in chosen],
        "lines": lines,
        "unparsed": cast("list[Json]", unparsed),
        "summary": f"{len(chosen)} unused definitions, {lines} lines",
        "figures": [{"name": "unused definitions", "value": len(chosen)}],
        "findings": [_finding(one) for one in chosen],
    }


def _finding(one: Unused) -> dict[str, Json]:
    return {
        "rule": "dead-code",
        "severity": "medium" if one.verdict == "certain" else "low",
        "file": one.path,
        "line": one.line,
        "message": f"unused {one.kind} `{one.name}`: {one.to_json()['evidence']}",
        "new": None,
    }


def _found(root: Path, files: Sequence[str], least: int) -> tuple[list[Unused], list[str]]:
    sources = [name for name in files if name.endswith(".py")]
    unparsed = [name for name in sources if not _parses(root / name)]
    whole = [name for name in sources if name not in unparsed]
    with_tests = {_key(one): one for one in _unused(root, whole, least)}
    without = _unused(root, [name for name in whole if not is_test(name)], least)
    words = {name: _WORD.findall((root / name).read_text("utf-8", "replace")) for name in files}
    exported = _exported(root, whole)
    return [_judged(one, root, _key(one) not in with_tests, words, exported) for one in without], unparsed


def _parses(path: Path) -> bool:
    import ast
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(path.read_text("utf-8", "replace"))
        except (SyntaxError, ValueError):
            return False
    return True


def _unused(root: Path, names: Iterable[str], least: int) -> list[Any]:
    import vulture

    looked = vulture.Vulture()
    looked.scavenge([str(root / name) for name in names])
    return list(looked.get_unused_code(min_confidence=least))


def _key(one: Any) -> tuple[str, str, int]:
    return str(one.filename), str(one.name), int(one.first_lineno)


def _judged(one: Any, root: Path, only_tests: bool, words: dict[str, list[str]], exported: set[str]) -> Unused:
    path = Path(one.filename).resolve().relative_to(root.resolve()).as_posix()
    name = str(one.name)
    elsewhere = [
        file for file, found in words.items() if found.count(name) > (1 if file == path else 0) and not is_test(file)
    ]
    kinds = ("function", "class", "method", "property")
    public = one.typ in kinds and not any(part.startswith("_") for part in (*_module(path), name))
    return Unused(
        name,
        "unreachable code" if one.typ == "unreachable_code" else str(one.typ),
        path,
        int(one.first_lineno),
        int(one.last_lineno),
        int(one.confidence),
        only_tests,
        () if one.typ in ("import", "unreachable_code") else tuple(elsewhere),
        public or name in exported,
    )


def _module(path: str) -> tuple[str, ...]:
    """The parts of a module's name; the file that makes a package is none of its own."""
    parts = path.removesuffix(".py").split("/")
    return tuple(part for part in parts if part not in ("__init__", "__main__"))


def _exported(root: Path, files: Iterable[str]) -> set[str]:
    """Names in `__all__` of any module."""
    import ast

    found: set[str] = set()
    for name in files:
        for node in ast.walk(ast.parse((root / name).read_text("utf-8", "replace"))):
            if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "__all__" for one in node.targets):
                found |= {str(one.value) for one in ast.walk(node.value) if isinstance(one, ast.Constant) and one.value}
    return found
