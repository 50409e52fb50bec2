"""What compositions write into the audit: who, what, from which templates, with which code and decisions; no secret."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, Host, JsonObject

from treadle_compose._bundle import Bundle
from treadle_compose._hook_record import Ran

COMPOSED: Final = "compose"
HOOK: Final = "compose-hook"
UNDONE: Final = "compose-undo"


def composed(context: ActionContext, bundle: Bundle, done: JsonObject) -> None:
    """A project was written, or found to be as it should."""
    lock, rows = bundle.lock, bundle.plan.rows
    written: Any = done["written"]
    removed: Any = done["removed"]
    detail: JsonObject = {
        "target": str(bundle.target),
        "templates": [
            {name: it[name] for name in ("id", "version", "source", "commit", "digest")} for it in lock.templates
        ],
        "decisions": [
            {"path": row.path, "key": row.key, "strategy": row.strategy, "by": row.by}
            for row in rows
            if row.resolved and row.by not in ("", "default", "table") and not row.strategy.startswith("value:")
        ],
        "written": len(written),
        "removed": len(removed),
        "lock": sha256(lock.text().encode()).hexdigest(),
    }
    context.host.audit(COMPOSED, context.execution, detail)


def ran(context: ActionContext, target: Path, phase: str, hooks: Sequence[Ran]) -> None:
    """Code of templates ran, or was passed over. What it printed is in the log of the execution."""
    for it in hooks:
        detail: JsonObject = {
            "target": str(target),
            "hook": it.hook,
            "digest": it.digest,
            "phase": phase,
            "level": it.level,
            "outcome": it.outcome,
        }
        context.host.audit(HOOK, context.execution, detail)


def undone(context: ActionContext, target: str, notes: Sequence[str]) -> None:
    """A composition was taken back."""
    context.host.audit(UNDONE, context.execution, {"target": target, "notes": list(notes)})


def entries(host: Host, target: Path | None) -> list[JsonObject]:
    """All that is in the audit about compositions, or about those of one project; oldest first."""
    found = host.audit_log(COMPOSED, HOOK, UNDONE)
    return [it for it in found if target is None or _target(it) == str(target)]


def line(entry: JsonObject) -> str:
    """An entry for a person."""
    detail: Any = entry["detail"]
    if entry["action"] == COMPOSED:
        templates = ", ".join(f"{it['id']} {it['version']} ({it['digest'][:12]})" for it in detail["templates"])
        decided = "; ".join(_decided(it) for it in detail["decisions"])
        what = f"{detail['written']} written, {detail['removed']} removed, from {templates}"
        return f"composed {detail['target']}: {what}" + (f"; decided {decided}" if decided else "")
    if entry["action"] == HOOK:
        level = f", {detail['level']}" if detail["level"] else ""
        return f"hook {detail['hook']} ({detail['digest'][:12]}) for {detail['target']}: {detail['outcome']}{level}"
    return f"took back {detail['target']}"


def _decided(it: dict[str, str]) -> str:
    place = f"{it['path']}#{it['key']}" if it["key"] else it["path"]
    return f"{place}={it['strategy']} by {it['by']}"


def _target(entry: JsonObject) -> str:
    detail: Any = entry["detail"]
    return str(detail["target"])
