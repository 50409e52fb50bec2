"""Why a visit ended as it did, where it went, and what became of it later: R6, R12, R13, R14, attempts and undoing."""

from collections.abc import Iterator, Mapping
from typing import Any

from treadle_engine.contexts import step_context
from treadle_engine.settling import tries_of

from treadle.runtime.clock import iso
from treadle.seeing._moment import Moment
from treadle.seeing._routes import key_of, switch_told
from treadle.seeing._values import values_of
from treadle.seeing.explanation import Reason

_CLOCK = "Clock and chance"
_UNDO = "Compensation"


def attempt_failed(moment: Moment) -> Reason:
    """Another attempt follows."""
    data, limit = moment.data, moment.step.retry.max_attempts
    text = f"attempt {moment.attempt} ended with {data.get('outcome', 'failure')}{_said(data.get('error'))}"
    return moment.reason(_CLOCK, f"{text}; `retry.max_attempts` is {limit}, the next one was due {iso(data['due'])}")


def interrupted(moment: Moment) -> Reason:
    """The process that ran it was gone."""
    decision = {"retry": "it ran again", "fail": "it counted as failed", "ask": "a person was to decide"}
    what = decision.get(str(moment.data.get("decision")), "")
    return moment.reason(
        "R14", f"the process that ran it was gone: {what} (`on_interrupt: {moment.step.on_interrupt}`)"
    )


def attempt_again(moment: Moment) -> Reason:
    """A further attempt began."""
    return moment.reason(_CLOCK, f"attempt {moment.attempt} began")


def settled(moment: Moment, called_off: str) -> Iterator[Reason]:
    """How the visit ended, and where its token went."""
    failed = moment.data["state"] == "failed"
    yield _outcome(moment, called_off)
    if failed:
        yield from _no_retry(moment)
    yield from _routed(moment)
    if failed:
        yield consequence(moment)


def _outcome(moment: Moment, called_off: str) -> Reason:
    data = moment.data
    outcome, error = data["outcome"], data.get("error") or {}
    kind = error.get("type")
    if kind == "expression":
        text, key = f"an expression could not be evaluated{_said(error)}", str(error.get("message")).partition(":")[0]
        return moment.reason("Expressions", text, values=_seen(moment, key))
    if kind == "interrupted":
        return moment.reason("R14", f"it counts as failed{_said(error)}")
    if outcome == "cancelled":
        return moment.reason("R13", f"it was ended: {called_off or 'it was cancelled'}")
    if outcome == "timeout":
        limit = f", `timeout` is {moment.step.timeout:g}s" if moment.step.timeout is not None else ""
        return moment.reason(_CLOCK, f"its attempt ran too long{_said(error)}{limit}")
    if data["state"] == "failed":
        return moment.reason("R6", f"it ended with {outcome} ({kind or 'error'}){_said(error)}")
    named = "" if outcome == "success" else ", a name that its action chose: it counts as success"
    return moment.reason("R6", f"it ended with {outcome}{named}")


def _seen(moment: Moment, key: str) -> dict[str, Any]:
    """What the expressions under the key that failed saw."""
    code, context = moment.graph.code(moment.at), step_context(moment.state, moment.scope, moment.at)
    under = {"join": (code.join,), "when": (code.when,), "with": (code.with_, code.env), "switch": code.cases}
    names = {path for part in under.get(key, ()) if part is not None for path in part.names}
    return values_of(names, context)


def _no_retry(moment: Moment) -> Iterator[Reason]:
    """Why no further attempt was made, where the step asks for some."""
    data, retry = moment.data, moment.step.retry
    error = data.get("error") or {}
    if retry.max_attempts <= 1 or data["outcome"] not in {"failure", "timeout"} or error.get("type") == "expression":
        return
    used = tries_of(moment.scope, moment.at)
    if error.get("retryable") is False:
        yield moment.reason(_CLOCK, "no further attempt: the action said that trying again is no use")
    elif used >= retry.max_attempts:
        yield moment.reason(_CLOCK, f"no further attempt: {used} of {retry.max_attempts} were made")
    elif moment.at in moment.scope.called_off:
        yield moment.reason(_CLOCK, "no further attempt: the step had been asked to end")
    else:
        yield moment.reason(_CLOCK, f"no further attempt: `retry.when: {retry.when}` did not hold")


def _routed(moment: Moment) -> Iterator[Reason]:
    data = moment.data
    targets, outcome = tuple(data.get("routed", ())), data["outcome"]
    expression = (data.get("error") or {}).get("type") == "expression"
    if moment.step.switch and data["state"] == "succeeded" and not any(n == outcome for n, _ in moment.step.routes):
        text, values = switch_told(moment.state, moment.scope, moment.at, data.get("outputs", {}))
        yield moment.reason("R6", text, values=values)
    elif targets:
        yield moment.reason(
            "R6", f"its token went to {', '.join(targets)} by `{key_of(moment.step, outcome, targets)}`"
        )
    elif moment.graph.targets[moment.at] and not expression:
        closing = " that may still start: its scope is closing" if moment.scope.closing is not None else ""
        yield moment.reason("R6", f"no route takes {outcome}{closing}: its thread ends here")


def consequence(moment: Moment) -> Reason:
    """What the failure means for the rest."""
    if moment.step.continue_on_error and moment.visit:
        return moment.reason("R6", "`continue_on_error` forgives the failure: it counts as success for what needs it")
    if moment.data.get("routed"):
        text = "the failure goes along with its token until the step starts again or a step with `recovers` takes it"
        return moment.reason("R6", text)
    if moment.graph.handled_by_join(moment.at):
        return moment.reason("R6", "the failure is handled: every path from it ends in a join that admits failure")
    if moment.scope.closing is not None or moment.scope.closing_due is not None:
        return moment.reason("R12", "nothing handles the failure; its scope is closing already")
    if moment.graph.fails_fast:
        return moment.reason("R12", "nothing handles the failure: `fail_fast` closes the scope")
    return moment.reason("R11", "nothing handles the failure: the scope ends failed once the rest has finished")


def undoing_begun(moment: Moment) -> Reason:
    """It is among what a rollback undoes."""
    why = {"failure": "the workflow failed", "cancelled": "the workflow was cancelled"}
    reason = str(moment.data.get("reason", ""))
    return moment.reason("R12", f"it was to be undone: {why.get(reason, reason or 'a rollback was asked for')}")


def undone(moment: Moment) -> Reason:
    """A try to undo it has ended."""
    data = moment.data
    if data["state"] == "done":
        return moment.reason(_UNDO, "it was undone")
    again = f"; the next try was due {iso(data['due'])}" if data.get("due") else "; it is left as it is"
    return moment.reason(_UNDO, f"it could not be undone{_said(data.get('error'))}{again}")


def _said(error: Any) -> str:
    message = str(error.get("message") or "") if isinstance(error, Mapping) else ""
    return f": {message}" if message else ""
