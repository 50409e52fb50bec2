"""What treadle-analysis contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, Tool, hookimpl


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


_GIT = Tool("git", "apt install git (or brew install git, or https://git-scm.com/downloads)")

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
        tools=(_GIT,),
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
    Action(
        "analyze-requirements",
        "treadle_analysis._understand:analyze_requirements",
        "Take a specification apart: requirements, components, complexity, an estimate from history",
        aliases=("analysis", "feature_analysis"),
        outputs=_outputs(
            requirements="array",
            criteria="array",
            components="array",
            complexity="string",
            factors="array",
            estimated_time="number",
            basis="object",
            questions="array",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        tools=(_GIT,),
    ),
    Action(
        "find-components",
        "treadle_analysis._understand:find_components",
        "Find the files that a text is about",
        outputs=_outputs(components="array", words="array", summary="string"),
        idempotent=True,
        tools=(_GIT,),
    ),
    Action(
        "context",
        "treadle_analysis._understand:gather_context",
        "Gather what somebody must know to work on something",
        aliases=("context-analyzer", "rag-retrieval"),
        outputs=_outputs(
            relevant_patterns="array", components="array", conventions="object", commits="array", summary="string"
        ),
        idempotent=True,
        tools=(_GIT,),
    ),
    Action(
        "analyze-structure",
        "treadle_analysis._structure:analyze_structure",
        "Measure the structure of a repository: imports, cycles, hot spots",
        aliases=("dependency-mapper",),
        outputs=_outputs(
            modules="array",
            largest="array",
            hot_spots="array",
            cycles="array",
            unparsed="array",
            totals="object",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        tools=(_GIT,),
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `analysis`."""
    yield Module("analysis", "0.1.0", ACTIONS, "What a change is, measured")
