"""What a runtime of this process works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_engine.protocol import Address
from treadle_hookspecs import Append, Host, StoreBackend

from treadle.runtime.execution import Execution, Rest
from treadle.runtime.listeners import Listeners

if TYPE_CHECKING:
    from treadle.plugins import PluginHost
    from treadle.runtime.agents.roster import Roster
    from treadle.settings import Settings


@dataclass(frozen=True, slots=True)
class Environment:
    """What the runtime works with; the facade puts it together."""

    store: StoreBackend
    settings: "Settings"
    plugins: "PluginHost"
    host: Host
    listeners: Listeners
    home: Path
    published: Callable[[Append, Execution], None]
    """Told of appends that put events on the bus, once they are durable."""
    progressed: Callable[[str, Address, float | None, str, str], None] = lambda *_: None
    """Told how far an attempt is: its execution, address, a fraction or None, a message, a part; from any thread."""
    roster: "Roster | None" = None
    """The agents that steps can ask."""
    stopping: Callable[[int], None] = lambda _: None
    """Told of the first signal that brings executions to rest, by its number."""
    rest: Rest = field(default_factory=Rest)
    """When an execution that only waits is left alone."""
    warned: Callable[[str], None] = lambda _: None
    """Told of what went wrong where nobody waits for it."""
    queued: Callable[[str, str], None] = lambda *_: None
    """Told where an execution stands in a queue, whenever that has changed."""
