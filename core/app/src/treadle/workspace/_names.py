"""What a name may be. `joined` is the one function that joins a name to a root."""

import os
import re
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

_RESERVED: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_UNPORTABLE: Final = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*]')


def joined(root: Path, name: str) -> Path:
    """The path of a name below a root; looks at the name only, not at the disk.

    Raises:
        TreadleError: the name is absolute, climbs with `..`, or cannot be a name on this system.
    """
    return root.joinpath(*components(name))


def components(name: str) -> tuple[str, ...]:
    """The folders and the file that a name goes through; none for the root itself. Raises as `joined` does."""
    if name.startswith("/"):
        raise refused(name, "it is absolute", "write it relative to the root")
    if "\0" in name:
        raise refused(name, "it holds a NUL character", "correct the name")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise refused(name, "it climbs with ..", "write it relative to the root, without ..")
    if os.name == "nt":
        check_portable(name, parts)
    return parts


def check_portable(name: str, parts: tuple[str, ...]) -> None:
    """Refuse what some system cannot have in a file's name: a project moves between systems.

    Raises:
        TreadleError: which part of the name, and why.
    """
    for part in parts:
        if found := _UNPORTABLE.search(part):
            raise refused(name, f"{part!r} holds {found[0]!r}, which Windows forbids", "choose another name")
        if part.endswith((".", " ")):
            raise refused(name, f"{part!r} ends in a dot or a space, which Windows drops", "choose another name")
        if _RESERVED.fullmatch(part):
            raise refused(name, f"{part!r} is a device on Windows", "choose another name")


def refused(name: str, reason: str, remedy: str, exit_code: ExitCode = ExitCode.NOT_ALLOWED) -> TreadleError:
    """The error for a name that is not used."""
    return TreadleError(
        f"{name!r} is refused: {reason}", context={"name": name}, suggestions=(remedy,), exit_code=exit_code
    )
