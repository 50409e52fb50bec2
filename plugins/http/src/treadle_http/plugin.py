"""What treadle-http contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, hookimpl


def _outputs(**types: str) -> JsonObject:
    properties: dict[str, dict[str, Json]] = {name: {"type": kind} for name, kind in types.items()}
    if "created" in properties:
        properties["created"]["figure"] = "files_created"
    return {"type": "object", "properties": properties}


ACTIONS = (
    Action(
        "request",
        "treadle_http._request:request",
        "Send an HTTP request; its answer as outputs",
        outputs=_outputs(
            status="integer", url="string", headers="object", text="string", json="any", seconds="number",
            truncated="boolean", summary="string",
        ),
        risk="medium",
        preview="treadle_http._preview:preview_request",
    ),
    Action(
        "get",
        "treadle_http._request:get",
        "Read from a URL; its answer as outputs",
        outputs=_outputs(
            status="integer", url="string", headers="object", text="string", json="any", seconds="number",
            truncated="boolean", summary="string",
        ),
        idempotent=True,
        preview="treadle_http._preview:preview_request",
    ),
    Action(
        "download",
        "treadle_http._download:download",
        "Download a file, checked against its SHA-256",
        outputs=_outputs(
            path="string", bytes="integer", sha256="string", url="string", created="array", summary="string"
        ),
        idempotent=True,
        risk="medium",
        preview="treadle_http._preview:preview_request",
    ),
)  # fmt: skip


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `http`."""
    yield Module("http", "0.1.0", ACTIONS, "HTTP requests and downloads")
