"""The audit as plugins write and read it: who did what, each entry hashed together with the one before it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle_hookspecs import AuditEntry, JsonObject

from treadle.runtime.clock import now

if TYPE_CHECKING:
    from treadle_hookspecs import StoreBackend


def note(store: "StoreBackend", actor: str, action: str, execution: str, detail: JsonObject) -> None:
    """Chain an entry."""
    store.audit((AuditEntry(now(), actor, action, execution, detail),))


def entries(store: "StoreBackend", actions: Sequence[str]) -> Sequence[JsonObject]:
    """Entries of these actions, oldest first: `{number, at, actor, action, execution, detail, hash}`."""
    return [
        {"number": number, **entry._asdict(), "hash": hash_}
        for number, entry, hash_ in store.audit_log()
        if entry.action in actions
    ]
