"""Uniting documents of several contributors: maps unite, lists unite in order, what differs is a row.

This decides what the merged document *means*. How its text comes to mean it, without touching what stays, is the
affair of each format.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from treadle_hookspecs import ChosenKey, Json, MergeConfig, OpenKey, join_key

from treadle_merging._rules import Group, KeyPath, Rules
from treadle_merging._strategies import UNDECIDED, UNITE, Side, choose
from treadle_merging._values import MISSING, Value, entries, items, missing, same, shown

IDENTITIES: Final = ("id", "name", "key")
"""Keys by which the items of a list of maps are told apart."""


@dataclass(slots=True)
class Merge:
    """One merge on its way: what it was told, and what it found.

    `base` is what the document was when the sides last agreed, for a three-way merge; else MISSING.
    """

    rules: Rules = field(default_factory=Rules)
    config: MergeConfig = field(default_factory=MergeConfig)
    base: Value = MISSING
    open: list[OpenKey] = field(default_factory=list)
    chosen: list[ChosenKey] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def unite(self, path: KeyPath, sides: Sequence[Side]) -> Value:
        """The merged value at a place; rows for what differs there or below. `sides` holds at least one."""
        base = self._base_at(path)
        if base is not MISSING:
            sides = [side for side in sides if not same(side.value, base)] or sides[:1]
        if all(same(sides[0].value, side.value) for side in sides[1:]):
            return sides[0].value
        if self._picks(path, sides):
            return self.differ(path, sides)
        if (rule := self.rules.rule(path)) is not None:
            return rule(self, path, sides)
        return self.unite_plainly(path, sides)

    def unite_plainly(self, path: KeyPath, sides: Sequence[Side]) -> Value:
        """As `unite`, for a place whose special rule has nothing to say."""
        if all(isinstance(side.value, Mapping) for side in sides):
            return self.unite_maps(path, sides)
        if all(isinstance(side.value, list) for side in sides):
            return self._unite_lists(path, sides)
        return self.differ(path, sides)

    def unite_maps(self, path: KeyPath, sides: Sequence[Side]) -> dict[str, Value]:
        """The first one's keys in their order, then new ones as they come."""
        for group in self.rules.groups_at(path):
            sides = self._one_owner(path, group, sides)
        united = {}
        for key in dict.fromkeys(key for side in sides for key in entries(side.value)):
            having = [Side(side.id, entries(side.value)[key]) for side in sides if key in entries(side.value)]
            if not self._is_deleted((*path, key), having, len(sides)):
                united[key] = self.unite((*path, key), having)
        return united

    def differ(
        self,
        path: KeyPath,
        sides: Sequence[Side],
        *,
        hint: str = "",
        offers: Mapping[str, Value] | None = None,
        more: Sequence[str] = (),
        whole: bool = False,
    ) -> Value:
        """A row for values that cannot both hold; the decided one, or the first one's while it is open.

        With a base, what only one side has changed is no difference: that one's value.

        Args:
            path: where.
            sides: what they say.
            hint: why it is open, for a person.
            offers: further values by the name of the strategy that takes them, e.g. `higher`.
            more: strategies that the format's rule knows, to be named.
            whole: a group that is only taken whole.
        """
        base = self._base_at(path)
        changed = [side for side in sides if not same(side.value, base)] if base is not MISSING else []
        if len(changed) == 1:
            return changed[0].value
        key = join_key(*path)
        values = tuple((side.id, shown(side.value)) for side in sides)
        rule = self.config.rule(key)
        if rule and rule.strategy not in UNITE | UNDECIDED:
            taken = choose(rule.strategy, sides, offers or {})
            if taken is not MISSING:
                self.chosen.append(ChosenKey(key, rule.strategy, rule.by, values))
                return taken
            hint = f"`{rule.strategy}` decides nothing here; {hint}".removesuffix("; ")
        strategies = (*more, *(offers or {}), "first", "last", *(f"template:{side.id}" for side in sides))
        self.open.append(OpenKey(key, values, hint, strategies, "semantic" if whole else "content"))
        return sides[0].value

    def settle(self, path: KeyPath, strategy: str, sides: Sequence[Side]) -> None:
        """Record that the format's own table decided a place where contributors differed."""
        values: tuple[tuple[str, Json], ...] = tuple((side.id, shown(side.value)) for side in sides)
        self.chosen.append(ChosenKey(join_key(*path), strategy, "table", values))

    def union(self, path: KeyPath, sides: Sequence[Side]) -> list[Value]:
        """The first one's items, then those of the others that are new, in their order."""
        united = items(sides[0].value)
        for side in sides[1:]:
            united += missing(items(side.value), united)
        gone = self.removed(path, sides)
        return [item for item in united if not any(same(item, other) for other in gone)]

    def _unite_lists(self, path: KeyPath, sides: Sequence[Side]) -> Value:
        rule = self.config.rule(join_key(*path))
        if rule and rule.strategy in {"append", "prepend"}:
            ordered = sides if rule.strategy == "append" else list(reversed(sides))
            return [item for side in ordered for item in items(side.value)]
        identity = self.rules.identity(path) or _identity(sides)
        if identity:
            return self._unite_items(path, sides, identity)
        return self.union(path, sides) if _is_collection(sides) else self.differ(path, sides)

    def _unite_items(self, path: KeyPath, sides: Sequence[Side], identity: Callable[[Value], str]) -> list[Value]:
        """Items that are one thing by their identity are united, the others follow."""
        keyed = [Side(side.id, by_identity(items(side.value), identity)) for side in sides]
        return list(self.unite_maps(path, keyed).values())

    def _picks(self, path: KeyPath, sides: Sequence[Side]) -> bool:
        """Somebody decided for one side here. Maps unite all the same: what differs in them is picked further down."""
        rule = self.config.rule(join_key(*path))
        decided = rule is not None and choose(rule.strategy, sides, {}) is not MISSING
        return decided and not all(isinstance(side.value, Mapping) for side in sides)

    def _one_owner(self, path: KeyPath, group: Group, sides: Sequence[Side]) -> Sequence[Side]:
        """A group of keys stays with one contributor only."""
        parts = [Side(side.id, _part(side, group, inside=True)) for side in sides]
        base = self._base_at(path)
        if base is not MISSING:
            return self._changed_group(path, group, sides, parts, _part(Side("", base), group, inside=True))
        having = [part for part in parts if part.value]
        if len(having) < 2 or all(same(having[0].value, part.value) for part in having[1:]):
            return sides
        hint = "these keys belong together: one template gives them all"
        winner = self.differ((*path, group.name), having, hint=hint, whole=True)
        owner = next((part.id for part in having if part.value is winner), having[0].id)
        return [side if side.id == owner else Side(side.id, _part(side, group, inside=False)) for side in sides]

    def _changed_group(
        self, path: KeyPath, group: Group, sides: Sequence[Side], parts: Sequence[Side], base: dict[str, Value]
    ) -> Sequence[Side]:
        """With a base: the side that changed the group gives all of it, in the places where each has its keys."""
        changed = [part for part in parts if not same(part.value, base)]
        if not changed:
            return sides
        winner: Value = changed[0].value
        if any(not same(winner, part.value) for part in changed[1:]):
            hint = "these keys belong together: one side gives them all"
            winner = self.differ((*path, group.name), changed, hint=hint, whole=True)
        given = entries(winner)
        return [Side(side.id, _with_part(entries(side.value), group, given)) for side in sides]

    def _base_at(self, path: KeyPath) -> Value:
        found = self.base
        for depth, key in enumerate(path):
            if isinstance(found, list):
                identity = self.rules.identity(path[:depth]) or _identity([Side("", found)])
                found = by_identity(found, identity) if identity else MISSING
            found = entries(found).get(key, MISSING)
        return found

    def _is_deleted(self, path: KeyPath, having: Sequence[Side], sides: int) -> bool:
        """In a three-way merge: one side took the key away, and the others left it as it was."""
        base = self._base_at(path)
        return base is not MISSING and len(having) < sides and all(same(side.value, base) for side in having)

    def removed(self, path: KeyPath, sides: Sequence[Side]) -> list[Value]:
        """Items that one side took away from the base; none in a merge without a base."""
        return [item for side in sides for item in missing(items(self._base_at(path)), items(side.value))]


