"""A plugin with actions that do nothing, so that what is measured is the engine."""

import time
from collections.abc import Sequence

from treadle_hookspecs import Action, ActionError, Module, hookimpl

begun: list[float] = []
"""`time.perf_counter()` of each start of `noop/mark`."""


async def noop() -> None:
    """Do nothing. A coroutine runs in the loop; a plain function would be measured with a thread around it."""


def threaded() -> None:
    """Do nothing, in a thread."""


async def mark() -> None:
    """Note the time."""
    begun.append(time.perf_counter())


async def fail() -> None:
    """Fail."""
    raise ActionError("asked to fail", retryable=False)


class NoopPlugin:
    """The plugin: registered with a host, never discovered."""

    @hookimpl
    def treadle_modules(self) -> Sequence[Module]:
        """One module with an action for each function above."""
        names = ("noop", "threaded", "mark", "fail")
        actions = tuple(Action(name, f"noop:{name}", idempotent=True) for name in names)
        return [Module("noop", "1.0", actions)]
