"""What treadle-security contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, hookimpl


def _outputs(**types: str) -> JsonObject:
    check = {"verdict": "string", "summary": "string", "figures": "array", "findings": "array", "checked": "integer"}
    properties: dict[str, dict[str, Json]] = {name: {"type": kind} for name, kind in {**check, **types}.items()}
    if "new" in properties:
        properties["new"]["figure"] = "security_issues"
    return {"type": "object", "properties": properties}


ACTIONS = (
    Action(
        "audit",
        "treadle_security._audit:audit",
        "Weaknesses that a change brings to Python code",
        aliases=("security_audit",),
        outputs=_outputs(reasons="array", unread="object", new="integer", old="integer", by_severity="object"),
        idempotent=True,
        preview="treadle_security._preview:preview_audit",
    ),
    Action(
        "secrets",
        "treadle_security._secrets:secrets",
        "Passwords, keys and tokens on changed lines",
        outputs=_outputs(),
        idempotent=True,
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `security`."""
    yield Module("security", "0.1.0", ACTIONS, "Security of a change, audited")
