"""Above the steps: what runs, how far it is, how long it has taken, and how long it may still take."""

from collections.abc import Iterable
from typing import Final

from treadle.cli.console import Marks
from treadle.cli.follow.span import Span, cut
from treadle.cli.follow.view import ACTIVE, DONE, PENDING, SKIPPED, ExecutionView, StepView
from treadle.cli.moments import duration

_WIDEST_BAR: Final = 40
_PERCENT: Final = 5
_ROOMY: Final = 50
"""Columns of a status line that does not have to save words."""
_WORTH_SAYING: Final = 1_000_000
"""Microseconds below which an estimate is noise."""
_NEARLY: Final = 0.95
"""Of a step that runs longer than usual: how much of it is taken for done."""
_WORDS: Final = {"running": "In progress", "closing": "Ending"}


def heading(view: ExecutionView, now: int, width: int, marks: Marks, *, tall: bool = True) -> list[list[Span]]:
    """Title, status line and bar; on a terminal of few lines, the title and the status in one."""
    title = view.title or view.workflow
    if not tall:
        rest = status_line(view, now, max(width // 2, width - len(title) - 2))
        return [[Span(cut(title, max(8, width - len(rest) - 2), marks), "bold"), Span("  " + rest[: width - 10])]]
    lines = [[Span(cut(title, width, marks), "bold")], [Span(status_line(view, now, width)[:width])]]
    return [*lines, bar(fraction_done(view, now), width, marks)]


def status_line(view: ExecutionView, now: int, width: int) -> str:
    """`In progress (step 4/8)  12m00s  ~8m00s left`, as much of it as fits."""
    top = view.top
    settled = sum(step.settled for step in top)
    at = min(settled + any(step.state in ACTIVE for step in top), len(top))
    word = _WORDS.get(view.status, view.status.capitalize())
    counted = f"(step {at}/{len(top)})" if width >= _ROOMY else f"({at}/{len(top)})"
    words = [f"{word} {counted}", duration(view.started_at, view.finished_at or now), estimate(view, now)]
    return _fitting(words, width)


def _fitting(words: Iterable[str], width: int) -> str:
    line = ""
    for word in (word for word in words if word):
        longer = f"{line}  {word}" if line else word
        if len(longer) > width and line:
            break
        line = longer
    return line


def estimate(view: ExecutionView, now: int) -> str:
    """What is left by the history of the workflow; that there is none, or that it takes longer than ever, is told."""
    usual = view.usual
    if usual is None or view.started_at is None or view.finished_at is not None:
        return ""
    if not usual.runs:
        return "no estimate yet"
    left = usual.total - _usual_moment(view, now)
    if left <= 0:
        return "longer than usual"
    return f"~{duration(0, left)} left" if left >= _WORTH_SAYING else ""


def _usual_moment(view: ExecutionView, now: int) -> int:
    """Where in a usual run this one is: what runs latest behind decides, however long it has taken so far."""
    usual, started = view.usual, view.started_at
    if usual is None or started is None:
        return 0
    moments = [
        usual.starts[step.address] + min(_spent(step, now), usual.durations[step.address])
        for step in view.top
        if step.state in ACTIVE and step.address in usual.starts and step.address in usual.durations
    ]
    return min(moments) if moments else now - started


def bar(fraction: float, width: int, marks: Marks) -> list[Span]:
    """A bar with its percentage."""
    room = max(4, min(_WIDEST_BAR, width - _PERCENT))
    percent = 100 if fraction >= 1 else min(99, round(fraction * 100))
    full = percent * room // 100
    return [Span(marks.full * full, "green"), Span(marks.empty * (room - full), "dim"), Span(f" {percent}%")]


def fraction_done(view: ExecutionView, now: int) -> float:
    """0.0 … 1.0: the workflow's steps, each as far as it is, weighed by how long they usually take if that is known."""
    if view.status == "completed":
        return 1.0
    top = view.top
    known = view.usual.durations if view.usual is not None else {}
    weigh = all(step.address in known or step.settled for step in top) and any(known.values())
    weights = [max(known.get(step.address, 0), 1) if weigh else 1 for step in top]
    done = sum(weight * _fraction(view, step, now) for weight, step in zip(weights, top, strict=True))
    return done / sum(weights) if top else 0.0


def _fraction(view: ExecutionView, step: StepView, now: int) -> float:
    if step.state in DONE or step.state in SKIPPED:
        return 1.0
    if step.state == PENDING or step.settled:
        return 0.0
    own = own_fraction(step)
    if own is not None:
        return own
    usually = view.usual.durations.get(step.address) if view.usual is not None else None
    return min(_NEARLY, _spent(step, now) / usually) if usually else 0.0


def _spent(step: StepView, now: int) -> int:
    return 0 if step.started_at is None else now - step.started_at


def own_fraction(step: StepView) -> float | None:
    """What a running step tells: by itself, by the parts of its work, or by the steps inside it; None when nothing."""
    if step.progress is not None:
        return min(max(step.progress, 0.0), 1.0)
    parts = [fraction for fraction, _ in step.parts.values() if fraction is not None]
    if parts:
        return min(max(sum(parts) / len(step.parts), 0.0), 1.0)
    if step.children and all(not (child.opened and child.opened.which) for child in step.children):
        return sum(child.settled for child in step.children) / len(step.children)
    return None
