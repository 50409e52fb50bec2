"""What treadle-bugfix contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, Tool, hookimpl

_GIT = (Tool("git", "apt install git (or brew install git, or https://git-scm.com/downloads)"),)


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "analyze-bug",
        "treadle_bugfix._analyze:analyze_bug",
        "Say what a bug report tells: kind, place, components, impact, open questions",
        aliases=("bugfix/affected-components",),
        outputs=_outputs(
            classification="object",
            components="array",
            impact="object",
            severity="string",
            reasons="array",
            questions="array",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        tools=_GIT,
    ),
    Action(
        "bisect",
        "treadle_bugfix._bisect:bisect",
        "Find the commit that broke something",
        outputs=_outputs(
            commit="string",
            author="string",
            date="string",
            subject="string",
            files="array",
            steps="integer",
            summary="string",
        ),
        idempotent=True,
        tools=_GIT,
    ),
    Action(
        "minimal-fix",
        "treadle_bugfix._fix:minimal_fix",
        "Have an agent mend a bug with as little change as it takes",
        outputs=_outputs(
            changes="array",
            agent="string",
            lines="integer",
            verified="boolean",
            money="number",
            tokens="integer",
            tried="array",
            summary="string",
            figures="array",
        ),
        risk="high",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `bugfix`."""
    yield Module("bugfix", "0.1.0", ACTIONS, "Bugs")
