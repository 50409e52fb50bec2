"""What package.json knows: ranges of versions, scripts, one place for a dependency."""

from collections.abc import Sequence
from typing import Any, Final

from treadle_hookspecs import ChosenKey, join_key
from treadle_merging import Group, KeyPath, Merge, Rules, Side, Value, entries, shown

RUNTIME: Final = "dependencies"
DEVELOPMENT: Final = "devDependencies"


def one_place(merge: Merge, sides: list[Side]) -> list[Side]:
    """A name that one template needs at run time and another for development is needed at run time, once."""
    runtime = {name: side.id for side in reversed(sides) for name in entries(entries(side.value).get(RUNTIME))}
    return [_moved(merge, side, runtime) for side in sides]


def unite_ranges(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Two ranges of one package: a person chooses; what satisfies both is offered where there is such a version."""
    texts = list(dict.fromkeys(str(side.value) for side in sides))
    offers: dict[str, Value] = {}
    if both := _intersection(texts):
        offers["intersection"] = both
    if (higher := _higher(texts)) is not None:
        offers["higher"] = higher
    return merge.differ(path, sides, hint="different ranges of one package", offers=offers)


def unite_script(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """One name for different commands."""
    hint = f"`both` keeps the others as {', '.join(f'`{side.id}:{path[-1]}`' for side in sides[1:])}"
    return merge.differ(path, sides, hint=hint, more=("both",))


def unite_scripts(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Scripts by name; where it was decided to keep both, the later ones get their template's id before the name."""
    if not all(isinstance(side.value, dict) for side in sides):
        return merge.differ(path, sides)
    first, *others = sides
    renamed = [
        Side(side.id, {_name(merge, path, first, side, key): text for key, text in entries(side.value).items()})
        for side in others
    ]
    return merge.unite_maps(path, [first, *renamed])


RULES: Final = Rules(
    special={
        "scripts": unite_scripts,
        "scripts.*": unite_script,
        **{
            f"{table}.*": unite_ranges
            for table in (RUNTIME, DEVELOPMENT, "peerDependencies", "optionalDependencies", "engines")
        },
    },
    groups={"": (Group("exports", frozenset({"main", "module", "types", "exports"})),)},
)


def _moved(merge: Merge, side: Side, runtime: dict[str, str]) -> Side:
    document = dict(entries(side.value))
    development = entries(document.get(DEVELOPMENT))
    both = [name for name in development if runtime.get(name, side.id) != side.id]
    if not both:
        return side
    merge.notes += [
        f"`{name}` is a dependency of {runtime[name]} and a development one of {side.id}: it stands in `{RUNTIME}`"
        for name in both
    ]
    document[RUNTIME] = {**entries(document.get(RUNTIME)), **{name: development[name] for name in both}}
    document[DEVELOPMENT] = {name: text for name, text in development.items() if name not in both}
    if not document[DEVELOPMENT]:
        del document[DEVELOPMENT]
    return Side(side.id, document)


def _name(merge: Merge, path: KeyPath, first: Side, side: Side, key: str) -> str:
    """The name a script of a later template gets."""
    rule = merge.config.rule(join_key(*path, key))
    if not rule or rule.strategy != "both" or entries(first.value).get(key) in {None, entries(side.value)[key]}:
        return key
    scripts = [Side(one.id, entries(one.value)[key]) for one in (first, side)]
    merge.chosen.append(
        ChosenKey(join_key(*path, key), "both", rule.by, tuple((one.id, shown(one.value)) for one in scripts))
    )
    return f"{side.id}:{key}"


def _intersection(texts: list[str]) -> str:
    """All ranges side by side, which is how npm writes "and"; "" where nothing satisfies them or they are no ranges."""
    from nodesemver import make_range, satisfies  # imported when two ranges differ

    if any("||" in text or " - " in text for text in texts):
        return ""
    try:
        lowest = [_lowest(make_range(text, loose=False)) for text in texts]
        fits = any(all(satisfies(version, text) for text in texts) for version in lowest)
    except (ValueError, AttributeError, IndexError):
        return ""
    return " ".join(texts) if fits else ""


def _higher(texts: list[str]) -> str | None:
    """The range whose lowest version is the highest; None where that cannot be told."""
    from nodesemver import make_range, make_semver  # imported when two ranges differ

    try:
        lowest = {text: make_semver(_lowest(make_range(text, loose=False)), loose=False) for text in texts}
    except (ValueError, AttributeError, IndexError):
        return None
    best, *others = texts
    for text in others:
        best = text if lowest[text].compare(lowest[best]) > 0 else best
    return best


def _lowest(bounds: Any) -> str:
    """The lowest version that a range begins with."""
    return str(bounds.set[0][0].semver)
