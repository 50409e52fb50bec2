"""What treadle-testing contributes."""

from collections.abc import Iterable
from typing import Final

from treadle_hookspecs import Action, JsonObject, Module, hookimpl

_FIGURES: Final[JsonObject] = {
    "totals": {"tests": "tests", "failed": "tests_failed", "errors": "test_errors"},
    "coverage": {"percent": "test_coverage"},
    "changed_coverage": {"percent": "changed_coverage"},
}
"""Which parts of the outputs gates and reports know."""


def _outputs(**types: str) -> JsonObject:
    marks = {name: {"figure": figure} for name, figure in _FIGURES.items()}
    properties = {name: {"type": kind, **marks.get(name, {})} for name, kind in types.items()}
    return {"type": "object", "properties": properties}


ACTIONS = (
    Action(
        "run-tests",
        "treadle_testing._run_tests:run_tests",
        "Run a project's tests under coverage, with structured results",
        aliases=("run_tests",),
        outputs=_outputs(
            verdict="string",
            passed="boolean",
            reasons="array",
            totals="object",
            failures="array",
            slowest="array",
            seconds="number",
            coverage="object",
            changed_coverage="object",
            notes="array",
            runner="object",
            summary="string",
            figures="array",
            findings="array",
        ),
        idempotent=True,
        risk="medium",
        preview="treadle_testing._preview:preview_run_tests",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `testing`."""
    yield Module("testing", "0.1.0", ACTIONS, "A project's tests, run and counted")
