"""requirements.lock: versions and hashes, in agreement with the manifests, without addresses."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workspace_rules.members import Member, members, read_manifest

_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)")


def pins(text: str) -> dict[str, str]:
    """Version by canonical name."""
    found = (_PIN.match(line) for line in text.splitlines())
    return {canonicalize_name(match["name"]): match["version"] for match in found if match}


def agrees(root: Path) -> list[str]:
    """Every requirement of every manifest is pinned, to a version in its range."""
    pinned = pins(_lock(root))
    ours = {canonicalize_name(member.name) for member in members(root)}
    broken = []
    for owner, requirement in _requirements(root):
        name = canonicalize_name(requirement.name)
        if name in ours or name == "treadle":
            continue
        if name not in pinned:
            broken.append(f"{owner} requires {requirement}, which requirements.lock does not hold; run: make lock")
        elif not requirement.specifier.contains(pinned[name], prereleases=True):
            broken.append(f"{owner} requires {requirement}, the lock has {pinned[name]}; run: make lock")
    return broken


def hashed(root: Path) -> list[str]:
    """Every pin carries at least one SHA-256."""
    blocks = re.split(r"\n(?=\S)", _lock(root))
    names = [(match["name"], block) for block in blocks if (match := _PIN.match(block))]
    return [f"{name} has no hash in requirements.lock" for name, block in names if "--hash=sha256:" not in block]


def no_places(root: Path) -> list[str]:
    """No option and no address: where packages come from is the machine's business."""
    lines = enumerate(_lock(root).splitlines(), 1)
    odd = [(number, line) for number, line in lines if re.search(r"^\s*-(?!-hash)|://|^[./]|@ ", line)]
    return [f"requirements.lock:{number}: `{line.strip()}` names a place" for number, line in odd]


def _lock(root: Path) -> str:
    path = root / "requirements.lock"
    return path.read_text("utf-8") if path.is_file() else ""


def _requirements(root: Path) -> Iterator[tuple[str, Requirement]]:
    everyone = [Member(root, read_manifest(root / "pyproject.toml")), *members(root)]
    for member in everyone:
        for text in _texts(member.manifest):
            yield member.name, Requirement(text)


def _texts(manifest: dict[str, Any]) -> Iterator[str]:
    project = manifest.get("project", {})
    yield from project.get("dependencies", ())
    for extra in project.get("optional-dependencies", {}).values():
        yield from extra
    for group in manifest.get("dependency-groups", {}).values():
        yield from (item for item in group if isinstance(item, str))
    yield from manifest.get("build-system", {}).get("requires", ())
