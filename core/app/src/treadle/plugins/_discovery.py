"""Which plugins are installed: read from the metadata of distributions, nothing imported."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from treadle_hookspecs import ENTRY_POINT_GROUP

from treadle.plugins._compatibility import canonical_distribution, contract_requirements

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint, IDistribution


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that metadata announces.

    Args:
        name: the entry point's name.
        distribution: the distribution's name; of one without metadata, its folder's.
        version: the distribution's version, or "".
        load: imports it.
        requires: the distribution's requirements on the contract.
        problem: why its metadata cannot be trusted, or "".
    """

    name: str
    distribution: str
    version: str
    load: Callable[[], object]
    requires: tuple[str, ...] = ()
    problem: str = ""


def discover() -> list[Candidate]:
    """All plugins that distributions on `sys.path` announce, by distribution and name."""
    import importlib_metadata

    try:
        found = [_candidate(entry) for entry in importlib_metadata.entry_points(group=ENTRY_POINT_GROUP)]
    except Exception:  # noqa: BLE001 - one unreadable file among all installed distributions stops the listing
        found = list(_one_by_one(importlib_metadata.distributions()))
    return sorted(found, key=lambda one: (canonical_distribution(one.distribution), one.name))


def installed_version(distribution: str) -> str:
    """The version of a distribution, or "" when it runs from a folder without metadata."""
    import importlib_metadata

    try:
        return importlib_metadata.version(distribution)
    except (importlib_metadata.PackageNotFoundError, FileNotFoundError, KeyError):
        return ""


def _one_by_one(distributions: Iterable["IDistribution"]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for distribution in distributions:
        name = canonical_distribution(_name(distribution))
        if name not in seen:
            seen.add(name)
            yield from _of_distribution(distribution)


def _of_distribution(distribution: "IDistribution") -> Iterator[Candidate]:
    try:
        entries = distribution.entry_points.select(group=ENTRY_POINT_GROUP)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file leads to
        if _mentions_group(distribution):
            name = _name(distribution)
            yield Candidate(name, name, "", _unloadable, problem=f"its entry_points.txt cannot be read: {error}")
    else:
        yield from map(_candidate, entries)


def _mentions_group(distribution: "IDistribution") -> bool:
    section = f"[{ENTRY_POINT_GROUP}]"
    try:
        return section in (distribution.read_text("entry_points.txt") or "")
    except UnicodeDecodeError as error:
        return section.encode() in error.object


def _unloadable() -> object:
    raise ImportError("its entry points cannot be read")


def _candidate(entry: "EntryPoint") -> Candidate:
    distribution = entry.dist
    if distribution is None:
        return Candidate(entry.name, "", "", entry.load, problem="no distribution announces it")
    try:
        metadata = distribution.metadata  # parsed anew by each of `name`, `version` and `requires`
        requires = metadata.get_all("Requires-Dist") or distribution.requires or ()
        return Candidate(entry.name, metadata["Name"], metadata["Version"], entry.load, contract_requirements(requires))
    except (FileNotFoundError, KeyError, ValueError) as error:
        reason = error.args[0] if error.args else error
        problem = f"the metadata of its distribution is missing or damaged ({reason}); install it again"
        return Candidate(entry.name, _name(distribution), "", entry.load, problem=problem)


def _name(distribution: "IDistribution") -> str:
    try:
        return distribution.name
    except (FileNotFoundError, KeyError, ValueError):
        return PurePath(str(distribution)).name.partition("-")[0]
