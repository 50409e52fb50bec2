"""Trees that are looked at whole, changed at random, and compared."""

import os
import random
import shutil
import stat
import subprocess
from pathlib import Path

Tree = dict[str, tuple[int, bytes | str | None]]

NAMES = ("a", "b.py", "c d", "é", "x.log", "build", os.fsdecode(b"\xff"), "con", ".env", "-n")
IGNORE = b"build/\n*.log\n.env\n"


def look(root: Path) -> Tree:
    """Every path below a root but git's and treadle's own: mode and content, target, or nothing for a folder."""
    found: Tree = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name != ".git" and (name != ".treadle" or Path(folder) != root)]
        for name in (*names, *files):
            path = Path(folder) / name
            mode = path.lstat().st_mode
            content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(root))] = (0 if path.is_symlink() else mode, content)
    return found


def git(root: Path, *words: str) -> str:
    """What git prints, as a user in the root would see it."""
    identity = ("-c", "user.name=u", "-c", "user.email=u@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True, errors="surrogateescape"
    ).stdout


def repository(root: Path) -> Path:
    """A repository with staged, unstaged, untracked and ignored work."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet")
    (root / ".gitignore").write_bytes(IGNORE)
    (root / "src").mkdir()
    for name in ("one.py", "two.py", "three.py"):
        (root / "src" / name).write_bytes(f"{name} = 1\r\n".encode())
    (root / ".gitattributes").write_text("*.py text eol=lf\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "first")
    (root / "src/one.py").write_text("staged = 1\n")
    git(root, "add", "src/one.py")
    (root / "src/one.py").write_bytes(b"unstaged = 1\r\n$Id$\n")
    (root / "untracked.txt").write_text("mine\n")
    (root / ".env").write_text("KEY=1\n")
    (root / "build").mkdir()
    (root / "build/out").write_text("made\n")
    (root / "empty").mkdir(mode=0o711)
    (root / "private").write_text("secret\n")
    (root / "private").chmod(0o600)
    (root / "link").symlink_to("nowhere")
    return root


def condition(root: Path) -> tuple[str, ...]:
    """What a user sees of the repository beside its files."""
    words = (("status", "--porcelain=v2", "--branch"), ("reflog",), ("stash", "list"), ("for-each-ref",))
    return (*(git(root, *each) for each in words), git(root, "diff", "--cached"), git(root, "ls-files", "--stage"))


def meddle(root: Path, chance: random.Random, deeds: int) -> None:
    """Change a tree at random; nothing is done in folders that git ignores."""
    for _ in range(deeds):
        folders = [root, *(it for it in root.rglob("*") if _is_free(root, it) and it.is_dir() and not it.is_symlink())]
        things = [it for it in root.rglob("*") if _is_free(root, it)]
        place = chance.choice(folders) / chance.choice(NAMES)
        deed = chance.choice(("write", "folder", "link", "delete", "mode", "append"))
        ignored = ("build", "x.log", ".env") if deed == "folder" else ("build",)
        if deed in ("write", "folder", "link") and not os.path.lexists(place) and place.name not in ignored:
            _make(place, deed, chance)
        elif deed == "delete" and things:
            _delete(chance.choice(things))
        elif deed in ("mode", "append") and things:
            _alter(chance.choice(things), deed, chance)


def _is_free(root: Path, path: Path) -> bool:
    parts = path.relative_to(root).parts
    return parts[0] not in (".git", ".treadle", ".gitignore") and "build" not in parts


def _make(place: Path, deed: str, chance: random.Random) -> None:
    if deed == "write":
        place.write_bytes(chance.randbytes(chance.randrange(20)))
    elif deed == "folder":
        place.mkdir(mode=chance.choice((0o755, 0o700)))
    else:
        place.symlink_to(chance.choice(("a", "..", "/nowhere")))


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _alter(path: Path, deed: str, chance: random.Random) -> None:
    if path.is_symlink():
        return
    if deed == "mode":
        path.chmod(chance.choice((0o700, 0o755)) if path.is_dir() else chance.choice((0o600, 0o644, 0o755, 0o444)))
    elif path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o200:
        with path.open("ab") as file:
            file.write(b"more")
