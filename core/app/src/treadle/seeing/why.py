"""Why a step stands where it stands: its story, read from the log event by event (`treadle why`)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from treadle_engine import events as kinds
from treadle_engine.scope_state import LIVE, ScopeState
from treadle_engine.state import State, fold, state_of
from treadle_hookspecs import Event, ExitCode, TreadleError

from treadle.seeing import _ending as ending
from treadle.seeing import _starting as starting
from treadle.seeing import _waiting as waiting
from treadle.seeing._moment import Arrival, Moment
from treadle.seeing._places import address_of, located
from treadle.seeing._record import Record
from treadle.seeing._routes import key_of
from treadle.seeing.explanation import Explanation, Reason

__all__ = ["explain"]


def explain(record: Record, address: str) -> Explanation:
    """Why a step of an execution stands where it stands.

    Args:
        record: the execution.
        address: `scope/step`, or `scope/step#visit` for an earlier visit.

    Raises:
        TreadleError: there is no such step or visit (exit code 3).
    """
    scope, step, visit = located(record.plan, address)
    story = _Story(State(record.plan, record.execution), scope, step)
    for event in record.events:
        story.tell(event)
    if story.queued:
        line = record.lines.get("", "it waits for a place in a group")
        reason = Reason("R2", f"the execution is queued and has not begun: {line}")
        name = address_of(scope, step)
        return Explanation(record.execution, record.plan.name, name, 0, "pending", "", (reason,), ())
    chapter = story.chapter(visit, driven=record.driven) if visit else story.last(driven=record.driven)
    place = record.lines.get(f"{address_of(scope, step)}#{chapter.visit}", "")
    in_line = [Reason("R2", f"before it begins, it waits: {place}")] if place and chapter.state == "waiting" else []
    state, outcome, reasons = chapter.state, chapter.outcome, (*chapter.reasons, *in_line)
    told = Explanation(
        record.execution,
        record.plan.name,
        address_of(scope, step),
        chapter.visit,
        state,
        outcome,
        reasons,
        tuple(story.visits),
    )
    return told.hidden(record.hide)


@dataclass(slots=True)
class _Chapter:
    """One visit, or one end without a visit."""

    visit: int = 0
    state: str = "pending"
    outcome: str = ""
    reasons: list[Reason] = field(default_factory=list)


class _Story:
    """Folds the log, and keeps what concerns one step."""

    @property
    def queued(self) -> bool:
        """The execution waits for places before it begins."""
        return bool(self._state.queued_for)

    def __init__(self, state: State, scope: str, step: str) -> None:
        self._state = state
        self._scope = scope
        self._step = step
        self._address = address_of(scope, step)
        self._chapters: list[_Chapter] = []
        self._arrivals: deque[Arrival] = deque()
        self._called_off = ""
        self._went: dict[str, tuple[str, ...]] = {}
        self._own = {
            kinds.VISIT_STARTED: self._started,
            kinds.VISIT_SETTLED: self._settled,
            kinds.VISIT_SKIPPED: self._skipped,
            kinds.VISIT_INTERRUPTED: self._interrupted,
            kinds.ATTEMPT_STARTED: self._attempt_started,
            kinds.ATTEMPT_FAILED: self._attempt_failed,
            kinds.TOKEN_ABSORBED: self._absorbed,
            kinds.COMPENSATION_SETTLED: self._undone,
        }

    @property
    def visits(self) -> list[int]:
        """The visits that have a chapter."""
        return [chapter.visit for chapter in self._chapters if chapter.visit]

    def tell(self, event: Event) -> None:
        """One event of the log, in order."""
        if event.scope == self._scope and event.step == self._step and event.type in self._own:
            self._own[event.type](self._moment(event))
        elif event.type == kinds.ROLLBACK_STARTED:
            self._undoing(event)
        self._overhear(event)
        fold(self._state, event)
        if event.type == kinds.EXECUTION_STARTED:
            self._take_over(event)

    def chapter(self, visit: int, *, driven: bool) -> _Chapter:
        """The chapter of a visit. Raises `TreadleError` (3) when there was none."""
        found = next((chapter for chapter in self._chapters if chapter.visit == visit), None)
        if found is None:
            known = ", ".join(f"{self._address}#{one}" for one in self.visits)
            raise TreadleError(
                f"`{self._address}` has no visit {visit} in execution {self._state.execution}",
                exit_code=ExitCode.NOT_FOUND,
                suggestions=(f"there is {known}" if known else f"it was not visited: treadle why … {self._address}",),
            )
        return self._with_live_reasons(found, driven=driven) if found.state == "running" else found

    def last(self, *, driven: bool) -> _Chapter:
        """The latest chapter, or what the step waits for when its turn is yet to come."""
        scope = self._state.scopes.get(self._scope)
        if scope is None:
            return _Chapter(reasons=[waiting.unopened(self._state, self._scope)])
        at = scope.graph.number[self._step]
        if scope.phase[at] in LIVE:
            return self._with_live_reasons(self._chapters[-1], driven=driven)
        if moments := list(waiting.pending(self._now(scope), driven=driven)):
            return _Chapter(state=state_of(scope, at), reasons=moments)
        self._chapters[-1].reasons += waiting.parked(self._now(scope))
        return self._chapters[-1]

    def _with_live_reasons(self, chapter: _Chapter, *, driven: bool) -> _Chapter:
        scope = self._state.scopes[self._scope]
        at = scope.graph.number[self._step]
        chapter.state = "interrupted" if not driven and state_of(scope, at) == "running" else state_of(scope, at)
        chapter.reasons += waiting.live(self._now(scope), driven=driven, called_off=self._called_off)
        return chapter

    def _moment(self, event: Event) -> Moment:
        scope = self._state.open_scope(self._scope)
        return Moment(self._state, scope, scope.graph.number[self._step], self._went, event)

    def _now(self, scope: ScopeState) -> Moment:
        return Moment(self._state, scope, scope.graph.number[self._step], self._went)

    # What happens to the step

    def _started(self, moment: Moment) -> None:
        reasons = list(starting.started(moment, self._arrival(moment)))
        self._chapters.append(_Chapter(moment.visit, "running", reasons=reasons))

    def _settled(self, moment: Moment) -> None:
        data = moment.data
        if not moment.visit:
            reasons = list(starting.exhausted(moment, self._arrival(moment)))
            self._chapters.append(_Chapter(0, data["state"], data["outcome"], reasons))
            return
        chapter = self._chapters[-1]
        chapter.reasons += ending.settled(moment, self._called_off)
        chapter.state, chapter.outcome = data["state"], data["outcome"]

    def _skipped(self, moment: Moment) -> None:
        arrival = self._arrival(moment)
        if moment.data.get("reason") != "when":
            self._arrivals.clear()
        reasons = list(starting.skipped(moment, arrival, self._called_off))
        if self._keeps_its_state(moment):
            self._chapters[-1].reasons += [starting.not_entered_again(moment), *reasons]
        else:
            self._chapters.append(_Chapter(0, moment.data["state"], "", reasons))

    def _keeps_its_state(self, moment: Moment) -> bool:
        """A step that was re-armed and not entered again keeps its last state (fine print, Threads)."""
        passed_over = moment.data["state"] == "skipped" and moment.data.get("reason") != "when"
        return passed_over and bool(moment.scope.visits[moment.at]) and bool(self._chapters)

    def _attempt_failed(self, moment: Moment) -> None:
        self._chapters[-1].reasons.append(ending.attempt_failed(moment))

    def _attempt_started(self, moment: Moment) -> None:
        self._chapters[-1].reasons.append(ending.attempt_again(moment))

    def _interrupted(self, moment: Moment) -> None:
        self._chapters[-1].reasons.append(ending.interrupted(moment))

    def _absorbed(self, moment: Moment) -> None:
        source, why = moment.data.get("from"), moment.data.get("reason")
        rule = "R8" if why == "merge" else "R12"
        gone = "`merge: once` absorbed it" if why == "merge" else "its scope was closing"
        if self._arrivals:
            self._arrivals.pop()
        if self._chapters:
            self._chapters[-1].reasons.append(moment.reason(rule, f"a token of `{source}` came to nothing: {gone}"))

    def _undone(self, moment: Moment) -> None:
        for chapter in self._chapters:
            if chapter.visit == moment.visit:
                chapter.reasons.append(ending.undone(moment))

    def _undoing(self, event: Event) -> None:
        for chapter in self._chapters:
            entries: Any = event.data.get("entries", ())
            if chapter.visit and f"{self._address}#{chapter.visit}" in entries:
                chapter.reasons.append(ending.undoing_begun(self._moment(event)))

    def _arrival(self, moment: Moment) -> Arrival | None:
        """The token that it takes: tokens are taken in the order in which they came."""
        holds = moment.at in moment.scope.held
        return self._arrivals.popleft() if holds and self._arrivals else None

    # What happens elsewhere and concerns the step

    def _overhear(self, event: Event) -> None:
        data: Any = event.data
        if event.type == kinds.EXECUTION_CANCEL_REQUESTED:
            reason = f": {data['reason']}" if data.get("reason") else ""
            self._called_off = f"the execution was cancelled{reason} (event {event.seq})"
        elif event.type == kinds.EXECUTION_CLOSING and data["reason"] == "timeout":
            self._called_off = f"the time of the workflow was up (event {event.seq})"
        elif event.scope == self._scope and event.step:
            self._overhear_step(event, data)

    def _overhear_step(self, event: Event, data: Any) -> None:
        source = address_of(event.scope, event.step) + (f"#{event.visit}" if event.visit else "")
        graph = self._moment(event).graph
        step = graph.steps[graph.number[event.step]]
        routed = tuple(data.get("routed", ()))
        if event.type in {kinds.VISIT_SETTLED, kinds.VISIT_SKIPPED}:
            self._went[event.step] = routed
        if self._step in routed:
            outcome = data.get("outcome", "skipped")
            key = key_of(step, outcome, routed)
            self._arrivals.append(Arrival(f"`{source}` sent its token here by `{key}` (event {event.seq})"))
        cancels = step.kind == "cancel" and event.type == kinds.VISIT_SETTLED
        if cancels and self._step in data.get("outputs", {}).get("steps", ()):
            self._called_off = f"the step `{source}` cancelled it (event {event.seq})"
        frees = step.join is not None and step.join.cancel_rest and event.type == kinds.VISIT_STARTED
        if frees and self._step in (step.needs or ()):
            self._called_off = f"`cancel_rest` of `{source}`: enough needs had succeeded (event {event.seq})"

    def _take_over(self, event: Event) -> None:
        takeover: Any = event.data.get("takeover") or {}
        if self._scope and takeover:
            takeover = {**takeover.get("scopes", {}).get(self._scope, {}), "execution": takeover["execution"]}
        if "steps" not in takeover:
            return
        token = Arrival(f"its token is taken over from execution {takeover['execution']}", "R13a")
        tokens = (*takeover["tokens"], *takeover.get("again", ()))
        self._arrivals.extend(token for id_ in tokens if id_ == self._step)
        record = takeover["steps"].get(self._step)
        if record:
            text = f"it did not run: what it came to is taken over from execution {takeover['execution']}"
            reason = Reason("R13a", text, event.seq, event.at)
            self._chapters.append(_Chapter(record["visits"], record["state"], record["outcome"], [reason]))
