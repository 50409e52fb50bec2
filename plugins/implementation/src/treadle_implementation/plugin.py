"""What treadle-implementation contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, RollbackAction, Tool, hookimpl

_GIT = (Tool("git", "apt install git (or brew install git, or https://git-scm.com/downloads)"),)


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "implement-feature",
        "treadle_implementation._implement:implement_feature",
        "Have an agent implement a feature; the diff is what counts",
        aliases=("implement-feature", "ai-code-generation"),
        outputs=_outputs(
            code_changes="array",
            agent="string",
            summary="string",
            instructions="string",
            money="number",
            tokens="integer",
            tried="array",
            figures="array",
        ),
        risk="high",
    ),
    Action(
        "rollback-changes",
        "treadle_implementation._undo:rollback_changes",
        "Undo changes file by file; what somebody has changed since stays",
        outputs=_outputs(restored="array", kept="array", summary="string"),
        idempotent=True,
        risk="medium",
        tools=_GIT,
    ),
    Action(
        "create-structure",
        "treadle_implementation._structure:create_structure",
        "Make folders and files that are not there yet",
        outputs=_outputs(created="array", there_already="array", summary="string"),
        idempotent=True,
        risk="medium",
        preview="treadle_implementation._structure:preview_create_structure",
    ),
    Action(
        "apply-patch",
        "treadle_implementation._patch:apply_patch",
        "Apply a unified diff, whole or not at all",
        outputs=_outputs(code_changes="array", summary="string"),
        risk="medium",
        tools=_GIT,
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `implementation`."""
    yield Module("implementation", "0.1.0", ACTIONS, "Work on code")


@hookimpl
def treadle_rollback_actions() -> Iterable[RollbackAction]:
    """`rollback-changes` by its name."""
    yield RollbackAction(
        "rollback-changes", "treadle_implementation._undo:rollback_changes", "Undo changes file by file"
    )
