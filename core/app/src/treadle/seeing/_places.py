"""The scopes of a plan and the steps in them, by address."""

import re
from collections.abc import Iterator
from typing import Final

from treadle_engine.addresses import scope_at
from treadle_engine.plan import HANDLERS, Plan, ScopePlan, bodies, steps_within
from treadle_hookspecs import ExitCode, TreadleError

from treadle.suggestions import did_you_mean

_INSTANCE: Final = re.compile(r"#\d+|:\d+|\[\d+\]")


def scopes_of(plan: Plan) -> Iterator[tuple[str, ScopePlan]]:
    """The scopes that are inside no other, by address: the workflow's own under "", then its handlers'."""
    yield "", plan.root
    for name, scope in zip(HANDLERS, (plan.on_failure, plan.on_cancel, plan.finally_), strict=True):
        if scope is not None and scope.steps:
            yield name, scope


def bodies_of(plan: Plan) -> Iterator[tuple[str, ScopePlan]]:
    """Every list of steps by its path, such as `group/inner`; those inside a scope follow it."""
    for address, scope in scopes_of(plan):
        yield from _with_inner(address, scope)


def _with_inner(path: str, scope: ScopePlan) -> Iterator[tuple[str, ScopePlan]]:
    yield path, scope
    for step in scope.steps:
        for behind, body in bodies(step):
            yield from _with_inner(address_of(path, step.id) + behind, body)


def path_of(address: str) -> str:
    """The path of a step, from the address of one of its instances."""
    return _INSTANCE.sub("", address)


def address_of(scope: str, step: str) -> str:
    """`scope/step`."""
    return f"{scope}/{step}" if scope else step


def located(plan: Plan, address: str) -> tuple[str, str, int]:
    """Scope, step and visit of `scope/step#visit`; visit 0 when none is named.

    A scope inside another one is named as it opened: `loop:3/step`.

    Raises:
        TreadleError: the workflow has no such step (exit code 3), or the visit is no number (exit code 2).
    """
    scope, slash, own = address.rpartition("/")
    step, mark, number = own.partition("#")
    place = f"{scope}{slash}{step}"
    if mark and not (number.isascii() and number.isdigit() and int(number)):
        raise TreadleError(
            f"`{address}` does not name a visit", suggestions=(f"visits count from 1: {place or 'STEP'}#1",)
        )
    if not _is_there(plan, scope, step):
        known = [address_of(name, path) for name, body in scopes_of(plan) for path, _ in steps_within(body)]
        hint = did_you_mean(place, known)
        raise TreadleError(
            f"workflow {plan.name} has no step `{place}`",
            exit_code=ExitCode.NOT_FOUND,
            context={"steps": known},
            suggestions=(hint,) if hint else (),
        )
    return scope, step, int(number or 0)


def _is_there(plan: Plan, scope: str, step: str) -> bool:
    try:
        return any(found.id == step for found in scope_at(plan, scope).steps)
    except KeyError:
        return False
