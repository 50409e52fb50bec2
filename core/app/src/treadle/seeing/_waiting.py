"""What a step waits for that has not ended, or has not come to its turn: R2, R3, R7, R13, R14."""

from collections.abc import Iterator

from treadle_engine.addresses import opened_by
from treadle_engine.plan import HANDLERS
from treadle_engine.readiness import may_change
from treadle_engine.scope_state import IDLE, INTERRUPTED, OPEN, RETRYING, SETTLED, SUCCEEDED
from treadle_engine.state import State
from treadle_engine.waits import Wait

from treadle.runtime.clock import iso
from treadle.seeing._moment import Moment, join_text
from treadle.seeing.explanation import Neighbour, Reason


def live(moment: Moment, *, driven: bool, called_off: str) -> Iterator[Reason]:
    """A visit that has started and not settled."""
    scope, at = moment.scope, moment.at
    attempt = scope.attempts[at]
    if scope.phase[at] == RETRYING:
        yield moment.reason("Clock and chance", f"attempt {attempt + 1} is due {iso(scope.retries[at])}")
    elif scope.phase[at] == INTERRUPTED:
        answer = f"treadle resume {moment.state.execution} --interrupted retry|fail"
        yield moment.reason("R14", f"a person has to say whether it runs again or fails: {answer}")
    elif at in scope.waits:
        yield from _open_wait(moment, scope.waits[at])
    elif driven:
        yield moment.reason("R2", f"it waits for the end of attempt {attempt}, which runs")
    if at in scope.called_off:
        yield moment.reason("R13", f"it was asked to end: {called_off or 'it was cancelled'}")
    yield from _held_up(moment, driven=driven)


def _open_wait(moment: Moment, wait: Wait) -> Iterator[Reason]:
    """What a visit waits for; of places in groups another reason tells."""
    until = f", until {iso(wait.due)}" if wait.due else ""
    if wait.kind == "timer":
        yield moment.reason("Clock and chance", f"it waits until {iso(wait.due)}")
    elif wait.kind == "approval":
        before = "before it begins, " if wait.gate else ""
        so_far = f"; so far: {', '.join(str(answer['by']) for answer in wait.answers)}" if wait.answers else ""
        yield moment.reason(
            "R6", f"{before}it waits for people{until}: treadle waiting {moment.state.execution}{so_far}"
        )
    elif wait.kind == "condition":
        yield moment.reason("R6", f"it waits for its condition{until}; it is judged after everything that happens")
    elif wait.kind in ("signal", "event"):
        yield moment.reason("R6", f"it waits for the {wait.kind} {wait.name}{until}")


def pending(moment: Moment, *, driven: bool) -> Iterator[Reason]:
    """A step whose turn has not come."""
    scope, at = moment.scope, moment.at
    if scope.phase[at] != IDLE:
        return
    if not scope.activated(at):
        yield _no_token(moment)
    elif at in scope.granted or not moment.graph.needs[at]:
        yield moment.reason("R2", "its turn has come, and it has not started yet")
    else:
        yield _needs(moment)
    yield from _no_place(moment)
    if scope.closing is not None:
        yield moment.reason("R12", "its scope is closing: only steps whose join admits failure may still start")
    yield from _held_up(moment, driven=driven)


def parked(moment: Moment) -> Iterator[Reason]:
    """Re-entries that wait until nothing of the step's region runs."""
    scope, graph = moment.scope, moment.graph
    region = graph.closures[moment.at] | 1 << moment.at
    running = ", ".join(f"`{scope.place(at)}`" for at in scope.live if region >> at & 1)
    for entry in scope.parked:
        if entry.target == moment.at:
            source = scope.place(entry.source)
            yield moment.reason("R7", f"a token of `{source}` waits to enter it again until {running or 'all'} ended")


def unopened(state: State, scope: str) -> Reason:
    """A step of a scope that has not opened: a handler's, or one inside a step."""
    if scope not in HANDLERS:
        opened = opened_by(scope)
        place = f"{opened.scope}/{opened.step}" if opened.scope else opened.step
        text = f"the steps inside `{place}` begin when it starts: treadle why … {place}"
        return Reason("R10", f"{text}; the execution {state.status}" if state.terminal else text)
    after = {"on_failure": "has failed", "on_cancel": "was cancelled"}.get(scope, "has ended, however it ends")
    text = f"the steps of `{scope}` begin once the workflow {after}"
    return Reason("R12", f"{text}; the execution {state.status}" if state.terminal else text)


def _no_token(moment: Moment) -> Reason:
    sources = tuple(
        one
        for one, source in zip(moment.sources(), moment.graph.sources[moment.at], strict=True)
        if moment.scope.phase[source] != SETTLED
    )
    return moment.reason("R2", "a route leads to it, and no token has come yet", sources or moment.sources())


def _needs(moment: Moment) -> Reason:
    scope, join = moment.scope, moment.graph.joins[moment.at]
    needs = tuple(
        _patient(moment, need, one)
        for need, one in zip(moment.graph.needs[moment.at], moment.needs(), strict=True)
        if scope.credit[need] != SUCCEEDED
    )
    open_ = [need for need in moment.graph.needs[moment.at] if scope.credit[need] == OPEN]
    if open_:
        names = ", ".join(f"`{scope.place(need)}`" for need in open_)
        return moment.reason("R5", f"its join {join_text(join)} waits for {names}", needs)
    if any(need.note for need in needs):
        return moment.reason("R3", "it waits for the end of what may still repair a need", needs)
    return moment.reason("R5", f"its join {join_text(join)} holds, and it has not started yet", moment.needs())


def _patient(moment: Moment, need: int, one: Neighbour) -> Neighbour:
    """R3: a failure or skip that may not be final."""
    if not may_change(moment.scope, need, moment.scope.credit[need]):
        return one
    return Neighbour(one.step, one.edge, one.state, one.counts_as, "may still be entered again or recovered")


def _no_place(moment: Moment) -> Iterator[Reason]:
    scope, limit = moment.scope, moment.graph.scope.max_parallel
    if moment.at in scope.ready and limit and len(scope.live) >= limit:
        running = ", ".join(f"`{scope.place(at)}`" for at in scope.live)
        yield moment.reason("R2", f"it waits for a place: `max_parallel` is {limit}, and {running} run")


def _held_up(moment: Moment, *, driven: bool) -> Iterator[Reason]:
    """What keeps the whole execution from going on."""
    state = moment.state
    if state.paused:
        yield moment.reason("R13", f"the execution is paused: treadle resume {state.execution}")
    elif not driven and not state.terminal and not state.interrupted and not state.rests:
        text = f"no process drives the execution: treadle resume {state.execution}"
        yield moment.reason("R14", text)
