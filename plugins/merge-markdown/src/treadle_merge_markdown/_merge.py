"""The resolver: the first template's document, and a section for each further one."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Unreadable, refused, restore, text_of

from treadle_merge_markdown._again import three_way
from treadle_merge_markdown._document import Document, Heading, read, shifted

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE: Final = re.compile(r"((?<!`)(?:`[^`]+`|``.+?``)(?!`))")


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: the first one's title and introduction; a further H1 becomes an H2.

    With the strategy `combine`, or `mergeConfig: {combine: headings}`, sections of level 2 with one title become one.
    With a base, sections of level 2 follow the side that has changed them.
    """
    del path
    try:
        texts = [(one.template, text_of(one)) for one in contributions]
    except Unreadable as problem:
        return refused(contributions, str(problem))
    if config.base is not None:
        return _again(texts, contributions, config)
    combine = config.strategy == "combine" or config.settings.get("combine") == "headings"
    text = texts[0][1]
    for template, other in texts[1:]:
        if other.strip() and other != texts[0][1]:
            text = _with(text, template, other, combine=combine)
    return MergeResult(restore(text, contributions[0].content))


def _again(texts: Sequence[tuple[str, str]], contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    try:
        base = text_of(config.base) if config.base is not None else ""
        text, rows = three_way(base, texts[0][1], texts[1][1], config)
    except Unreadable as problem:
        return refused(contributions, str(problem))
    return replace(rows, content=restore(text, contributions[0].content))


def _with(text: str, template: str, other: str, *, combine: bool) -> str:
    first, further = read(text), read(other)
    further = _own_labels(first, further, template)
    if _have_one_title(first, further) and further.title:
        # One project, one title: what stands under it goes on there.
        further, combine = _untitled(further, further.title), True
    if not combine:
        return _appended(text, _section(further, template))
    for heading in [one for one in further.headings if one.level == 2]:
        text, further = _joined(text, further, heading)
    rest = _rest(further, template)
    return _appended(text, rest) if any(line.strip() for line in rest[1:]) else text


def _have_one_title(first: Document, further: Document) -> bool:
    alone = [sum(heading.level == 1 for heading in document.headings) == 1 for document in (first, further)]
    same = first.title is not None and further.title is not None and first.title.title == further.title.title
    return same and all(alone)


def _untitled(document: Document, title: Heading) -> Document:
    return read("\n".join(_stripped([*document.lines[: title.first], *document.lines[title.stop :]])) + "\n")


def _rest(document: Document, template: str) -> list[str]:
    """What is left of a document: its own sections as they are, an introduction under the template's name."""
    lead = _stripped(document.lines[: document.headings[0].first] if document.headings else document.lines)
    return _section(document, template) if lead or document.title else ["", *document.lines]


def _section(document: Document, template: str) -> list[str]:
    """The document as a section of another one."""
    title = document.title
    if title is None:
        by = 1 if any(heading.level < 3 for heading in document.headings) else 0
        return [f"## {template}", "", *shifted(document, 0, len(document.lines), by)]
    return shifted(document, title.first, len(document.lines), 1)


def _joined(text: str, further: Document, heading: Heading) -> tuple[str, Document]:
    """Put a section at the end of the one with the same title; both as they are then."""
    first = read(text)
    same = next((one for one in first.headings if one.level == 2 and one.title == heading.title), None)
    if same is None:
        return text, further
    found = next(one for one in further.headings if one.title == heading.title and one.level == 2)
    body = _stripped(further.lines[found.stop : further.end(found)])
    end = first.end(same)
    here = _stripped(first.lines[same.stop : end])
    rest = read("\n".join([*further.lines[: found.first], *further.lines[further.end(found) :]]) + "\n")
    if not body or "\n".join(body) in "\n".join(here):
        return text, rest
    head = _right_stripped(first.lines[:end])
    tail = ["", *first.lines[end:]] if end < len(first.lines) else []
    return "\n".join([*head, "", *body, *tail]) + "\n", rest


def _appended(text: str, section: list[str]) -> str:
    """The section at the end, unless it stands there already."""
    block = "\n".join(_stripped(section))
    if not block or block in text:
        return text
    start = "" if not text else ("\n" if text.endswith("\n") else "\n\n")
    return text + start + block + "\n"


def _own_labels(first: Document, further: Document, template: str) -> Document:
    """Link labels that mean something else in the first document get the template's id."""
    taken = {label for label, target in further.labels.items() if first.labels.get(label, target) != target}
    if not taken:
        return further
    names = "|".join(sorted(map(re.escape, taken), key=len, reverse=True))
    label = re.compile(rf"\[({names})\](?!\()", re.IGNORECASE)
    return read("\n".join(_relabelled(further.lines, label, template)) + "\n")


def _relabelled(lines: list[str], label: re.Pattern[str], template: str) -> list[str]:
    fence = ""
    new = []
    for line in lines:
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        new.append(line if fence or mark else _outside_code(line, label, template))
    return new


def _outside_code(line: str, label: re.Pattern[str], template: str) -> str:
    """A line with its labels renamed, but not those in code."""
    parts = _CODE.split(line)
    return "".join(
        part if number % 2 else label.sub(lambda found: _relabel(found, template), part)
        for number, part in enumerate(parts)
    )


def _relabel(found: re.Match[str], template: str) -> str:
    """`[text][label]`, a definition or a label alone, each with the new label."""
    before = found.string[found.start() - 1 : found.start()]
    behind = found.string[found.end() : found.end() + 1]
    if before == "]" or behind == ":":
        return f"[{found[1]}-{template}]"
    return (
        found[0]
        if behind == "[" and found.string[found.end() + 1 : found.end() + 2] != "]"
        else f"[{found[1]}][{found[1]}-{template}]"
    )


def _stripped(lines: list[str]) -> list[str]:
    start = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    return _right_stripped(lines[start:])


def _right_stripped(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]
