"""Checks of the steps that wait, beyond their keys."""

from collections.abc import Sequence

from treadle.definition._check_inputs import check_values
from treadle.definition._known_outputs import ANSWER
from treadle.definition._model import Approval
from treadle.definition._report import Report
from treadle.definition._scopes import Scope, StepAt


def check_waits(scopes: Sequence[Scope], report: Report) -> None:
    """Forms, times and people that cannot be meant, and pushing back to what comes later."""
    for scope in scopes:
        for at in scope.steps:
            if at.sound and at.step.approval is not None:
                _check_form(at, at.step.approval, report)
                _check_people(at, at.step.approval, report)
                _check_push_back(at, at.step.approval, scope, report)
            if at.sound and at.step.wait_for is not None and at.step.wait_for.condition is not None:
                _check_condition(at, report)


def _check_condition(at: StepAt, report: Report) -> None:
    for key in ("match", "buffered"):
        if at.step.wait_for is not None and key in at.step.wait_for.model_fields_set:
            message = f"`{key}` has no meaning for a wait for a condition"
            report.at_key("TRD0112", message, (*at.path, "wait_for", key), hint="it goes with signal and event")


def _check_form(at: StepAt, approval: Approval, report: Report) -> None:
    for name, spec in approval.form.items():
        place = (*at.path, "approval", "form", name)
        if name in ANSWER:
            report.at_key("TRD0108", f"the name `{name}` is taken: every approval has such an output", place)
        check_values(place, f"field `{name}`", spec, report)


def _check_people(at: StepAt, approval: Approval, report: Report) -> None:
    place = (*at.path, "approval")
    people = approval.approvers
    if isinstance(people, list) and not any("{{" in name for name in people) and len(set(people)) < approval.quorum:
        message = f"{approval.quorum} approvals are needed, and {len(set(people))} people may give one"
        if approval.escalate is None or approval.escalate.approvers is None:
            report.at_value("TRD0115", message, (*place, "quorum"))
    escalate, timeout = approval.escalate, approval.timeout
    if escalate is not None and timeout is not None and escalate.after >= timeout:
        message = "it escalates only after its timeout: never"
        report.at_value("TRD0115", message, (*place, "escalate", "after"), hint="let it escalate earlier")
    if escalate is not None and escalate.approvers is not None and people is None:
        message = "anybody may answer from the beginning: further approvers change nothing"
        report.at_key("TRD0112", message, (*place, "escalate", "approvers"), hint="name the first ones in `approvers`")


def _check_push_back(at: StepAt, approval: Approval, scope: Scope, report: Report) -> None:
    place = (*at.path, "approval", "push_back")
    if approval.push_back is None:
        return
    if at.repeated:
        message = f"an approval that is asked for each item of `{at.repeated}` cannot send the execution back"
        report.at_key("TRD0112", message, place, hint="routes do not leave an item; ask in a step of its own")
    if "pushed_back" in at.step.routes:
        message = "`push_back` and `routes.pushed_back` say the same twice"
        report.at_key("TRD0112", message, place, hint="leave one of them out")
    target = scope.by_id.get(approval.push_back)
    if target is not None and scope.steps.index(target) >= scope.steps.index(at):
        message = f"step `{approval.push_back}` does not come before `{at.step.id}`"
        report.at_value("TRD0107", message, place, hint="an execution is pushed back to an earlier step")