def _part(side: Side, group: Group, *, inside: bool) -> dict[str, Value]:
    """The keys of a map that are in the group, or those that are not."""
    return {key: value for key, value in entries(side.value).items() if (key in group.keys) is inside}


def _with_part(value: Mapping[str, Value], group: Group, given: Mapping[str, Value]) -> dict[str, Value]:
    """A map with the keys of the group as they are given, each in its place."""
    kept = {key: given.get(key, item) for key, item in value.items() if key not in group.keys or key in given}
    return kept | dict(given)


def by_identity(values: list[Value], identity: Callable[[Value], str]) -> dict[str, Value]:
    """Items by what tells them apart; one that comes again gets a number."""
    keyed: dict[str, Value] = {}
    for value in values:
        name = identity(value)
        count = 1 + sum(key == name or key.startswith(f"{name}#") for key in keyed)
        keyed[name if count == 1 else f"{name}#{count}"] = value
    return keyed


def _identity(sides: Sequence[Side]) -> Callable[[Value], str] | None:
    """By the key that every item of every list has, once in each list; None when there is no such key."""
    for key in IDENTITIES:
        if all(_tells_apart(key, items(side.value)) for side in sides):
            return lambda item, key=key: str(entries(item)[key])  # type: ignore[misc]
    return None


def _tells_apart(key: str, values: list[Value]) -> bool:
    names = [entries(item).get(key) for item in values]
    return bool(names) and all(isinstance(name, str) for name in names) and len(set(map(str, names))) == len(names)


def _is_collection(sides: Sequence[Side]) -> bool:
    """Texts or maps make collections. Numbers and lists in lists have a meaning by their position."""
    return all(not isinstance(item, int | float | list) for side in sides for item in items(side.value))
