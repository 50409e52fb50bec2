"""Addresses of scope instances: `group`, `group#2` (second visit), `loop:3`, `items[2]`, `race.left`, `group/inner`."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from treadle_engine.plan import HANDLERS, Plan, ScopePlan, bodies

_PART: Final = re.compile(
    r"(?P<step>[^#:\[.]+)(?:#(?P<visit>[1-9][0-9]*))?(?P<which>:[1-9][0-9]*|\[[1-9][0-9]*\]|\.[^/.]+)?"
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

    @property
    def address(self) -> str:
        """The scope instance's."""
        own = f"{self.step}{self.which}" if self.visit == 1 else f"{self.step}#{self.visit}{self.which}"
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
    return Opened(scope, found["step"], int(found["visit"] or 1), found["which"] or "")


def handler_of(plan: Plan, name: str) -> ScopePlan | None:
    """`on_failure`, `on_cancel` or `finally`, if the workflow has it."""
    return {"on_failure": plan.on_failure, "on_cancel": plan.on_cancel, "finally": plan.finally_}.get(name)


def scope_at(plan: Plan, address: str) -> ScopePlan:
    """The plan of the scope at an address. Raises `KeyError`."""
    if address and address not in HANDLERS:
        opened = opened_by(address)
        step = next((step for step in scope_at(plan, opened.scope).steps if step.id == opened.step), None)
        fits = step is not None and _FORMS.get(step.kind, "") == opened.which[:1]
        found = (
            dict(bodies(step)).get(f".{opened.branch}" if opened.branch else "") if step is not None and fits else None
        )
    else:
        found = handler_of(plan, address) if address else plan.root
    if found is None:
        raise KeyError(address)
    return found
