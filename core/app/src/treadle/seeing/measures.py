"""The figures of an execution: what its steps published under the names that their outputs are marked with."""

import re
from collections.abc import Iterable
from typing import Final

from treadle_engine.plan import Plan, steps_within
from treadle_hookspecs import Figure, StepRow, read_figures

_NUMBERS: Final = re.compile(r"#\d+|:\d+|\[\d+\]")
"""In an address: which visit, iteration or item."""


def figures_of(plan: Plan, rows: Iterable[StepRow]) -> list[Figure]:
    """The figures of visits, in their order."""
    handlers = (("on_failure/", plan.on_failure), ("on_cancel/", plan.on_cancel), ("finally/", plan.finally_))
    scopes = (("", plan.root), *((inside, scope) for inside, scope in handlers if scope is not None))
    marks = {path: step.figures for inside, scope in scopes for path, step in steps_within(scope, inside)}
    return [
        Figure(name, value, row.address, row.visit)
        for row in rows
        for name, value in read_figures(marks.get(_NUMBERS.sub("", row.address), ()), row.outputs).items()
    ]
