"""Nothing in the repository names a registry, this machine's folders, or the home of whoever works here."""

import re
import subprocess
from pathlib import Path
from typing import Final

REGISTRIES: Final = re.compile(
    r"(?:test\.)?pypi\.(?:org|python\.org)|files\.pythonhosted\.org|registry\.npmjs\.org", re.IGNORECASE
)
ROOTS_HOME: Final = r"/root/\.\w"
"""A hidden file of the superuser's; the name `/root` alone is an example like any other."""
_RULE: Final = "tests/workspace/workspace_rules/addresses.py"


def tracked(root: Path) -> list[Path]:
    """What git would publish: tracked files, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [root / name for name in sorted(set(listed.stdout.split("\0"))) if name and (root / name).is_file()]


def no_addresses(root: Path) -> list[str]:
    """Packages are named, places are not: neither an index's address nor a folder of one machine."""
    rules = {
        "the address of a registry": REGISTRIES,
        "a person's home": re.compile(f"{_folder(Path.home())}|{ROOTS_HOME}"),
        "this checkout": re.compile(_folder(root.resolve())),
    }
    broken = []
    for path in tracked(root):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(_lines(path), 1):
            kinds = [kind for kind, pattern in rules.items() if pattern.search(line)]
            broken += [f"{name}:{number} names {kind}" for kind in kinds if name != _RULE]
    return broken


def _folder(path: Path) -> str:
    """A pattern for a folder's name; nothing matches one that is too short to tell, such as `/root`."""
    return re.escape(str(path)) + r"\b" if len(path.parts) > 2 else r"(?!)"


def _lines(path: Path) -> list[str]:
    """The lines of a text file; none of a binary one."""
    try:
        return path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return []
