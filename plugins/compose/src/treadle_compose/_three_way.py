"""Composing again: what the templates said before, what they say now, and what the user made of it. Pure.

A file that the user has left alone follows the templates, one that the templates have left alone stays as the user has
it, and where both have changed it the changes are united: by the file's structure where a resolver can, by its lines
otherwise. What cannot be united is an open row with both sides. What the user has deleted stays deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Protocol

from treadle_hookspecs import Contribution, Json, KeyRule, MergeConfig, MergeResult, OpenKey

from treadle_compose._decisions import OWN, Decisions, PathRule
from treadle_compose._defaults import resolver_for
from treadle_compose._operations import PROJECT, Base, Operation, Trees, same_thing
from treadle_compose._rows import Row
from treadle_compose._staging import Entry

Merge = Callable[[str, str, Sequence[Contribution], MergeConfig], MergeResult]
"""`merge(resolver, path, contributions, config)`."""
_SIDES: Final = {"first": "ours", "last": "theirs", "template:ours": "ours", "template:theirs": "theirs"}
_SHOWN: Final = 2_000
"""Characters of one side of a conflict in the table."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Two texts united line by line.

    Attributes:
        content: of both; conflicts stand in it with their markers.
        conflicts: for each the line in `content` where it begins, and what ours and theirs say.
    """

    content: bytes
    conflicts: tuple[tuple[int, str, str], ...] = ()


class TextMerge(Protocol):
    """Unites texts by their lines."""

    def __call__(self, base: bytes, ours: bytes, theirs: bytes) -> Texts | None:
        """None when these are no texts, or nothing is there that can do it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of one path.

    Attributes:
        operation: what is to stand there; None where nothing is to, or a row is open.
        absent: what the templates ship and the user has deleted.
        rows: conflicts, open and decided.
        notes: what a person should know.
        contents: new ones by SHA-256.
    """

    operation: Operation | None = None
    absent: Operation | None = None
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    contents: Mapping[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Settling:
    """Everything that settling a path needs.

    Args:
        trees: the project, and what was there before.
        decisions: what the user has said.
        merge: calls a resolver.
        unite: unites texts.
        content: of what the templates say now.
    """

    trees: Trees
    decisions: Decisions
    merge: Merge
    unite: TextMerge
    content: Callable[[Operation], bytes]

    def settle(self, theirs: Operation, base: Base) -> Settled:
        """Between what the templates say now and what stands there."""
        standing = theirs.pre
        rule = self.decisions.own_rule(theirs.path)
        if standing is None:
            return self._deleted(theirs, base, rule)
        if rule is not None and rule.strategy in ("ours", "theirs"):
            return self._decided(theirs, standing, base, rule)
        if same_thing(standing, theirs.entry):
            mode = _mode(base.entry, standing, theirs.entry)
            return Settled(replace(theirs, entry=replace(theirs.entry, mode=mode), base=theirs.entry))
        if same_thing(base.entry, theirs.entry):
            return Settled(_stays(theirs, standing, base))
        if base.untouched(standing):
            return Settled(theirs)
        return self._both(theirs, standing, base, rule)

    def dropped(self, path: str, base: Base, standing: Entry) -> tuple[bool, Row | None]:
        """A file that no template ships any more: whether it goes, and what is told about it."""
        rule = self.decisions.own_rule(path)
        owners = tuple(dict.fromkeys((PROJECT, *base.owners)))
        if rule is not None and rule.strategy in ("ours", "theirs"):
            gone = rule.strategy == "theirs"
            hint = "no template ships it any more; it is removed" if gone else _ORPHAN
            return gone, Row("user", path, "", owners, (), rule.strategy, rule.by, True, hint)
        if base.untouched(standing):
            return True, None
        return False, Row("user", path, "", owners, (), "ours", "default", True, f"{_ORPHAN}, since it was changed")

    # The cases

    def _deleted(self, theirs: Operation, base: Base, rule: PathRule | None) -> Settled:
        if rule is not None and rule.strategy == "theirs":
            return Settled(theirs, rows=(_row(theirs, "theirs", rule.by, "it was deleted and comes back"),))
        if same_thing(base.entry, theirs.entry):
            return Settled(absent=theirs)
        hint = f"you deleted it, so it stays away; --resolve {theirs.path}=theirs brings it back"
        return Settled(absent=theirs, rows=(_row(theirs, "ours", "default", hint),))

    def _decided(self, theirs: Operation, standing: Entry, base: Base, rule: PathRule) -> Settled:
        if rule.strategy == "theirs":
            rows = () if same_thing(standing, theirs.entry) else (_row(theirs, "theirs", rule.by, "the templates'"),)
            return Settled(theirs, rows=rows)
        return Settled(_stays(theirs, standing, base), rows=(_row(theirs, "ours", rule.by, "yours stays"),))

    def _both(self, theirs: Operation, standing: Entry, base: Base, rule: PathRule | None) -> Settled:
        if {standing.kind, theirs.entry.kind, base.entry.kind} != {"file"}:
            return self._open(theirs, "one of both is a link or a folder", kind="type")
        before = self.trees.base_content(theirs.path)
        if before is None:
            return self._open(theirs, "you and the templates have changed it, and what it was before is not kept here")
        sides = (before, self.trees.read(PROJECT, standing.path), self.content(theirs))
        resolver = resolver_for(theirs.path, self.decisions.resolvers, "three-way")
        if resolver and resolver == resolver_for(theirs.path, self.decisions.resolvers, "sections"):
            # Prose has no meaning that lines could hide: where these unite, nobody has to be asked about a section.
            texts = self.unite(*sides)
            if texts is not None and not texts.conflicts:
                return self._united(theirs, standing, base, texts.content, _BY_LINES)
        structured = self._structured(theirs, resolver, sides)
        if structured is not None and not structured.open and structured.content is not None:
            told = tuple(f"{theirs.path}: {note}" for note in structured.notes)
            done = self._united(theirs, standing, base, structured.content, "your changes and theirs are united")
            return replace(done, notes=told)
        return self._by_lines(theirs, standing, base, sides, structured, rule)

    def _structured(self, theirs: Operation, resolver: str, sides: tuple[bytes, bytes, bytes]) -> MergeResult | None:
        """By the file's own structure; None where nothing knows it, or one of the texts cannot be read."""
        if not resolver:
            return None
        base, ours, new = sides
        contributions = (Contribution("ours", ours), Contribution("theirs", new))
        rules = self.decisions.own_key_rules(theirs.path)
        config = MergeConfig("three-way", tuple(map(_in_sides, rules)), Contribution("base", base))
        result = self.merge(resolver, theirs.path, contributions, config)
        return None if any(not it.key for it in result.open) else result

    def _by_lines(
        self, theirs: Operation, standing: Entry, base: Base, sides: tuple[bytes, bytes, bytes],
        structured: MergeResult | None, rule: PathRule | None,
    ) -> Settled:  # fmt: skip
        """What a resolver leaves open stays open: lines that happen not to meet would hide it."""
        texts = self.unite(*sides)
        if rule is not None and texts is not None and rule.strategy == "markers":
            hint = f"written with {len(texts.conflicts)} conflicts marked in it"
            return self._united(theirs, standing, base, texts.content, hint, "markers", rule.by)
        if structured is not None:
            return Settled(rows=tuple(_key_row(theirs, it, marked=texts is not None) for it in structured.open))
        if texts is None:
            return self._open(theirs, "you and the templates have changed it, and it cannot be united by lines")
        if not texts.conflicts:
            return self._united(theirs, standing, base, texts.content, _BY_LINES)
        line, ours, new = texts.conflicts[0]
        more = f", and {len(texts.conflicts) - 1} more" if len(texts.conflicts) > 1 else ""
        hint = f"you and the templates have changed the same lines, near line {line}{more}"
        return self._open(theirs, hint, (ours[:_SHOWN], new[:_SHOWN]), marked=True)

    def _united(
        self, theirs: Operation, standing: Entry, base: Base, content: bytes, hint: str,
        strategy: str = "three-way", by: str = "default",
    ) -> Settled:  # fmt: skip
        name = sha256(content).hexdigest()
        mode = _mode(base.entry, standing, theirs.entry)
        entry = Entry(standing.path, "file", mode, name, len(content))
        operation = Operation(
            standing.path, entry, standing, _with_user(theirs.templates), "", "", strategy, theirs.entry
        )
        return Settled(operation, rows=(_row(theirs, strategy, by, hint),), contents={name: content})

    def _open(
        self, theirs: Operation, hint: str, values: tuple[Json, ...] = (), *, marked: bool = False, kind: Any = "user"
    ) -> Settled:
        strategies = ("ours", "theirs", *(("markers",) if marked else ()))
        return Settled(
            rows=(Row(kind, theirs.path, "", _contributors(theirs), values, "", "", False, hint, strategies),)
        )


