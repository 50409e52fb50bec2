"""What is known of YAML files by their names."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from packaging.version import InvalidVersion, Version
from treadle_merging import (
    KeyPath,
    Merge,
    Rules,
    Side,
    Value,
    by_identity,
    entries,
    items,
    missing,
    unite_requirements,
)

from treadle_merge_yaml._tree import Tagged

OWN: Final = frozenset({"local", "meta"})
"""Repositories of pre-commit that are none: what two templates put there is never one thing."""


def repository(item: Value) -> str:
    """A repository of pre-commit by its address, whatever way it is written; "" for local ones."""
    address = str(entries(item).get("repo", ""))
    if address in OWN:
        return ""
    plain = re.sub(r"^(?:git@([^:/]+):|(?:https?|git|ssh)://(?:[^@/]*@)?)", r"\1/", address).lstrip("/")
    return "https://" + plain.removesuffix("/").removesuffix(".git").lower()


def hook(item: Value) -> str:
    """A hook by id, name and alias."""
    values = [str(entries(item).get(key, "")) for key in ("id", "name", "alias")]
    return "/".join(value for value in values if value)


def update(item: Value) -> str:
    """An entry of dependabot by its ecosystem and folders."""
    entry = entries(item)
    folders = entry.get("directories", entry.get("directory", ""))
    return f"{entry.get('package-ecosystem', '')} {folders}"


def unite_repositories(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Repositories by address; what is local to a template stays its own."""
    if not all(isinstance(side.value, list) for side in sides):
        return merge.differ(path, sides)
    seen: list[Value] = []
    keyed = []
    for side in sides:
        own = [item for item in items(side.value) if not repository(item)]
        new = missing(own, seen)
        seen += new
        kept = [item for item in items(side.value) if repository(item) or not missing([item], new)]
        keyed.append(Side(side.id, by_identity(kept, partial(_owned, template=side.id))))
    return list(merge.unite_maps(path, keyed).values())


def _owned(item: Value, template: str) -> str:
    return repository(item) or f"local of {template}"


def newer(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """The newer of several tags; a person decides where that cannot be told."""
    try:
        best = max(sides, key=lambda side: Version(str(side.value)))
    except InvalidVersion:
        return merge.differ(path, sides, hint="it cannot be told which of them is newer")
    merge.settle(path, "higher", sides)
    merge.notes.append(f"`{path[1]}` is used at {best.value}, the newest that a template asks for")
    return best.value


def first(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Other spellings of one thing."""
    del merge, path
    return sides[0].value


def whole(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """A place whose values mean one thing: they are equal, or a person decides."""
    return merge.differ(path, sides)


def unite_service(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Two services of one name are two services, unless somebody says that they are one."""
    rule = merge.config.rule(".".join(path))
    if rule and rule.strategy in {"merge", "combine"} and all(isinstance(side.value, Mapping) for side in sides):
        return merge.unite_maps(path, sides)
    return merge.differ(path, sides, hint="`combine` makes them one service", more=("combine",))


def unite_services(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Services by name, each port of the host for one of them."""
    if not all(isinstance(side.value, Mapping) for side in sides):
        return merge.differ(path, sides)
    united = merge.unite_maps(path, sides)
    claimed: dict[str, str] = {}
    for name, service in united.items():
        for port in _host_ports(service):
            together = any({name, claimed.get(port, name)} <= entries(side.value).keys() for side in sides)
            if claimed.setdefault(port, name) != name and not together:
                united[name] = _with_ports(merge, (*path, name), service, claimed[port], united)
    return united


PRE_COMMIT: Final = Rules(
    special={
        "repos": unite_repositories,
        "repos.*.repo": first,
        "repos.*.rev": newer,
        "repos.*.hooks.*.args": whole,
        "repos.*.hooks.*.additional_dependencies": unite_requirements,
    },
    identities={"repos": repository, "repos.*.hooks": hook},
)
COMPOSE: Final = Rules(
    special={"services": unite_services, "services.*": unite_service, "networks.*": whole, "volumes.*": whole}
)
RULES: Final = {
    ".pre-commit-config.yaml": PRE_COMMIT,
    ".pre-commit-config.yml": PRE_COMMIT,
    **dict.fromkeys(("compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml"), COMPOSE),
    **dict.fromkeys(("dependabot.yml", "dependabot.yaml"), Rules(identities={"updates": update})),
}


def rules_for(path: str) -> Rules:
    """The rules for a file, by its name."""
    return RULES.get(PurePosixPath(path).name, Rules())


def _host_ports(service: Value) -> list[str]:
    return [port for item in items(entries(service).get("ports")) if (port := _host_port(item))]


def _host_port(item: Value) -> str:
    """`8000:80`, `127.0.0.1:8000:80/tcp`, or the long form; "" where the host's port is left to chance."""
    if isinstance(item, Mapping):
        published = item.get("published", "")
        return str(published) + ("/udp" if str(item.get("protocol", "tcp")) == "udp" else "")
    text = str(item.text if isinstance(item, Tagged) else item)
    address, _, protocol = text.partition("/")
    parts = re.split(r":(?![^{]*\})", address)
    return parts[-2] + ("/udp" if protocol == "udp" else "") if len(parts) > 1 else ""


def _with_ports(
    merge: Merge, path: KeyPath, service: Value, holder: str, united: Mapping[str, Value]
) -> dict[str, Value]:
    """The service, its ports decided by a person."""
    ports = entries(service).get("ports")
    sides = [Side(holder, entries(united[holder]).get("ports")), Side(path[-1], ports)]
    hint = f'`{holder}` has that port of the host already; `keep`, or give `value:["HOST:CONTAINER"]`'
    taken = merge.differ((*path, "ports"), sides, hint=hint, offers={"keep": ports})
    decided = merge.chosen and merge.chosen[-1].key.endswith("ports")
    return {**entries(service), "ports": taken if decided else ports}
