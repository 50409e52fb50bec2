"""`system/handle-error`: what failed, as a record that people and later steps can use."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from treadle_hookspecs import ActionContext, Json, JsonObject, StepRow

_FAILED: Final = ("failed", "interrupted")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A sort of failure: by the error's type, or by words of its message."""

    name: str
    types: tuple[str, ...]
    words: tuple[str, ...] = ()
    transient: bool = False
    hint: str = ""


_KINDS: Final = (
    _Kind("timeout", ("timeout",), ("timed out",), True, "raise the step's `timeout`, or give it `retry`"),
    _Kind("tool-missing", ("tool-missing",), ("command not found",), hint="install what the message names"),
    _Kind("rejected", ("rejected", "pushed_back"), hint="read the reason, and run again when it is settled"),
    _Kind("gate", ("gate",), hint="bring the figure to what the gate asks for"),
    _Kind("limit", ("limit", "resources"), ("out of memory", "no space left"), hint="give the step more, or it less"),
    _Kind("expression", ("expression",), hint="treadle validate finds most of these before a run"),
    _Kind("tests", ("tests-not-run", "tests-failed"), ("tests failed", "assertionerror"), hint="read the step's log"),
    _Kind(
        "network",
        ("http-status", "network"),
        ("connection refused", "could not resolve", "temporary failure", "connection reset", "network is unreachable"),
        True,
        "look at the network and at the service, then treadle resume",
    ),
    _Kind("not-allowed", (), ("permission denied", "operation not permitted"), hint="see who owns the files it named"),
    _Kind("interrupted", ("interrupted",), transient=True, hint="treadle resume goes on"),
)
_OTHER: Final = _Kind("failure", (), hint="read the step's log")


def handle_error(error: Json = None, out: str = "", execution: str = "", *, context: ActionContext) -> JsonObject:
    """Record a failure. It handles nothing by itself: it is what the steps behind it, and people, go by.

    Args:
        error: `{step, type, message}`, as `workflow.error` has it; default: the first step that failed.
        out: a file for the record, relative to the execution's root; default: the visit's scratch folder.
        execution: another execution's id; default: this one.
        context: of the visit.

    Returns:
        `kind`, `step`, `message`, `transient`, `failed`, `hints`, `next_steps`, `path`, `summary`.

    Raises:
        TreadleError: there is no such execution, or the file cannot be written.
    """
    id_ = execution or context.execution
    failed = [_described(row) for row in context.host.steps(id_) if row.state in _FAILED]
    given: Mapping[str, Any] = error if isinstance(error, Mapping) else {"message": error} if error else {}
    first: Mapping[str, Any] = given or next(iter(failed), {})
    message = str(first.get("message") or "nothing has failed")
    step = str(first.get("step") or "")
    kind = _kind_of(str(first.get("type") or ""), message) if first else _OTHER
    record: dict[str, Json] = {
        "kind": kind.name if first else "none",
        "step": step,
        "message": message,
        "transient": kind.transient,
        "failed": failed,
        "hints": [kind.hint] if kind.hint and (first or error) else [],
        "next_steps": _next_steps(id_, step, kind) if first else [],
    }
    path = _keep(context, out, {"schema": "treadle/incident@1", "execution": id_, **record})
    context.log.error(f"{step}: {message}" if step else message)
    return {**record, "path": path, "summary": f"{record['kind']}: {message.splitlines()[0]}"}


def _described(row: StepRow) -> JsonObject:
    error: Mapping[str, Any] = row.error if isinstance(row.error, Mapping) else {}
    return {"step": row.address, "type": error.get("type") or row.outcome, "message": error.get("message") or row.state}


def _kind_of(type_: str, message: str) -> _Kind:
    said = message.lower()
    by_type = next((kind for kind in _KINDS if type_ in kind.types), None)
    return by_type or next((kind for kind in _KINDS if any(word in said for word in kind.words)), _OTHER)


def _next_steps(execution: str, step: str, kind: _Kind) -> list[Json]:
    found: list[Json] = [f"treadle why {execution} {step}", f"treadle logs {execution} {step}"] if step else []
    return [*found, f"treadle resume {execution}"] if kind.transient else found


def _keep(context: ActionContext, out: str, record: JsonObject) -> str:
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    if out:
        return str(context.workspace.write_text(out, text))
    return str(context.host.workspace(context.scratch).write_text("incident.json", text))


def kinds() -> Sequence[str]:
    """Every sort of failure that is told apart."""
    return [kind.name for kind in (*_KINDS, _OTHER)]
