"""What treadle-analysis contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, Tool, hookimpl


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "analyze-change",
        "treadle_analysis._change:analyze_change",
        "Measure a change: files, areas, impact, public API, history, risk",
        aliases=("analyze_pr",),
        outputs=_outputs(
            repo="string",
            base="string",
            head="string",
            base_commit="string",
            head_commit="string",
            from_commit="string",
            totals="object",
            commits="array",
            files="array",
            areas="object",
            languages="object",
            definitions="array",
            api="array",
            impact="object",
            past="array",
            dependencies="object",
            markers="array",
            removed_tests="array",
            unparsed="array",
            risk="object",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        tools=(Tool("git", "apt install git (or brew install git, or https://git-scm.com/downloads)"),),
        preview="treadle_analysis._preview:preview_analyze_change",
    ),
    Action(
        "derive-tasks",
        "treadle_analysis._tasks:derive_tasks",
        "Derive tasks from a measured change, each with file, lines, rule and evidence",
        aliases=("generate_tasks",),
        outputs=_outputs(tasks="array", count="integer", by_rule="object", summary="string", figures="array"),
        idempotent=True,
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `analysis`."""
    yield Module("analysis", "0.1.0", ACTIONS, "What a change is, measured")
