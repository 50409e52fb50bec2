"""Why a step started, or settled without a visit: R0, R1, R2, R4, R5, R7, R9, R12, R13, R13a."""

from collections.abc import Iterator

from treadle_engine.contexts import scope_context, step_context

from treadle.seeing._ending import consequence
from treadle.seeing._moment import Arrival, Moment, join_text
from treadle.seeing._routes import key_of
from treadle.seeing._values import values_of
from treadle.seeing.explanation import Reason


def started(moment: Moment, arrival: Arrival | None) -> Iterator[Reason]:
    """Why its turn came, and what its condition saw."""
    yield from called(moment, arrival)
    code = moment.graph.code(moment.at).when if moment.step.when else None
    if code is not None:
        values = values_of(code.names, step_context(moment.state, moment.scope, moment.at))
        yield moment.reason("R2", f"its condition holds: `when: {moment.step.when}`", values=values)


def called(moment: Moment, arrival: Arrival | None) -> Iterator[Reason]:
    """Why its turn came."""
    if moment.at in moment.scope.held:
        token = arrival or Arrival("a token had come to it")
        again = moment.at in moment.scope.granted
        if token.rule == "R13a":
            yield moment.reason(token.rule, token.text)
            return
        more = ", nothing of its region ran any more, and it does not wait for needs again" if again else ""
        rule = "R7" if again else token.rule
        yield moment.reason(rule, token.text + more, () if again else moment.sources())
        if again:
            return
    if moment.graph.needs[moment.at]:
        yield _joined(moment)
    elif moment.at not in moment.scope.held:
        yield moment.reason("R1", _initial(moment))


def _joined(moment: Moment) -> Reason:
    join, needs = moment.graph.joins[moment.at], moment.needs()
    if moment.step.sequential and join.mode == "none_failed":
        text = f"it follows `{moment.graph.ids[moment.graph.needs[moment.at][0]]}` in the order written"
        return moment.reason("R0", f"{text}, and its join `none_failed` holds", needs)
    code = moment.graph.code(moment.at).join
    values = values_of(code.names, scope_context(moment.state, moment.scope)) if code is not None else None
    return moment.reason("R5", f"its join {join_text(join)} holds", needs, values)


def _initial(moment: Moment) -> str:
    if moment.graph.scope.start:
        return "`start` names it"
    first = moment.graph.initial[0] == moment.at
    where = f"`{moment.scope.address}`" if moment.scope.address else "the workflow"
    return f"it is the first step of {where}" if first else "it needs no other step: `needs: []`"


def skipped(moment: Moment, arrival: Arrival | None, called_off: str) -> Iterator[Reason]:
    """Why it settled without a visit. `called_off` says who ended it."""
    reason = moment.data.get("reason", "")
    if reason == "when":
        yield from called(moment, arrival)
        yield from _condition_false(moment)
    elif reason == "join":
        yield _not_joined(moment)
    elif reason == "closed":
        yield moment.reason(*_closed(moment))
    elif reason == "cancel":
        yield moment.reason("R13", f"it was ended before it started: {called_off or 'it was cancelled'}")
    else:
        yield _dead(moment)


def not_entered_again(moment: Moment) -> Reason:
    """It was re-armed together with others, and its turn did not come."""
    return moment.reason("R7", "it might have run again, did not, and keeps the state of its last visit")


def _condition_false(moment: Moment) -> Iterator[Reason]:
    code = moment.graph.code(moment.at).when
    values = values_of(code.names, step_context(moment.state, moment.scope, moment.at)) if code is not None else None
    yield moment.reason("R2", f"its condition does not hold: `when: {moment.step.when}`", values=values)
    targets = tuple(moment.data.get("routed", ()))
    if targets:
        key = key_of(moment.step, "skipped", targets)
        yield moment.reason("R2", f"its token went on to {', '.join(targets)} by `{key}`")


def _not_joined(moment: Moment) -> Reason:
    join, needs = moment.graph.joins[moment.at], moment.needs()
    code = moment.graph.code(moment.at).join
    values = values_of(code.names, scope_context(moment.state, moment.scope)) if code is not None else None
    failed = ", ".join(f"`{need.step}`" for need in needs if need.counts_as == "failed")
    skipped_ = ", ".join(f"`{need.step}`" for need in needs if need.counts_as == "skipped")
    causes = [f"{failed} failed for good" if failed else "", f"{skipped_} was skipped" if skipped_ else ""]
    because = " and ".join(cause for cause in causes if cause) or "no need can hold it any more"
    return moment.reason(
        "R5", f"its join {join_text(join)} cannot hold ({moment.data['state']}): {because}", needs, values
    )


def _dead(moment: Moment) -> Reason:
    ways = (*moment.sources(), *moment.needs())
    text = "nothing that was still live could lead to it: a dead path"
    return moment.reason("R4", text if ways else f"{text}; no edge leads to it", ways)


def _closed(moment: Moment) -> tuple[str, str]:
    """Rule and sentence for what a closed scope did not start."""
    closing = moment.scope.closing
    if closing is None:
        return "R12", "its scope had closed"
    error = closing.error or {}
    if closing.reason == "failure":
        return "R12", f"`fail_fast` closed its scope: `{error.get('step')}` failed ({error.get('message')})"
    if closing.reason == "cancelled":
        why = f": {moment.state.cancel_reason}" if moment.state.cancel_reason else ""
        return "R13", f"the execution was cancelled{why}"
    if closing.reason == "timeout":
        return "R12", f"the time of the workflow was up: {error.get('message')}"
    if error and not error.get("step"):
        return "Expressions", f"the workflow could not begin: {error.get('message')}"
    return "Fine print, routes", f"an `end` step closed its scope as {closing.status or 'completed'}"


def exhausted(moment: Moment, arrival: Arrival | None) -> Iterator[Reason]:
    """R9: its turn came once more than `max_visits` allows."""
    yield from called(moment, arrival)
    used = moment.scope.activations.get(moment.at, 0)
    yield moment.reason("R9", f"it had been activated {used} times, and `max_visits` is {moment.step.max_visits}")
    targets = tuple(moment.data.get("routed", ()))
    if targets:
        key = key_of(moment.step, "exhausted", targets)
        yield moment.reason("R9", f"being exhausted, it went to {', '.join(targets)} by `{key}`")
    elif moment.scope.exhaustions.get(moment.at):
        yield moment.reason("R9", "it was exhausted through a route before, and takes none a second time")
    else:
        yield moment.reason("R9", "neither `routes.exhausted` nor `on_failure` takes that")
    yield consequence(moment)
