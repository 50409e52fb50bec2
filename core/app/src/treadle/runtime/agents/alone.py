"""One agent at a time in one folder: what two change beside each other cannot be told apart, or undone one by one."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from treadle_hookspecs import ActionError

try:
    import fcntl
except ImportError:  # Windows: nothing keeps agents in one root apart there
    fcntl = None  # type: ignore[assignment]


def alone(place: Path, root: Path, who: str) -> Callable[[], None]:
    """Work in a folder as its only agent, in all processes; what gives it free. A killed process gives it free as well.

    Args:
        place: a folder of treadle's own for this root.
        root: the folder.
        who: for the one that comes too late.

    Raises:
        ActionError: another one works there (`busy`).
    """
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"agent-{sha256(os.fsencode(root)).hexdigest()[:16]}"
    descriptor = os.open(place / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        other = os.pread(descriptor, 1000, 0).decode("utf-8", "replace").strip()
        os.close(descriptor)
        raise ActionError(
            f"another agent works in {root}{f' ({other})' if other else ''}: give the steps `isolation: worktree`, "
            "or let one follow the other",
            error_class="busy",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, who.encode(), 0)
    return lambda: os.close(descriptor)
