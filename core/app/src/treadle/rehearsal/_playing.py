"""A test file from its name to its verdicts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_engine import events as kinds
from treadle_engine.plan import Plan
from treadle_engine.protocol import Cancel, Deliver, Pause, Resume, Rollback, Stimulus
from treadle_hookspecs import Event, Json, TreadleError

from treadle.definition import check_inputs, load_cases
from treadle.rehearsal._comparing import Difference, Played, differences
from treadle.rehearsal._mocks import Cast
from treadle.rehearsal._real import real_actions
from treadle.rehearsal._stage import BEGIN, EndlessError, Stage, path_of, place_of, undone_of, waits_of

if TYPE_CHECKING:
    from treadle.api import Treadle
    from treadle.definition import Case, Happening, LoadedCases

_ACTOR: Final = "test"
_SAID: Final[dict[str, Callable[..., Stimulus]]] = {
    "pause": Pause,
    "resume": Resume,
    "cancel": Cancel,
    "rollback": Rollback,
}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case that was played. It passed when there is no difference and no `problem` that kept it from being played."""

    name: str
    line: int
    played: Played | None
    differences: tuple[Difference, ...] = ()
    problem: str = ""
    unused: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """It was played and is as expected."""
        return not self.differences and not self.problem


@dataclass(frozen=True, slots=True)
class FileResult:
    """A test file. `loaded` has its problems; a file with errors plays no case."""

    path: str
    workflow: str
    loaded: "LoadedCases"
    cases: tuple[CaseResult, ...] = ()


def play_file(treadle: "Treadle", path: Path, only: str = "") -> FileResult:
    """Play the cases of a file whose names contain `only`.

    Raises:
        TreadleError: the file or its workflow is not there (3); `DefinitionError` where the workflow has problems.
    """
    loaded = load_cases(path)
    if loaded.file is None:
        return FileResult(str(path), "", loaded)
    workflow = workflow_of(path, loaded.file.workflow)
    plan = treadle.plan(workflow)
    loaded = loaded.against(plan)
    cases = loaded.file.cases if loaded.file is not None else []
    results = [
        play_case(treadle, plan, case, _line(loaded, number)) for number, case in enumerate(cases) if only in case.name
    ]
    return FileResult(str(path), workflow, loaded, tuple(results))


def workflow_of(path: Path, named: str) -> str:
    """The workflow of a test file: a path from its folder, a name, or by default the file it is called after."""
    if named and "/" not in named and not Path(named).suffix:
        return named
    beside = path.name.replace(".test.", ".", 1)
    return str(path.parent / (named or beside))


def play_case(treadle: "Treadle", plan: Plan, case: "Case", line: int = 0) -> CaseResult:
    """Play one case."""
    plan = replace(plan, env={**plan.env, **case.env})
    with real_actions(treadle, plan) as real:
        cast = Cast(case, real)
        stage = Stage(plan, cast, _timeline(case.timeline))
        try:
            stage.play(check_inputs(plan, case.inputs), {"type": "test", **case.trigger}, {"root": str(treadle.root)})
        except (TreadleError, EndlessError) as error:
            return CaseResult(case.name, line, None, problem=str(error))
    played = played_on(stage)
    found = differences(case.expect, played)
    return CaseResult(case.name, line, played, tuple(found), unused=tuple(cast.unused))


def played_on(stage: Stage) -> Played:
    """What came of a rehearsal."""
    state, steps = stage.state, list(stage.state.steps())
    return Played(
        state.status,
        path_of(stage.log),
        {step.address: step.visits for step in steps},
        {step.address: step.state for step in steps},
        _calls(stage.log),
        state.outputs,
        state.error,
        undone_of(stage.log),
        waits_of(stage.log),
        (stage.now - BEGIN) / 1_000_000,
    )


def _calls(log: Iterable[Event]) -> dict[str, Json]:
    """The inputs of every visit; `env` is the environment that it was given."""
    started = [event for event in log if event.type == kinds.VISIT_STARTED]
    return {f"{place_of(event)}#{event.visit}": _call(event.data) for event in started}


def _call(data: Mapping[str, Any]) -> dict[str, Json]:
    env = {"env": data["env"]} if data.get("env") else {}
    return {**env, **data.get("inputs", {})}


def _timeline(happenings: "Sequence[Happening]") -> list[tuple[int, Callable[[int], Stimulus]]]:
    return [(round(each.at * 1_000_000), _stimulus(each)) for each in happenings]


def _stimulus(happening: "Happening") -> Callable[[int], Stimulus]:
    signal, event, answer = happening.signal, happening.event, happening.answer
    if signal is not None:
        return lambda at: Deliver(at, "signal", signal.name, signal.data, actor=_ACTOR)
    if event is not None:
        return lambda at: Deliver(at, "event", event.name, event.data, actor=_ACTOR)
    if answer is not None:
        said = (answer.decision, answer.data, answer.by, answer.step or "", answer.comment)
        return lambda at: Deliver(at, "answer", *said, actor=f"user:{answer.by}")
    make = next(make for key, make in _SAID.items() if key in happening.model_fields_set)
    return lambda at: make(at, _ACTOR)


def _line(loaded: "LoadedCases", number: int) -> int:
    document = loaded.document
    return document.place(document.nearest(("cases", number))).line if document is not None else 0
