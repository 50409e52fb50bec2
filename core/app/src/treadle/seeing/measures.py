"""The figures of an execution: what its steps published under the names that their outputs are marked with."""

from collections.abc import Iterable, Mapping

from treadle_engine.addresses import scope_at
from treadle_engine.plan import Plan
from treadle_hookspecs import Figure, StepRow, read_figures


def figures_of(plan: Plan, rows: Iterable[StepRow]) -> list[Figure]:
    """The figures of visits, in their order; those of the steps of sub-workflows are among them."""
    marks: dict[str, Mapping[str, tuple[tuple[str, str], ...]]] = {}
    found = []
    for row in rows:
        scope, _, step = row.address.rpartition("/")
        if scope not in marks:
            marks[scope] = {it.id: it.figures for it in scope_at(plan, scope).steps}
        read = read_figures(marks[scope].get(step, ()), row.outputs)
        found += [Figure(name, value, row.address, row.visit) for name, value in read.items()]
    return found
