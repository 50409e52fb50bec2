"""What treadle-notify contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, hookimpl


def _outputs(**types: str) -> JsonObject:
    properties: dict[str, Json] = {name: {"type": kind} for name, kind in types.items()}
    return {"type": "object", "properties": properties}


ACTIONS = (
    Action(
        "send",
        "treadle_notify._send:send",
        "Send a message by any of the services that apprise knows",
        aliases=("notify_team", "notify-stakeholders"),
        outputs=_outputs(delivered="array", failed="array", summary="string"),
        risk="medium",
        preview="treadle_notify._preview:preview_send",
    ),
    Action(
        "check",
        "treadle_notify._send:check",
        "Say which URLs apprise understands, sending nothing",
        outputs=_outputs(understood="array", not_understood="array", summary="string"),
        idempotent=True,
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `notify`."""
    yield Module("notify", "0.1.0", ACTIONS, "Messages to people and channels")
