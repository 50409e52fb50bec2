"""Requirements of Python packages (PEP 508): one line a package, with the specifiers of all."""

from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from treadle_merging._rules import KeyPath
from treadle_merging._strategies import Side
from treadle_merging._unite import Merge
from treadle_merging._values import Value, items, missing


def unite_requirements(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """A list of requirements: each package and marker once, specifiers combined where some version satisfies both.

    What is no requirement, such as `{include-group = "test"}`, is kept once.
    """
    if not all(isinstance(side.value, list) for side in sides):
        return merge.differ(path, sides)
    gone = merge.removed(path, sides)
    named: dict[tuple[str, str] | int, list[Side]] = {}
    for side in sides:
        for item in missing(items(side.value), gone):
            parsed = parse(item)
            key = identity(parsed) if parsed else _place(named, item)
            named.setdefault(key, []).append(Side(side.id, item))
    return [_one(merge, path, key, group) for key, group in named.items()]


def unite_texts(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """One requirement for all; a row when they differ in more than specifiers, or nothing satisfies them."""
    parsed = [parse(side.value) for side in sides]
    known = [one for one in parsed if one]
    if len(known) < len(sides) or any(one.url for one in known):
        return merge.differ(path, sides, hint="only requirements with versions can be combined")
    both = combined([one.specifier for one in known])
    extras = set().union(*(one.extras for one in known))
    text = _with(known[0], str(sides[0].value), both, extras)
    if both.is_unsatisfiable():
        return merge.differ(path, sides, hint="no version satisfies all of them")
    if any(side.value != text for side in sides):
        merge.settle(path, "combine", sides)
    return text


def combined(specifiers: Sequence[SpecifierSet]) -> SpecifierSet:
    """All clauses, without those that another one implies."""
    clauses = list(dict.fromkeys(clause for one in specifiers for clause in sorted(one, key=str)))
    singles = [SpecifierSet(str(clause)) for clause in clauses]
    needed = [
        clause
        for number, (clause, single) in enumerate(zip(clauses, singles, strict=True))
        if not any(
            other.is_subset(single) and not (single.is_subset(other) and number < place)
            for place, other in enumerate(singles)
            if place != number
        )
    ]
    return SpecifierSet(",".join(map(str, needed)))


def parse(item: Value) -> Requirement | None:
    """A requirement, or None for anything else."""
    try:
        return Requirement(item) if isinstance(item, str) else None
    except InvalidRequirement:
        return None


def identity(requirement: Requirement) -> tuple[str, str]:
    """What makes two requirements one: the normalised name and the marker."""
    return canonicalize_name(requirement.name), str(requirement.marker or "")


def name_of(item: Value) -> str:
    """What tells a requirement apart in a list, as one text; "" for what is none."""
    parsed = parse(item)
    return " ".join(identity(parsed)) if parsed else ""


def _place(named: dict[tuple[str, str] | int, list[Side]], item: Value) -> int:
    """A key for what is no requirement: that of the same item, or a new one."""
    for key, group in named.items():
        if isinstance(key, int) and not missing([item], [group[0].value]):
            return key
    return len(named)


def _one(merge: Merge, path: KeyPath, key: tuple[str, str] | int, group: list[Side]) -> Value:
    if isinstance(key, int) or not missing([side.value for side in group[1:]], [group[0].value]):
        return group[0].value
    return unite_texts(merge, (*path, key[0]), group)


def _with(requirement: Requirement, text: str, specifier: SpecifierSet, extras: set[str]) -> str:
    """The first one's own text where it says it all, else it is written anew."""
    if requirement.specifier == specifier and requirement.extras == extras:
        return text
    listed = f"[{','.join(sorted(extras))}]" if extras else ""
    clauses = ",".join(_ordered(specifier))
    return f"{requirement.name}{listed}{clauses}" + (f"; {requirement.marker}" if requirement.marker else "")


def _ordered(specifier: SpecifierSet) -> list[str]:
    """Lower bounds first, as people write them."""
    return sorted(map(str, specifier), key=lambda clause: (clause[0] != ">", clause[0] != "<", clause))
