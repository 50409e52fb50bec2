"""Texts united line by line, by git."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from treadle_compose._three_way import Texts

_LARGEST: Final = 4_000_000
_LABELS: Final = ("ours", "base", "theirs")
_CONFLICT: Final = re.compile(
    rb"^<{7} ours\r?\n(?P<ours>.*?)^\|{7} base\r?\n.*?^={7}\r?\n(?P<theirs>.*?)^>{7} theirs\r?$",
    re.MULTILINE | re.DOTALL,
)


def unite(base: bytes, ours: bytes, theirs: bytes) -> Texts | None:
    """`git merge-file --diff3`; None for what is no text, or without git.

    Line ends are those of `ours`, so that a checkout that changed all of them is no conflict.
    """
    if any(b"\0" in it or len(it) > _LARGEST for it in (base, ours, theirs)):
        return None
    windows = _has_windows_ends(ours)
    texts = (ours, *(_ended(it, windows=windows) for it in (base, theirs)))
    with tempfile.TemporaryDirectory(prefix="treadle-merge-") as place:
        paths = [Path(place) / name for name in _LABELS]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text)
        labels = [word for name in _LABELS for word in ("-L", name)]
        try:
            done = subprocess.run(
                ["git", "merge-file", "--diff3", "-p", *labels, "--", *_LABELS],
                cwd=place,
                capture_output=True,
                check=False,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    if not 0 <= done.returncode < 128:
        return None
    found = tuple(
        (done.stdout.count(b"\n", 0, it.start()) + 1, _text(it["ours"]), _text(it["theirs"]))
        for it in _CONFLICT.finditer(done.stdout)
    )
    # Texts that hold such markers themselves cannot be told apart.
    return Texts(done.stdout, found) if bool(found) is bool(done.returncode) else None


def _has_windows_ends(content: bytes) -> bool:
    return b"\r\n" in content and content.count(b"\r\n") == content.count(b"\n")


def _ended(content: bytes, *, windows: bool) -> bytes:
    if windows and b"\r\n" not in content:
        return content.replace(b"\n", b"\r\n")
    return content.replace(b"\r\n", b"\n") if not windows and _has_windows_ends(content) else content


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
