"""What is known of other JSON files by their names."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from treadle_merging import Group, KeyPath, Merge, Rules, Side, Value, entries

from treadle_merge_json import _npm

CONTAINER: Final = Group(
    "container",
    frozenset({"image", "build", "dockerComposeFile", "service", "workspaceFolder", "remoteUser"}),
)
COMMANDS: Final = (
    "initializeCommand",
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
)


def both_commands(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Commands of several templates run beside each other, under their templates' ids."""
    named: dict[str, Value] = {}
    for side in sides:
        named |= entries(side.value) or {side.id: side.value}
    if len({str(side.value) for side in sides if isinstance(side.value, dict)}) > 1:
        return merge.unite_plainly(
            path, [Side(side.id, entries(side.value) or {side.id: side.value}) for side in sides]
        )
    merge.settle(path, "combine", sides)
    return named


def numbers(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """A list that is a set although it holds numbers."""
    if all(isinstance(side.value, list) for side in sides):
        return merge.union(path, sides)
    return merge.differ(path, sides)


def _label(item: Value) -> str:
    return str(entries(item).get("label", ""))


RULES: Final[dict[str, Rules]] = {
    "package.json": _npm.RULES,
    "devcontainer.json": Rules(
        special={"forwardPorts": numbers, **dict.fromkeys(COMMANDS, both_commands)}, groups={"": (CONTAINER,)}
    ),
    ".devcontainer.json": Rules(
        special={"forwardPorts": numbers, **dict.fromkeys(COMMANDS, both_commands)}, groups={"": (CONTAINER,)}
    ),
    "tasks.json": Rules(identities={"tasks": _label}),
}


def rules_for(path: str) -> Rules:
    """The rules for a file, by its name."""
    return RULES.get(PurePosixPath(path).name, Rules())


def allows_comments(path: str) -> bool:
    """Which files are read with comments by the tools that they are for."""
    name = PurePosixPath(path).name
    patterns = (
        "*.jsonc",
        "*.code-workspace",
        "tsconfig*.json",
        "jsconfig*.json",
        "devcontainer.json",
        ".devcontainer.json",
    )
    return any(fnmatchcase(name, pattern) for pattern in patterns) or ".vscode" in PurePosixPath(path).parts
