"""A first test file for a workflow: its inputs and outputs filled in by type, and what then happens as expectation."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_engine.plan import Plan, StepPlan, steps_within
from treadle_hookspecs import ExitCode, TreadleError

from treadle.lookup import PROJECT, find
from treadle.rehearsal._playing import play_case

if TYPE_CHECKING:
    from treadle.api import Treadle

_SAMPLES: Final[dict[str, Any]] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
    "any": "text",
}
_HEAD: Final = """\
# Cases of {name}, played in virtual time: `treadle test {file}`.
# No action runs: a step without a mock succeeds at once and publishes nothing.
"""


def write_first(treadle: "Treadle", workflow: str, *, force: bool = False) -> Path:
    """Write `NAME.test.yaml` beside a workflow's file; its path.

    Raises:
        TreadleError: the file is there and `force` is not set (5), it cannot be written (4), there is no such workflow
            (3), or the workflow belongs to a catalogue (4).
    """
    found = find(workflow, treadle.root, treadle.plugins)
    if found.source not in {"path", PROJECT}:
        raise TreadleError(f"{found.name} belongs to {found.source}: its tests do too", exit_code=ExitCode.NOT_ALLOWED)
    path = found.path.with_name(f"{found.path.stem}.test.yaml")
    if path.exists() and not force:
        raise TreadleError(
            f"{path.name} is there already; nothing was written",
            suggestions=("--force overwrites it",),
            exit_code=ExitCode.CONFLICT,
        )
    text = first_cases(treadle, treadle.plan(workflow), path.name)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TreadleError(f"cannot write {path}: {error.strerror}", exit_code=ExitCode.NOT_ALLOWED) from error
    return Path(os.path.relpath(path)) if path.is_absolute() else path


def first_cases(treadle: "Treadle", plan: Plan, file: str) -> str:
    """The text of a test file with one case, which passes."""
    from treadle.definition import Case

    given: dict[str, Any] = {"name": "what happens when every step succeeds"}
    inputs = {spec.name: _input(spec.type, spec.enum) for spec in plan.inputs if spec.required and not spec.has_default}
    mocks = dict(_mocks(plan))
    given |= {key: value for key, value in (("inputs", inputs), ("mocks", mocks)) if value}
    played = play_case(treadle, plan, Case.model_validate(given)).played
    expect: dict[str, Any] = {}
    if played is not None:
        expect = {"status": played.status, "path": [_short(entry) for entry in played.path]}
    return _HEAD.format(name=plan.name, file=file) + _yaml({"cases": [{**given, "expect": expect}]})


def _input(kind: str, enum: tuple[Any, ...]) -> Any:
    return enum[0] if enum else _SAMPLES[kind]


def _mocks(plan: Plan) -> Iterator[tuple[str, Any]]:
    """Declared outputs, by type: without them an expression that uses one sees null."""
    for scope in (plan.root, plan.on_failure, plan.on_cancel, plan.finally_):
        for _, step in steps_within(scope) if scope is not None else ():
            if _publishes(step):
                yield step.id, {"outputs": {name: _SAMPLES[spec.type] for name, spec in step.outputs}}


def _publishes(step: StepPlan) -> bool:
    return step.kind == "call" and bool(step.outputs)


def _short(entry: str) -> str:
    """A path's entry without what goes without saying: the first visit, and success."""
    place, _, outcome = entry.partition(" ")
    place = place.removesuffix("#1")
    return place if outcome == "success" else f"{place} {outcome}"


def _yaml(data: Any) -> str:
    import yaml

    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))
