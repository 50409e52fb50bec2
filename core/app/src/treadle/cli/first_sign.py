"""A sign of life for the half second in which libraries are imported; whatever is said next takes its place.

Imports next to nothing itself: that is what it is for.
"""

import os
import sys
from collections.abc import Sequence

_standing = False


def show(words: Sequence[str]) -> None:
    """Show it where a person waits for a command that takes its time."""
    global _standing
    waits = words[:1] in (["run"], ["resume"]) and not {"-q", "--quiet", "-h", "--help"} & set(words)
    if waits and sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI"):
        sys.stderr.write("starting …" if sys.stderr.encoding.lower().startswith("utf") else "starting ...")
        sys.stderr.flush()
        _standing = True


def clear() -> None:
    """Take it away, if it stands."""
    global _standing
    if _standing:
        _standing = False
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()
