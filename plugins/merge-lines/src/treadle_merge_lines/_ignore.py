"""Ignore files: the lines of all templates, in blocks; what must not be ignored stays visible."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

import pathspec
from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Unreadable, refused, restore, text_of

HEADER: Final = "# From the template "
KEPT: Final = "# Shipped by a template, and to be seen"


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: unites lines; `config.keep` names paths of the project that must stay visible.

    With a base, lines that one side took away go, and its lines do not come back to who took them away.
    """
    try:
        texts = [(one.template, text_of(one)) for one in contributions]
        base = text_of(config.base).splitlines() if config.base else []
    except Unreadable as problem:
        return refused(contributions, str(problem))
    first = _without(texts[0][1], base, [text for _, text in texts[1:]])
    lines = first.splitlines()
    for template, text in texts[1:]:
        theirs = "\n".join(line for line in text.splitlines() if line not in base)
        lines += _block(lines, "" if config.base else template, theirs)
    cure = visible(lines, _below(path, config.keep), docker=PurePosixPath(path).name == ".dockerignore")
    new = [*lines[len(first.splitlines()) :], *cure]
    start = "" if not first or first.endswith("\n") or not new else "\n"
    text = first + start + "".join(f"{line}\n" for line in new)
    notes = tuple(
        f"`{line[1:]}` is shipped and stays visible in {path}"
        for line in cure
        if line.startswith("!") and line[-1] != "/"
    )
    return MergeResult(restore(text, contributions[0].content), notes=notes)


def _without(text: str, base: Sequence[str], others: Sequence[str]) -> str:
    """A text without the lines of the base that another side has taken away."""
    theirs = [other.splitlines() for other in others]
    gone = {line for line in base if line.strip() and any(line not in lines for lines in theirs)}
    return "".join(line for line in text.splitlines(keepends=True) if line.rstrip("\r\n") not in gone)


def visible(lines: Sequence[str], paths: Sequence[str], *, docker: bool = False) -> list[str]:
    """The lines to add so that these paths, relative to the ignore file, are not ignored.

    A file in an ignored folder is only seen when the folder is; what else the folder holds is ignored again.
    """
    found = list(lines)
    if docker:
        wanted = [f"!{_escaped(path)}" for path in paths if _ignores(found, path)]
        return [KEPT, *wanted] if wanted else []
    folders = sorted({str(parent) for path in paths for parent in PurePosixPath(path).parents} - {"."}, key=_depth)
    for folder in folders:
        if _ignores(found, f"{folder}/"):
            found += [f"!/{_escaped(folder)}/", f"/{_escaped(folder)}/*"]
    for path in paths:
        if _ignores(found, path):
            found.append(f"!/{_escaped(path)}")
    cure = found[len(lines) :]
    return [KEPT, *cure] if cure else []


def _block(before: Sequence[str], template: str, text: str) -> list[str]:
    """The lines of a further template that are not in force already; under a header when it has a name."""
    lines = list(before)
    new: list[str] = []
    theirs = text.splitlines()
    for number, line in enumerate(theirs):
        if not line.strip():
            if new and new[-1].strip():
                new.append("")
        elif line.startswith("#"):
            new += [] if line in lines or line in new else [line]
        elif not _in_force(line, [*lines, *new], theirs[number:]):
            new.append(line)
    while new and not new[-1].strip():
        new.pop()
    if not new:
        return []
    if not template:
        return new
    header = [f"{HEADER}{template}"] if f"{HEADER}{template}" not in lines else []
    return [*([""] if lines and lines[-1].strip() else []), *header, *new]


def _in_force(line: str, lines: Sequence[str], following: Sequence[str]) -> bool:
    """The line stands there, and what takes something back behind it does so in the other file too."""
    for earlier in reversed(lines):
        if earlier == line:
            return True
        if earlier.startswith("!") and earlier not in following:
            return False
    return False


def _below(path: str, keep: Sequence[str]) -> list[str]:
    """The paths in the ignore file's folder, relative to it."""
    folder = PurePosixPath(path).parent
    return sorted(
        str(PurePosixPath(one).relative_to(folder)) for one in keep if PurePosixPath(one).is_relative_to(folder)
    )


def _ignores(lines: Sequence[str], path: str) -> bool:
    return pathspec.GitIgnoreSpec.from_lines(lines).match_file(path)


def _depth(folder: str) -> tuple[int, str]:
    return folder.count("/"), folder


def _escaped(path: str) -> str:
    escaped = "".join(f"\\{character}" if character in "\\*?[" else character for character in path)
    return escaped[:-1] + "\\ " if escaped.endswith(" ") else escaped
