"""What treadle-refactoring contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, hookimpl


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "find-opportunities",
        "treadle_refactoring._opportunities:find_opportunities",
        "What is worth being written anew: complex, long, often changed, circular, unused",
        aliases=("suggest_refactoring",),
        outputs=_outputs(
            opportunities="array",
            files="array",
            instructions="string",
            count="integer",
            summary="string",
            figures="array",
        ),
        idempotent=True,
    ),
    Action(
        "find-dead-code",
        "treadle_refactoring._dead:find_dead_code",
        "Code that nothing uses, with the evidence",
        outputs=_outputs(
            dead="array", lines="integer", unparsed="array", summary="string", figures="array", findings="array"
        ),
        idempotent=True,
    ),
    Action(
        "safety-harness",
        "treadle_refactoring._behaviour:safety_harness",
        "Run the tests before a change, and say how much of the target they hold",
        outputs=_outputs(
            verdict="string",
            harness="object",
            coverage="number",
            uncovered="array",
            instructions="string",
            reasons="array",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "verify-behaviour",
        "treadle_refactoring._behaviour:verify_behaviour",
        "Run the tests after a change: nothing may differ",
        outputs=_outputs(
            verdict="string",
            new_failures="array",
            passed="object",
            api="array",
            reasons="array",
            failures="array",
            totals="object",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "rename",
        "treadle_refactoring._rename:rename",
        "Rename a definition or a module, and all that means it",
        outputs=_outputs(
            changes="array", unsure="array", mentions="array", next_steps="array", summary="string", figures="array"
        ),
        risk="medium",
    ),
    Action(
        "extract",
        "treadle_refactoring._rename:extract",
        "Make a function of some lines",
        outputs=_outputs(changes="array", summary="string", figures="array"),
        risk="medium",
    ),
    Action(
        "apply-codemod",
        "treadle_refactoring._codemods:apply_codemod",
        "Change Python files by a rule: unused imports, f-strings, union types",
        outputs=_outputs(changes="array", skipped="array", checked="integer", summary="string", figures="array"),
        risk="medium",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `refactoring`."""
    yield Module("refactoring", "0.1.0", ACTIONS, "Code written anew that does the same")
