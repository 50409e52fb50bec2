"""What treadle-testing contributes."""

from collections.abc import Iterable
from typing import Final

from treadle_hookspecs import Action, JsonObject, Module, hookimpl

_FIGURES: Final[JsonObject] = {
    "totals": {"tests": "tests", "failed": "tests_failed", "errors": "test_errors"},
    "coverage": {"percent": "test_coverage"},
    "changed_coverage": {"percent": "changed_coverage"},
    "tests_added": "tests_added",
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
        aliases=("run_tests", "emergency_tests", "integration_tests"),
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
    Action(
        "find-flaky",
        "treadle_testing._flaky:find_flaky",
        "Run the tests in their own and in random orders; those that do not end alike",
        outputs=_outputs(
            flaky="array",
            always_failing="array",
            runs="array",
            tests="integer",
            summary="string",
        ),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "fix-failing-tests",
        "treadle_testing._mend:fix_failing_tests",
        "Have an agent mend what makes tests fail; the tests say whether it did",
        aliases=("auto-fix-tests",),
        outputs=_outputs(
            fixed="boolean",
            changes="array",
            agent="string",
            summary="string",
            totals="object",
            money="number",
            tokens="integer",
            tried="array",
        ),
        risk="high",
    ),
    Action(
        "generate-tests",
        "treadle_testing._mend:generate_tests",
        "Have an agent write tests for a change, and run all of them",
        aliases=("generate-tests", "test-generation", "add_more_tests"),
        outputs=_outputs(
            verdict="string",
            passed="boolean",
            totals="object",
            failures="array",
            coverage="object",
            changed_coverage="object",
            changes="array",
            tests_added="integer",
            agent="string",
            summary="string",
            figures="array",
        ),
        risk="medium",
    ),
    Action(
        "create-reproduction",
        "treadle_testing._mend:create_reproduction",
        "Have an agent write a test that fails because of a bug",
        outputs=_outputs(
            reproduced="boolean",
            failures="array",
            changes="array",
            tests_added="integer",
            agent="string",
            summary="string",
        ),
        risk="medium",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `testing`."""
    yield Module("testing", "0.1.0", ACTIONS, "A project's tests, run and counted")
