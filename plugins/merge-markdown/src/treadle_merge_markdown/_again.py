"""A document that a person has changed since it was made, and that is made anew: section by section."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from treadle_hookspecs import ChosenKey, MergeConfig, MergeResult, OpenKey, join_key
from treadle_merging import Unreadable

from treadle_merge_markdown._document import read

Sections: TypeAlias = dict[str, list[str]]
"""Lines by the title of a section of level 2; those before the first by ""."""
_SHOWN: Final = 2_000
"""Characters of one side that a row shows."""


def three_way(base: str, ours: str, theirs: str, config: MergeConfig) -> tuple[str, MergeResult]:
    """The united text, and the rows about it.

    Raises:
        Unreadable: sections cannot be told apart by their titles.
    """
    before, mine, new = (sections(text) for text in (base, ours, theirs))
    merge = _Merge(config)
    united = {title: merge.settled(title, [it.get(title) for it in (before, mine, new)]) for title in _order(mine, new)}
    text = _text([lines for lines in united.values() if lines is not None])
    return text, MergeResult(None, tuple(merge.open), tuple(merge.chosen))


class _Merge:
    """The rows that come up."""

    def __init__(self, config: MergeConfig) -> None:
        self._config = config
        self.open: list[OpenKey] = []
        self.chosen: list[ChosenKey] = []

    def settled(self, title: str, said: list[list[str] | None]) -> list[str] | None:
        """One section, of the base, ours and theirs; None where there is to be none."""
        base, ours, theirs = (None if lines is None else "\n".join(lines).strip() for lines in said)
        if ours == theirs or theirs == base:
            return said[1]
        if ours == base:
            return said[2]
        key = join_key(title)
        values = (("ours", (ours or "")[:_SHOWN]), ("theirs", (theirs or "")[:_SHOWN]))
        rule = self._config.rule(key)
        side = rule.strategy.removeprefix("template:") if rule is not None else ""
        if rule is not None and side in ("ours", "theirs"):
            self.chosen.append(ChosenKey(key, side, rule.by, values))
            return said[1 if side == "ours" else 2]
        hint = "you and the templates have changed this section"
        self.open.append(OpenKey(key, values, hint, ("ours", "theirs")))
        return said[1]


def sections(text: str) -> Sections:
    """The sections of a text. Raises `Unreadable` when two have one title."""
    document = read(text)
    starts = [
        heading
        for number, heading in enumerate(document.headings)
        if heading.level == 2 or (heading.level == 1 and number)
    ]
    found: Sections = {"": document.lines[: starts[0].first if starts else len(document.lines)]}
    for number, heading in enumerate(starts):
        end = starts[number + 1].first if number + 1 < len(starts) else len(document.lines)
        if heading.title in found:
            raise Unreadable(f"two sections are called {heading.title!r}")
        found[heading.title] = document.lines[heading.first : end]
    return found


def _order(ours: Mapping[str, object], theirs: Mapping[str, object]) -> list[str]:
    """Ours, and each new section behind the one that it follows in theirs."""
    order = list(ours)
    before = ""
    for title in theirs:
        if title not in ours:
            order.insert(order.index(before) + 1 if before in order else len(order), title)
        before = title
    return order


def _text(parts: Sequence[list[str]]) -> str:
    """The sections with a blank line between them; each keeps what it has."""
    texts = ["\n".join(lines) + "\n" for lines in parts if lines]
    apart = [text if text.endswith("\n\n") else text + "\n" for text in texts[:-1]]
    return "".join([*apart, *(text.rstrip("\n") + "\n" for text in texts[-1:])])
