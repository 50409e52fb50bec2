"""The scopes of a plan and the steps in them, by address."""

import re
from collections.abc import Iterator
from typing import Final

from treadle_engine.addresses import child_of, scope_at, step_address, steps_inside
from treadle_engine.plan import Plan, ScopePlan, bodies, scopes_of
from treadle_engine.walks import runs_inside, steps_throughout
from treadle_hookspecs import ExitCode, TreadleError

from treadle.suggestions import did_you_mean

_INSTANCE: Final = re.compile(r"#\d+|\.\d+|:\d+|\[\d+\]")


def bodies_of(plan: Plan) -> Iterator[tuple[str, ScopePlan]]:
    """Every list of steps by its path, such as `group/inner`; those inside a scope follow it.

    Those of sub-workflows are among them; a workflow inside itself is not followed.
    """
    yield from _of_workflow(plan, plan, "", ())


def _of_workflow(plan: Plan, workflow: Plan, inside: str, running: tuple[str, ...]) -> Iterator[tuple[str, ScopePlan]]:
    for address, scope in scopes_of(workflow):
        path = address_of(inside, address) if address else inside
        yield from _with_inner(plan, path, scope, running)


def _with_inner(plan: Plan, path: str, scope: ScopePlan, running: tuple[str, ...]) -> Iterator[tuple[str, ScopePlan]]:
    yield path, scope
    for step in scope.steps:
        place = address_of(path, step.id)
        for behind, body in bodies(step):
            yield from _with_inner(plan, place + behind, body, running)
        if runs_inside(step, running):
            yield from _of_workflow(plan, child_of(plan, step.workflow), place, (*running, step.workflow))


def path_of(address: str) -> str:
    """The path of a step, from the address of one of its instances."""
    return _INSTANCE.sub("", address)


def address_of(scope: str, step: str) -> str:
    """`scope/step`."""
    return f"{scope}/{step}" if scope else step


def located(plan: Plan, address: str) -> tuple[str, str, int]:
    """Scope, step and visit of `scope/step#visit`; visit 0 when none is named.

    A scope inside another one is named as it opened: `loop:3/step`. Where it has one step, as the items of a `matrix`
    over one action have, its name will do: `matrix[4]`.

    Raises:
        TreadleError: the workflow has no such step (exit code 3), or the visit is no number (exit code 2).
    """
    address = step_address(plan, address)
    scope, slash, own = address.rpartition("/")
    step, mark, number = own.partition("#")
    place = f"{scope}{slash}{step}"
    if mark and not (number.isascii() and number.isdigit() and int(number)):
        raise TreadleError(
            f"`{address}` does not name a visit", suggestions=(f"visits count from 1: {place or 'STEP'}#1",)
        )
    if not _is_there(plan, scope, step):
        raise _not_there(plan, place)
    return scope, step, int(number or 0)


def step_named(plan: Plan, address: str) -> str:
    """The full address of a step, or of a visit of it; raises as `located`."""
    scope, step, visit = located(plan, address)
    return address_of(scope, step) + (f"#{visit}" if visit else "")


def _not_there(plan: Plan, place: str) -> TreadleError:
    inside = steps_inside(plan, place)
    known = [f"{place}/{step}" for step in inside] or [path for path, _ in steps_throughout(plan)]
    hint = f"its steps are {', '.join(known)}" if inside else did_you_mean(place, known)
    return TreadleError(
        f"`{place}` has {len(inside)} steps" if inside else f"workflow {plan.name} has no step `{place}`",
        exit_code=ExitCode.NOT_FOUND,
        context={"steps": known},
        suggestions=(hint,) if hint else (),
    )


def _is_there(plan: Plan, scope: str, step: str) -> bool:
    try:
        return any(found.id == step for found in scope_at(plan, scope).steps)
    except KeyError:
        return False
