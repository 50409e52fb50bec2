"""What treadle-error-analysis contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, RollbackAction, hookimpl


def _outputs(marks: JsonObject | None = None, **types: str) -> JsonObject:
    """The schema of outputs; `marks` say which of them are figures for reports."""
    properties: dict[str, dict[str, Json]] = {name: {"type": kind} for name, kind in types.items()}
    for name, figure in (marks or {}).items():
        properties[name]["figure"] = figure
    return {"type": "object", "properties": properties}


ACTIONS = (
    Action(
        "classify",
        "treadle_error_analysis._classify:classify",
        "Say what kind of error it is, where it comes from, and whether trying again can help",
        aliases=("error-classifier", "error-analysis"),
        outputs=_outputs(
            error_type="string",
            category="string",
            message="string",
            frames="array",
            own_frame="object",
            names="array",
            retryable="boolean",
            fingerprint="string",
            summary="string",
        ),
        idempotent=True,
    ),
    Action(
        "retrieve-context",
        "treadle_error_analysis._retrieve:retrieve_context",
        "Look an error up in earlier executions and in the repository",
        outputs=_outputs(relevant_patterns="array", seen_before="array", components="array", summary="string"),
        idempotent=True,
    ),
    Action(
        "propose",
        "treadle_error_analysis._propose:propose",
        "Name what can be tried against an error, by rule and by what helped before",
        aliases=("llm-interaction",),
        outputs=_outputs(
            {"proposed_fix": {"text": "next_steps"}},
            proposed_fix="object",
            proposals="array",
            needs_agent="boolean",
            summary="string",
        ),
        idempotent=True,
    ),
    Action(
        "recover",
        "treadle_error_analysis._recover:recover",
        "Judge a step's failure: choose one of its recoveries by the kind of error",
        outputs=_outputs(recovery="string", category="string", retryable="boolean", summary="string"),
        idempotent=True,
    ),
    Action(
        "validate",
        "treadle_error_analysis._validate:validate",
        "Check a proposed solution without applying it",
        aliases=("solution-validator", "plugin-execution"),
        outputs=_outputs(verdict="string", checks="array", files="array", summary="string"),
        idempotent=True,
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `error-analysis`."""
    yield Module("error-analysis", "0.1.0", ACTIONS, "Errors: what they are and what can be tried")


@hookimpl
def treadle_rollback_actions() -> Iterable[RollbackAction]:
    """Clearing up behind `validate`."""
    yield RollbackAction(
        "cleanup-validation",
        "treadle_error_analysis._validate:clean_up",
        "Remove what a validation has left in scratch",
    )
