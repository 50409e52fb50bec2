"""What lies in an inbox, as the decider takes it."""

from collections.abc import Callable, Mapping
from typing import Final

from treadle_engine.protocol import Cancel, CancelVisit, Pause, RaiseBudget, Resume, Stimulus
from treadle_hookspecs import AuditEntry, Signal

from treadle.runtime.clock import now
from treadle.runtime.codec import Codec
from treadle.runtime.hearing import SORTS, delivered
from treadle.runtime.places import CANCEL_VISIT
from treadle.runtime.raising import RAISE, raised

_SAID: Final[Mapping[str, Callable[[int, str, str], Stimulus]]] = {"pause": Pause, "resume": Resume, "cancel": Cancel}


def heard(signal: Signal, codec: Codec) -> tuple[Stimulus | None, AuditEntry | None]:
    """What a signal means, and what the audit says of it; None for a name that means nothing."""
    data = signal.data if isinstance(signal.data, dict) else {}
    reason, at = str(data.get("reason", "")), now()
    if signal.name in SORTS:
        said_to = delivered(signal, codec)
        about = {name: value for name in ("name", "step", "by") if (value := getattr(said_to, name))}
        return said_to, AuditEntry(at, signal.actor, signal.name, signal.execution, about)
    if signal.name == RAISE:
        return RaiseBudget(at, raised(data.get("by", ())), signal.actor), None
    if signal.name == CANCEL_VISIT:
        return CancelVisit(at, str(data.get("visit", "")), signal.actor, reason), None
    said = _SAID.get(signal.name)
    if said is None:
        return None, None
    audit = AuditEntry(at, signal.actor, signal.name, signal.execution, {"reason": reason})
    return said(at, signal.actor, reason), audit
