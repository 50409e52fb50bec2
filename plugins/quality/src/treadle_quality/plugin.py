"""What treadle-quality contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, hookimpl


def _outputs(marks: JsonObject | None = None, **types: str) -> JsonObject:
    """The schema of outputs; `marks` say which of them are figures for gates and reports."""
    properties: dict[str, dict[str, Json]] = {name: {"type": kind} for name, kind in types.items()}
    for name, figure in (marks or {}).items():
        properties[name]["figure"] = figure
    return {"type": "object", "properties": properties}


CHECK = {"verdict": "string", "summary": "string", "figures": "array", "findings": "array"}


ACTIONS = (
    Action(
        "assess",
        "treadle_quality._assess:assess",
        "Style and complexity of a change, with one verdict",
        aliases=("quality/validate", "validate_code", "quality-assessor"),
        outputs=_outputs(
            **CHECK,
            reasons="array",
            style="object",
            complexity="object",
            marks={"style": {"on_changed_lines": "style_findings"}, "complexity": {"highest": "complexity"}},
        ),
        idempotent=True,
        preview="treadle_quality._preview:preview_style",
    ),
    Action(
        "style",
        "treadle_quality._style:style",
        "What ruff finds in the changed files",
        outputs=_outputs(
            **CHECK,
            checked="integer",
            configured="boolean",
            on_changed_lines="integer",
            elsewhere="integer",
            by_rule="object",
            marks={"on_changed_lines": "style_findings"},
        ),
        idempotent=True,
        preview="treadle_quality._preview:preview_style",
    ),
    Action(
        "complexity",
        "treadle_quality._complexity:complexity",
        "Complexity of the changed functions, before and after",
        outputs=_outputs(
            **CHECK,
            checked="integer",
            functions="array",
            over_limit="integer",
            made_worse="integer",
            highest="integer",
            mean="number",
            marks={"highest": "complexity"},
        ),
        idempotent=True,
    ),
    Action(
        "gate",
        "treadle_quality._gate:gate",
        "Let a change through only when every check says pass",
        outputs=_outputs(verdict="string", checks="object", summary="string", figures="array"),
        idempotent=True,
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `quality`."""
    yield Module("quality", "0.1.0", ACTIONS, "Quality of a change, checked")
