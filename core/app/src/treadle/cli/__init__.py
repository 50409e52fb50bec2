"""The command line: it builds calls of the facade, prints what they answer, and maps errors to exit codes."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.cli import first_sign

if TYPE_CHECKING:
    from treadle.cli.session import Connect

__all__ = ["main", "version_line"]


def main(args: Sequence[str] | None = None, *, connect: "Connect | None" = None) -> int:
    """Run one command; the exit code (`treadle_hookspecs.ExitCode`).

    Args:
        args: the words after `treadle`; default: this process's.
        connect: makes the facade; default: `treadle.Treadle` for the project that the options name.
    """
    words = list(sys.argv[1:] if args is None else args)
    if words == ["--version"]:
        print(version_line())  # noqa: T201 before anything is imported that could print it better
        return 0
    first_sign.show(words)
    from treadle.cli.invocation import invoke

    try:
        return invoke(words, connect)
    finally:
        first_sign.clear()


def version_line() -> str:
    """`treadle X.Y.Z`, from the metadata of the installed distribution."""
    from importlib.metadata import version

    return f"treadle {version('treadle-core')}"
