"""Which steps of an execution are worth a line, and where: what is over is folded into the step around it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from treadle.cli.follow.view import ACTIVE, FAILED, PENDING, ExecutionView, StepView

_NUMBERED: Final = "["
"""How the items of `for_each` and `matrix` begin."""


class Branch(NamedTuple):
    """One line of the tree: a step, or a part of its work by name; `depth` is 0 at the top."""

    step: StepView
    depth: int = 0
    part: str = ""


def branches(view: ExecutionView) -> Iterator[Branch]:
    """All lines, in the order to show."""
    for step in view.steps.values():
        if step.opened is None:
            yield from _with_children(step, 0)


def _with_children(step: StepView, depth: int) -> Iterator[Branch]:
    yield Branch(step, depth)
    if step.state in ACTIVE:
        yield from (Branch(step, depth + 1, part) for part in step.parts)
    if step.children and (step.state in ACTIVE or step.state in FAILED):
        latest = max((_number(child) for child in step.children), default=0)
        for child in step.children:
            if _is_shown(child, step, latest):
                yield from _with_children(child, depth + 1)


def _is_shown(child: StepView, around: StepView, latest: int) -> bool:
    """Of the visit that is shown, and of a loop's iterations the last, of many items those that run or failed."""
    opened = child.opened
    if opened is None or opened.visit != max(around.visit, 1):
        return False
    if opened.which.startswith(":"):
        return opened.number == latest
    return not opened.which.startswith(_NUMBERED) or child.state in ACTIVE or child.state in FAILED


def _number(step: StepView) -> int:
    return step.opened.number if step.opened is not None else 0


def folded(step: StepView) -> str:
    """What the steps inside a step come to: `3/5`, `iteration 2`, `7 items`."""
    inside = [child for child in step.children if child.opened and child.opened.visit == max(step.visit, 1)]
    if not inside or step.state == PENDING:
        return ""
    which = {child.opened.which for child in inside if child.opened}
    first = next(iter(which))
    if first.startswith(":"):
        return f"iteration {max(map(_number, inside))}"
    if first.startswith(_NUMBERED):
        open_ = {child.opened.which for child in inside if child.opened and not child.settled}
        return f"{len(which) - len(open_)} of {len(which)} items so far" if step.state in ACTIVE else _items(len(which))
    return f"{sum(child.settled for child in inside)}/{len(inside)}"


def _items(count: int) -> str:
    return f"{count} item{'s' if count > 1 else ''}"
