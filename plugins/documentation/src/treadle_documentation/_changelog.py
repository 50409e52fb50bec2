"""`documentation/changelog`: a file in the form of Keep a Changelog. What people wrote by hand stays as it is."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, JsonObject

KINDS: Final = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
UNRELEASED: Final = "Unreleased"
_HEAD: Final = "# Changelog\n\n"
_SECTION: Final = re.compile(r"^## +\[?(?P<name>[^\]\n]+?)\]?(?: +- +\S+)? *$", re.MULTILINE)
_PART: Final = re.compile(r"^### +(?P<name>\S+) *$", re.MULTILINE)


def changelog(
    entries: list[str] | None = None,
    kind: str = "Added",
    path: str = "CHANGELOG.md",
    release: str = "",
    date: str = "",
    *,
    context: ActionContext,
) -> JsonObject:
    """Add entries below *Unreleased*, then make a release of it if one is named. What is there already is not doubled.

    Args:
        entries: a line each.
        kind: Added, Changed, Deprecated, Removed, Fixed or Security.
        path: the file, relative to the execution's root; it is made if it is not there.
        release: a version: what is unreleased becomes its section.
        date: of the release, `2026-01-31`; default: today in UTC.
        context: of the visit.

    Returns:
        `path` (absolute), `added` (what was not there before), `version`, `changed`, `created`, `modified`, `summary`.

    Raises:
        ActionError: `invalid-input`, `exists` (the version has a section already), `nothing-to-release`.
    """
    if kind not in KINDS:
        raise ActionError(f"`kind` is one of {', '.join(KINDS)}, not {kind!r}", error_class="invalid-input")
    target = context.workspace.path(path)
    before = target.read_text("utf-8") if target.is_file() else ""
    wanted = [" ".join(entry.split()) for entry in entries or () if entry.strip()]
    text, added = with_entries(before or _HEAD, kind, wanted)
    if release:
        text = released(text, release, date or datetime.now(UTC).date().isoformat())
    changed = text != before
    if changed:
        context.workspace.write_text(path, text)
    return {
        "path": str(target),
        "added": list(added),
        "version": release,
        "changed": changed,
        "created": [path] if changed and not before else [],
        "modified": [path] if changed and before else [],
        "summary": f"{len(added)} added to {path}" + (f", released as {release}" if release else ""),
    }


def with_entries(text: str, kind: str, entries: Sequence[str]) -> tuple[str, list[str]]:
    """The text with these entries below `## [Unreleased]`, `### KIND`; and those that were not there."""
    text = _with_unreleased(text) if entries else text
    start, end = _span(text, UNRELEASED)
    section = text[start:end]
    fresh = [entry for entry in dict.fromkeys(entries) if f"- {entry}\n" not in f"{section}\n"]
    if not fresh:
        return text, []
    lines = "".join(f"- {entry}\n" for entry in fresh)
    part = next((found for found in _PART.finditer(section) if found["name"] == kind), None)
    if part is None:
        before = section.rstrip("\n")
        section = f"{before}\n\n" if before else "\n"
        section += f"### {kind}\n\n{lines}\n"
    else:
        following = next((found.start() for found in _PART.finditer(section, part.end())), len(section))
        body = section[part.end() : following].strip("\n")
        body = f"{body}\n{lines}" if body else lines
        section = f"{section[: part.end()]}\n\n{body}\n{section[following:]}"
    return (text[:start] + section + text[end:]).rstrip("\n") + "\n", fresh


def released(text: str, version: str, date: str) -> str:
    """The text with what is unreleased as the section of a version. Raises `ActionError`."""
    if _span(text, version) != (0, 0):
        raise ActionError(f"version {version} has a section already", error_class="exists", retryable=False)
    start, end = _span(text, UNRELEASED)
    if not text[start:end].strip():
        raise ActionError("nothing is unreleased", error_class="nothing-to-release", retryable=False)
    head = text[:start].rstrip("\n").rpartition("\n")[0]
    body = text[start:end].strip("\n")
    return f"{head}\n## [{UNRELEASED}]\n\n## [{version}] - {date}\n\n{body}\n\n{text[end:]}".rstrip("\n") + "\n"


def _with_unreleased(text: str) -> str:
    if _span(text, UNRELEASED) != (0, 0):
        return text
    first = _SECTION.search(text)
    at = first.start() if first else len(text)
    return f"{text[:at].rstrip()}\n\n## [{UNRELEASED}]\n\n{text[at:]}"


def _span(text: str, name: str) -> tuple[int, int]:
    """Where the body of a section stands; `(0, 0)` when there is none."""
    for found in _SECTION.finditer(text):
        if found["name"].lower() == name.lower():
            following = _SECTION.search(text, found.end())
            start = min(found.end() + 1, len(text))
            return start, following.start() if following else len(text)
    return 0, 0
