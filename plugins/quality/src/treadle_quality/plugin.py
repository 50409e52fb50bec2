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
        aliases=("quality/validate", "validate_code", "validate_hotfix", "quality-assessor"),
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
        "compatibility",
        "treadle_quality._compatibility:compatibility",
        "Whether what worked before a change works after it",
        aliases=("compatibility_check",),
        outputs=_outputs(None, **CHECK, reasons="array", breaking="array", dependencies="object", failures="array"),
        idempotent=True,
    ),
    Action(
        "patterns",
        "treadle_quality._patterns:patterns",
        "Rules of the project's own about what files may and must say",
        aliases=("pattern-validation",),
        outputs=_outputs(None, **CHECK, reasons="array", checked="integer"),
        idempotent=True,
    ),
    Action(
        "readiness",
        "treadle_quality._readiness:readiness",
        "What a project needs before it is deployed",
        aliases=("production-readiness",),
        outputs=_outputs(None, **CHECK, reasons="array", present="object", missing="array", next_steps="array"),
        idempotent=True,
    ),
    Action(
        "steering",
        "treadle_quality._readiness:steering",
        "Whether the instructions for coding agents name what is there",
        aliases=("validate-steering",),
        outputs=_outputs(None, **CHECK, reasons="array", files="array"),
        idempotent=True,
    ),
    Action(
        "gate",
        "treadle_quality._gate:gate",
        "Let a change through only when every check says pass",
        outputs=_outputs(
            {"score": "quality_score"},
            verdict="string",
            checks="object",
            score="string",
            summary="string",
            figures="array",
        ),
        idempotent=True,
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `quality`."""
    yield Module("quality", "0.1.0", ACTIONS, "Quality of a change, checked")
