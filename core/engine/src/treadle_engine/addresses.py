"""Addresses of scope instances: `group`, `group#2` (second visit), `loop:3`, `items[2]`, `race.left`, `group/inner`.

The scopes of a visit's further attempts have their number: `group.2`, `loop#2.3:1`. A sub-workflow's handlers are
inside its own scope: `child/on_failure`.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from treadle_engine.plan import HANDLERS, Plan, ScopePlan, StepPlan, bodies

_PART: Final = re.compile(
    r"(?P<step>[^#:\[.]+)(?:#(?P<visit>[1-9][0-9]*))?(?:\.(?P<attempt>[1-9][0-9]*))?(?P<which>:[1-9][0-9]*|\[[1-9][0-9]*\]|\.[^/.]+)?"
)
_FORMS: Final = {"loop": ":", "for_each": "[", "matrix": "[", "race": "."}
"""How `which` begins, by the kind of the step."""


class Opened(NamedTuple):
    """Which visit of which step opened a scope instance, and in which scope.

    `which` tells the scopes of one visit apart: `:3` is a loop's third iteration, `[2]` the second item, `.left` the
    branch of a race; "" where there is but one.
    """

    scope: str
    step: str
    visit: int
    which: str = ""
    attempt: int = 1

    @property
    def address(self) -> str:
        """The scope instance's."""
        own = self.step if self.visit == 1 else f"{self.step}#{self.visit}"
        own += self.which if self.attempt == 1 else f".{self.attempt}{self.which}"
        return f"{self.scope}/{own}" if self.scope else own

    @property
    def number(self) -> int:
        """The number in `which`, or 0."""
        return int(self.which.strip(":[]") or 0) if self.which[:1] != "." else 0

    @property
    def branch(self) -> str:
        """The name in `which`, or ""."""
        return self.which[1:] if self.which[:1] == "." else ""


@lru_cache(maxsize=4096)
def opened_by(address: str) -> Opened:
    """What an address says. Raises `KeyError` when it is none."""
    scope, _, own = address.rpartition("/")
    found = _PART.fullmatch(own)
    if found is None:
        raise KeyError(address)
    return Opened(scope, found["step"], int(found["visit"] or 1), found["which"] or "", int(found["attempt"] or 1))


def step_address(plan: Plan, address: str) -> str:
    """The address of the step that is alone in a scope, for that of the scope: `cells[4]` is `cells[4]/cells`.

    A visit, `#2`, is the step's. Any other address is given back as it is.
    """
    place, mark, visit = address.rpartition("#")
    if not mark or not visit.isdigit():
        place, mark, visit = address, "", ""
    steps = steps_inside(plan, place)
    return f"{place}/{steps[0]}{mark}{visit}" if len(steps) == 1 else address


def steps_inside(plan: Plan, address: str) -> tuple[str, ...]:
    """The steps of an item, an iteration or a branch: one of several scopes of a step; () for any other address."""
    try:
        return tuple(step.id for step in scope_at(plan, address).steps) if opened_by(address).which else ()
    except KeyError:
        return ()


def handler_of(plan: Plan, name: str) -> ScopePlan | None:
    """`on_failure`, `on_cancel` or `finally`, if the workflow has it."""
    return {"on_failure": plan.on_failure, "on_cancel": plan.on_cancel, "finally": plan.finally_}.get(name)


def child_of(plan: Plan, key: str) -> Plan:
    """A workflow that steps of the execution's plan run, by its key. Raises `KeyError`."""
    for known, child in plan.children:
        if known == key:
            return child
    raise KeyError(key)


def workflow_at(plan: Plan, address: str) -> Plan | None:
    """The workflow whose own scope has this address: the execution's under "", or one that a step runs."""
    if not address:
        return plan
    opened = opened_by(address)
    step = _step_at(plan, opened)
    return child_of(plan, step.workflow) if step is not None and step.kind == "workflow" else None


def scope_at(plan: Plan, address: str) -> ScopePlan:
    """The plan of the scope at an address. Raises `KeyError`."""
    if not address:
        return plan.root
    opened = opened_by(address)
    if opened.step in HANDLERS and (workflow := workflow_at(plan, opened.scope)) is not None:
        found = handler_of(workflow, opened.step)
    else:
        found = _opened(plan, opened)
    if found is None:
        raise KeyError(address)
    return found


def _opened(plan: Plan, opened: Opened) -> ScopePlan | None:
    step = _step_at(plan, opened)
    if step is None or _FORMS.get(step.kind, "") != opened.which[:1]:
        return None
    if step.kind == "workflow":
        return child_of(plan, step.workflow).root
    return dict(bodies(step)).get(f".{opened.branch}" if opened.branch else "")


def _step_at(plan: Plan, opened: Opened) -> StepPlan | None:
    return next((step for step in scope_at(plan, opened.scope).steps if step.id == opened.step), None)