_BY_LINES: Final = "your changes and theirs are united by lines"
_ORPHAN: Final = "no template ships it any more; it stays"


def _stays(theirs: Operation, standing: Entry, base: Base) -> Operation:
    """The user's own, but executable where the templates have made it so since."""
    entry = replace(standing, mode=_mode(base.entry, standing, theirs.entry))
    edited = not base.untouched(standing)
    owners = _with_user(theirs.templates) if edited else theirs.templates
    return Operation(standing.path, entry, standing, owners, PROJECT, standing.path, theirs.strategy, theirs.entry)


def _mode(base: Entry, ours: Entry, theirs: Entry) -> int:
    """The user's bits; execution is given or taken where the templates have changed their mind about it."""
    if base.mode & 0o100 == theirs.mode & 0o100:
        return ours.mode
    return ours.mode | (ours.mode & 0o444) >> 2 if theirs.mode & 0o100 else ours.mode & ~0o111


def _with_user(templates: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((PROJECT, *templates)))


def _contributors(theirs: Operation) -> tuple[str, ...]:
    """The project, and all templates as one side."""
    return PROJECT, "+".join(it for it in theirs.templates if it != PROJECT)


def _row(theirs: Operation, strategy: str, by: str, hint: str) -> Row:
    return Row("user", theirs.path, "", _contributors(theirs), (), strategy, by, True, hint)


def _key_row(theirs: Operation, key: OpenKey, *, marked: bool) -> Row:
    names = dict(zip(("ours", "theirs"), _contributors(theirs), strict=True))
    offered = tuple(dict.fromkeys(_SIDES.get(it, it) for it in key.strategies))
    strategies = ("ours", "theirs", *(it for it in offered if it not in OWN))
    kind: Any = "semantic" if key.kind == "semantic" else "user"
    hint = "; ".join(filter(None, (key.hint, f"or the whole file: {theirs.path}=markers" if marked else "")))
    return Row(
        kind, theirs.path, key.key, tuple(names.get(it, it) for it, _ in key.values),
        tuple(value for _, value in key.values), "", "", False, hint, strategies,
    )  # fmt: skip


def _in_sides(rule: PathRule) -> KeyRule:
    return KeyRule(rule.key, rule.strategy, rule.by)
