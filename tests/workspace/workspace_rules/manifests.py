"""What each manifest must say, so that every package can be built, installed and found alone."""

import re
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from workspace_rules.members import PLUGIN_GROUP, Member, members, read_manifest, shown


def everyone_listed(root: Path) -> list[str]:
    """The root's group `members` and its `tool.uv.sources` name every folder; what is not listed is not installed."""
    manifest = read_manifest(root / "pyproject.toml")
    folders = {member.name for member in members(root)}
    group = {item for item in manifest.get("dependency-groups", {}).get("members", ()) if isinstance(item, str)}
    sources = set(manifest.get("tool", {}).get("uv", {}).get("sources", {}))
    broken = []
    for where, listed in (("dependency-groups.members", group), ("tool.uv.sources", sources)):
        broken += [f"{name} is not in {where}" for name in sorted(folders - listed)]
        broken += [f"{where} names {name}, which has no folder" for name in sorted(listed - folders)]
    return broken


def one_build_backend(root: Path) -> list[str]:
    """Every package is built by uv_build, in the range that the root names."""
    wanted = read_manifest(root / "pyproject.toml").get("build-system", {})
    broken = []
    for member in members(root):
        build = member.manifest.get("build-system", {})
        if build.get("build-backend") != "uv_build" or build.get("requires") != wanted.get("requires"):
            broken.append(f"{shown(member.folder, root)}: build-system is not {wanted.get('requires')} with uv_build")
    return broken


def complete_metadata(root: Path) -> list[str]:
    """Name, version, description, licence and Python range: what a person sees before installing."""
    keys = ("name", "version", "description", "license", "requires-python", "readme")
    return [
        f"{shown(member.folder, root)}: project.{key} is missing"
        for member in members(root)
        for key in keys
        if not member.project.get(key)
    ]


def own_ranges(root: Path) -> list[str]:
    """A requirement on one of ours reads `>=X.Y,<X.Z`, and the version in this workspace lies in it.

    uv does not compare the ranges between members, and a plugin without a range would be loaded by a host that it
    does not fit.
    """
    found = members(root)
    versions = {canonicalize_name(member.name): Version(str(member.project.get("version", "0"))) for member in found}
    broken = []
    for member in [*found, Member(root, read_manifest(root / "pyproject.toml"))]:
        for text in own_requirements(member.project, versions):
            version = versions[canonicalize_name(Requirement(text).name)]
            if not _fits(Requirement(text), version):
                broken.append(f"{member.name}: `{text}` should read `{_range(version)}`")
    return broken


def hookspecs_required(root: Path) -> list[str]:
    """Each package but the contract itself declares the contract it was written against."""
    return [
        f"{member.name} does not require treadle-hookspecs"
        for member in members(root)
        if member.name != "treadle-hookspecs"
        and "treadle-hookspecs" not in {Requirement(text).name for text in member.project.get("dependencies", ())}
    ]


def entry_points(root: Path) -> list[str]:
    """A plugin in folder NAME is `treadle-NAME`, imports as `treadle_NAME`, and is found as `treadle_NAME.plugin`."""
    broken = []
    for member in members(root):
        if not member.is_plugin:
            continue
        module = "treadle_" + re.sub(r"[-.]", "_", member.folder.name)
        wanted = {member.folder.name: f"{module}.plugin"}
        if member.name != f"treadle-{member.folder.name}" or member.module != module:
            broken.append(f"{shown(member.folder, root)} should be treadle-{member.folder.name} with module {module}")
        if member.project.get("entry-points", {}).get(PLUGIN_GROUP) != wanted:
            broken.append(f"{member.name}: entry points of group {PLUGIN_GROUP} should be {wanted}")
    return broken


def own_requirements(project: dict[str, Any], ours: dict[Any, Any]) -> list[str]:
    """The requirements of a `[project]` table, extras included, that name a package of this workspace."""
    texts = [*project.get("dependencies", ())]
    for extra in project.get("optional-dependencies", {}).values():
        texts += extra
    return [text for text in texts if canonicalize_name(Requirement(text).name) in ours]


def _fits(requirement: Requirement, version: Version) -> bool:
    bounded = {clause.operator for clause in requirement.specifier} == {">=", "<"}
    return bounded and requirement.specifier.contains(version) and not requirement.specifier.contains(_next(version))


def _next(version: Version) -> Version:
    """The first version that may break the contract: the next minor one below 1.0, the next major one from then on."""
    return Version(f"{version.major + 1}.0" if version.major else f"0.{version.minor + 1}")


def _range(version: Version) -> str:
    return f">={version.major}.{version.minor},<{_next(version)}"
