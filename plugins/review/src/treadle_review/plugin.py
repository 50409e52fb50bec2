"""What treadle-review contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, Tool, hookimpl

_GIT = (Tool("git", "apt install git (or brew install git, or https://git-scm.com/downloads)"),)


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "review-change",
        "treadle_review._change:review_change",
        "Review a change with every check that is installed",
        outputs=_outputs(
            verdict="string", comments="array", checks="object", text="string", summary="string", figures="array"
        ),
        idempotent=True,
        tools=_GIT,
    ),
    Action(
        "create-pr",
        "treadle_review._pull_request:create_pr",
        "Commit what changed on a branch and open a pull request, or write it as a patch",
        outputs=_outputs(
            url="string",
            number="integer",
            branch="string",
            commit="string",
            base="string",
            patch="string",
            text="string",
            forge="string",
            files="array",
            previous="string",
            repo="string",
            summary="string",
        ),
        risk="high",
        tools=_GIT,
        preview="treadle_review._preview:preview_create_pr",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `review`."""
    yield Module("review", "0.1.0", ACTIONS, "Reviews and pull requests")
