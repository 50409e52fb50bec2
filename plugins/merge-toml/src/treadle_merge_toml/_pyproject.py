"""What pyproject.toml knows: the build backend and its table, requirements, what cannot stand beside each other."""

from collections.abc import Mapping, Sequence
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from treadle_merging import (
    Group,
    KeyPath,
    Merge,
    Rules,
    Side,
    Value,
    combined,
    entries,
    items,
    name_of,
    unite_requirements,
)

BACKENDS: Final = {
    "hatchling.build": "hatch",
    "setuptools.build_meta": "setuptools",
    "flit_core.buildapi": "flit",
    "poetry.core.masonry.api": "poetry",
    "pdm.backend": "pdm",
    "uv_build": "uv.build-backend",
    "scikit_build_core.build": "scikit-build",
    "maturin": "maturin",
    "mesonpy": "meson-python",
}
"""The table below `tool` that belongs to each build backend."""


def prepare(merge: Merge, sides: list[Side]) -> list[Side]:
    """Settle what spans several tables, so that each side holds only what can stand beside the others."""
    for settle in (_one_backend, _one_pytest, _static_or_dynamic):
        sides = settle(merge, sides)
    return sides


def unite_pythons(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """`requires-python`: a person decides; what satisfies all is offered."""
    try:
        both = combined([SpecifierSet(str(side.value)) for side in sides])
    except InvalidSpecifier:
        return merge.differ(path, sides)
    clauses = sorted(map(str, both), key=lambda clause: (clause[0] != ">", clause))
    offers = {} if both.is_unsatisfiable() else {"intersection": ",".join(clauses)}
    return merge.differ(path, sides, hint="each template names other versions of Python", offers=offers)


REQUIREMENTS: Final = (
    "build-system.requires",
    "project.dependencies",
    "project.optional-dependencies.*",
    "dependency-groups.*",
    "tool.uv.dev-dependencies",
)
RULES: Final = Rules(
    special={**dict.fromkeys(REQUIREMENTS, unite_requirements), "project.requires-python": unite_pythons},
    groups={"project": (Group("license", frozenset({"license", "license-files"})),)},
    identities=dict.fromkeys(REQUIREMENTS, name_of),
)


def _one_backend(merge: Merge, sides: list[Side]) -> list[Side]:
    """One build backend, with its table below `tool`."""
    having = [
        Side(side.id, entries(side.value)["build-system"]) for side in sides if "build-system" in entries(side.value)
    ]
    if len({_backend(side.value) for side in having}) < 2:
        return sides
    hint = "a project has one build backend; its table below `tool` goes with it"
    winner = merge.differ(("build-system",), having, hint=hint, whole=True)
    owner = next((side.id for side in having if side.value is winner), having[0].id)
    keep = BACKENDS.get(_backend(winner), "")
    return [side if side.id == owner else _without_backend(side, keep) for side in sides]


def _without_backend(side: Side, keep: str) -> Side:
    table = BACKENDS.get(_backend(entries(side.value).get("build-system")), "")
    found = _without(side, ("build-system",))
    return _without(found, ("tool", *table.split("."))) if table and table != keep else found


def _one_pytest(merge: Merge, sides: list[Side]) -> list[Side]:
    """Pytest reads `tool.pytest` or `tool.pytest.ini_options`, and refuses both."""
    tables = [(side, entries(entries(entries(side.value).get("tool")).get("pytest"))) for side in sides]
    manners = {side.id: "ini_options" if "ini_options" in table else "own" for side, table in tables if table}
    if len(set(manners.values())) < 2:
        return sides
    having = [Side(side.id, dict(table)) for side, table in tables if table]
    winner = merge.differ(("tool", "pytest"), having, hint="pytest takes one of the two forms", whole=True)
    owner = next((side.id for side in having if side.value is winner), having[0].id)
    losers = {template for template, manner in manners.items() if manner != manners[owner]}
    return [_without(side, ("tool", "pytest")) if side.id in losers else side for side in sides]


def _static_or_dynamic(merge: Merge, sides: list[Side]) -> list[Side]:
    """A field is written down, or computed by the build backend."""
    projects = [(side.id, entries(entries(side.value).get("project"))) for side in sides]
    dynamic = {str(name) for _, project in projects for name in items(project.get("dynamic"))}
    for name in sorted(dynamic):
        values = [Side(template, _said(project, name)) for template, project in projects if _says(project, name)]
        if all(side.value == "dynamic" for side in values):
            continue
        winner = merge.differ(("project", name), values, hint="one template computes it, another writes it down")
        sides = [_as_decided(side, name, winner) for side in sides]
    return sides


def _says(project: Mapping[str, Value], name: str) -> bool:
    return name in project or name in items(project.get("dynamic"))


def _said(project: Mapping[str, Value], name: str) -> Value:
    return "dynamic" if name in items(project.get("dynamic")) else project[name]


def _as_decided(side: Side, name: str, winner: Value) -> Side:
    if winner == "dynamic":
        return _without(side, ("project", name))
    document = dict(entries(side.value))
    project = dict(entries(document.get("project")))
    rest = [item for item in items(project.get("dynamic")) if item != name]
    project = {key: rest if key == "dynamic" else value for key, value in project.items() if key != "dynamic" or rest}
    return Side(side.id, {**document, "project": project} if "project" in document else document)


def _without(side: Side, path: KeyPath) -> Side:
    return Side(side.id, _pruned(entries(side.value), path))


def _pruned(table: object, path: KeyPath) -> dict[str, Value]:
    """A table without what stands at a path; a table above it that gets empty goes too."""
    document = dict(entries(table))
    if path[0] not in document:
        return document
    if len(path) == 1:
        del document[path[0]]
        return document
    rest = _pruned(document[path[0]], path[1:])
    if rest:
        return {**document, path[0]: rest}
    del document[path[0]]
    return document


def _backend(build_system: Value) -> str:
    return str(entries(build_system).get("build-backend", "setuptools.build_meta"))
