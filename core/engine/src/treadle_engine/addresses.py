"""Addresses of scope instances: `group`, `group#2` (its second visit), `group/inner`, `on_failure/group`."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from treadle_engine.plan import HANDLERS, Plan, ScopePlan

_PART: Final = re.compile(r"(?P<step>[^#:\[.]+)(?:#(?P<visit>[1-9][0-9]*))?")


class Opened(NamedTuple):
    """Which visit of which step opened a scope instance, and in which scope."""

    scope: str
    step: str
    visit: int


def child_address(scope: str, step: str, visit: int) -> str:
    """The address of the scope that a visit opens."""
    own = step if visit == 1 else f"{step}#{visit}"
    return f"{scope}/{own}" if scope else own


@lru_cache(maxsize=4096)
def opened_by(address: str) -> Opened:
    """What an address says. Raises `KeyError` when it is none."""
    scope, _, own = address.rpartition("/")
    found = _PART.fullmatch(own)
    if found is None:
        raise KeyError(address)
    return Opened(scope, found["step"], int(found["visit"] or 1))


def handler_of(plan: Plan, name: str) -> ScopePlan | None:
    """`on_failure`, `on_cancel` or `finally`, if the workflow has it."""
    return {"on_failure": plan.on_failure, "on_cancel": plan.on_cancel, "finally": plan.finally_}.get(name)


def scope_at(plan: Plan, address: str) -> ScopePlan:
    """The plan of the scope at an address. Raises `KeyError`."""
    if address and address not in HANDLERS:
        opened = opened_by(address)
        steps = scope_at(plan, opened.scope).steps
        found = next((step.body for step in steps if step.id == opened.step), None)
    else:
        found = handler_of(plan, address) if address else plan.root
    if found is None:
        raise KeyError(address)
    return found
