"""The files of the repository: what git knows of, ignored ones left out; without git all that are not hidden."""

from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext

_LARGEST: Final = 1_000_000
_NOT: Final = ("venv", "node_modules", "__pycache__", "site-packages")


async def text_files(context: ActionContext, below: str = "") -> list[str]:
    """Paths relative to the root, sorted; files above a megabyte are data."""
    root = context.workspace.root
    listed = await context.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", below or "."], limit=50_000_000
    )
    if listed.ok:
        names = {name for name in listed.stdout.split("\0") if name}
    else:
        found = [root / below] if (root / below).is_file() else (root / below).rglob("*")
        names = {path.relative_to(root).as_posix() for path in found}
    return sorted(name for name in names if _is_text(root, name))


def _is_text(root: Path, name: str) -> bool:
    path = root / name
    if any(part in _NOT or (part.startswith(".") and part != ".github") for part in name.split("/")[:-1]):
        return False
    try:
        if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
            return False
        return b"\0" not in path.read_bytes()[:4096]
    except OSError:
        return False


def is_test(path: str) -> bool:
    """True for a test, by its name or its folder."""
    parts = path.split("/")
    return any(part in ("test", "tests", "testing") for part in parts[:-1]) or (
        parts[-1].startswith(("test_", "conftest")) or parts[-1].endswith("_test.py")
    )
