"""What treadle-system contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, hookimpl

_INCIDENT: JsonObject = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "description": "what sort of failure it is, e.g. timeout, tool-missing"},
        "step": {"type": "string"},
        "message": {"type": "string"},
        "transient": {"type": "boolean", "description": "trying again may be enough"},
        "failed": {"type": "array", "description": "every step that failed: {step, type, message}"},
        "hints": {"type": "array"},
        "next_steps": {"type": "array", "figure": "next_steps"},
        "path": {"type": "string", "description": "the incident as JSON"},
        "summary": {"type": "string"},
    },
}


def _outputs(**types: str) -> JsonObject:
    properties: dict[str, Json] = {name: {"type": kind} for name, kind in types.items()}
    return {"type": "object", "properties": properties}


ACTIONS = (
    Action(
        "handle-error",
        "treadle_system._errors:handle_error",
        "Record what failed, what sort of failure it is, and what can be done",
        outputs=_INCIDENT,
        idempotent=True,
    ),
    Action(
        "notify-completion",
        "treadle_system._ends:notify_completion",
        "Tell that the workflow has ended: on this desktop, and to whom the message is sent",
        aliases=("notify_completion",),
        outputs=_outputs(status="string", message="string", told="array", not_told="array", summary="string"),
        idempotent=True,
    ),
    Action(
        "abort",
        "treadle_system._ends:abort",
        "Fail, with a reason",
        aliases=("abort_workflow",),
        idempotent=True,
    ),
    Action(
        "run-action",
        "treadle_system._ends:run_action",
        "Call an action whose name is known only when it runs",
        aliases=("hook-executor",),
        outputs=_outputs(action="string", outputs="object"),
        risk="high",
    ),
    Action(
        "ask",
        "treadle_system._ends:ask",
        "Ask whoever sits at the terminal yes or no",
        aliases=("request_user_input",),
        outputs=_outputs(answer="boolean"),
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `system`."""
    yield Module("system", "0.1.0", ACTIONS, "Errors handled, ends told")
