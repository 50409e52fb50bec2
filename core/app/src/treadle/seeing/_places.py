"""The scopes of a plan and the steps in them, by address. Scopes inside scopes are to be added here."""

from collections.abc import Iterator

from treadle_engine.plan import Plan, ScopePlan
from treadle_engine.state import HANDLERS
from treadle_hookspecs import ExitCode, TreadleError

from treadle.suggestions import did_you_mean


def scopes_of(plan: Plan) -> Iterator[tuple[str, ScopePlan]]:
    """Every scope by its address: the workflow's own under "", then its handlers'."""
    yield "", plan.root
    for name, scope in zip(HANDLERS, (plan.on_failure, plan.on_cancel, plan.finally_), strict=True):
        if scope is not None and scope.steps:
            yield name, scope


def address_of(scope: str, step: str) -> str:
    """`scope/step`."""
    return f"{scope}/{step}" if scope else step


def located(plan: Plan, address: str) -> tuple[str, str, int]:
    """Scope, step and visit of `scope/step#visit`; visit 0 when none is named.

    Raises:
        TreadleError: the workflow has no such step (exit code 3), or the visit is no number (exit code 2).
    """
    place, mark, number = address.partition("#")
    if mark and not (number.isascii() and number.isdigit() and int(number)):
        raise TreadleError(
            f"`{address}` does not name a visit", suggestions=(f"visits count from 1: {place or 'STEP'}#1",)
        )
    known = {address_of(scope, step.id): (scope, step.id) for scope, body in scopes_of(plan) for step in body.steps}
    if place not in known:
        hint = did_you_mean(place, known)
        raise TreadleError(
            f"workflow {plan.name} has no step `{place}`",
            exit_code=ExitCode.NOT_FOUND,
            context={"steps": list(known)},
            suggestions=(hint,) if hint else (),
        )
    return (*known[place], int(number or 0))
