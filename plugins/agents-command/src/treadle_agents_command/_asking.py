"""Asking a program for its version."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Final

_SECONDS: Final = 8.0


async def first_line(argv: Sequence[str]) -> str:
    """The first line that it prints; "" when it cannot be started, or takes too long. Nothing of it stays."""
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(_SECONDS):
            printed, _ = await child.communicate()
    except TimeoutError:
        return ""
    finally:
        with contextlib.suppress(ProcessLookupError, AttributeError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
    return (printed.decode("utf-8", "replace").strip().splitlines() or [""])[0][:100]
