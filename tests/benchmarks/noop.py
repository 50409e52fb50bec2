"""A plugin with actions that do nothing, so that what is measured is the engine."""

import time
from collections.abc import Sequence

from treadle_hookspecs import Action, ActionError, Module, hookimpl

begun: list[float] = []
"""`time.perf_counter()` of each start of `noop/mark`."""


def noop() -> None:
    """Do nothing."""


def mark() -> None:
    """Note the time."""
    begun.append(time.perf_counter())


def fail() -> None:
    """Fail."""
    raise ActionError("asked to fail", retryable=False)


class NoopPlugin:
    """The plugin: registered with a host, never discovered."""

    @hookimpl
    def treadle_modules(self) -> Sequence[Module]:
        """One module with three actions."""
        names = ("noop", "mark", "fail")
        actions = tuple(Action(name, f"noop:{name}", idempotent=True) for name in names)
        return [Module("noop", "1.0", actions)]
