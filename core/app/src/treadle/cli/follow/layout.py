"""From a view to lines that fit: any width from 30 columns, any height from 5 lines, any number of steps."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from treadle.cli.console import Marks
from treadle.cli.follow.view import ACTIVE, DONE, FAILED, PENDING, SKIPPED, ExecutionView, StepView
from treadle.cli.moments import duration

_TIME: Final = 6
_NOTE_MINIMUM: Final = 10
_BAR: Final = 10
_WORTH_SAYING: Final = 1_000_000
"""Microseconds below which an estimate is noise."""


class Span(NamedTuple):
    """A piece of a line; `style` is a style of `Terminal.paint`, or ""."""

    text: str
    style: str = ""


def lines(view: ExecutionView, now: int, width: int, height: int, marks: Marks) -> list[list[Span]]:
    """The whole picture: a head, the steps that fit, and counts when some do not."""
    steps = list(view.steps.values())
    room = max(1, height - 2)
    shown = steps if len(steps) <= room else _most_telling(steps, max(1, room - 1))
    rows = [head(view, now, width)] + [row(step, now, width, _name_width(shown, width), marks) for step in shown]
    if len(shown) < len(steps):
        rows.append([Span(_cut("  " + counts(steps), width, marks), "dim")])
    return rows


def head(view: ExecutionView, now: int, width: int) -> list[Span]:
    """Workflow, status, how many steps are settled, and the time."""
    settled = sum(step.state != PENDING and step.state not in ACTIVE for step in view.steps.values())
    parts = [view.status, f"{settled}/{len(view.steps)}", duration(view.started_at, view.finished_at or now)]
    rest = "  ".join(part for part in [*parts, _remaining(view, now)] if part)
    return [Span(view.workflow[: max(8, width - len(rest) - 2)], "bold"), Span("  " + rest[: max(0, width - 10)])]


def _remaining(view: ExecutionView, now: int) -> str:
    """An estimate from earlier runs; nothing when there were none, or this one already takes longer."""
    if view.expected is None or view.started_at is None or view.finished_at is not None:
        return ""
    left = view.expected - (now - view.started_at)
    return f"~{duration(0, left)} left" if left >= _WORTH_SAYING else ""


def row(step: StepView, now: int, width: int, name_width: int, marks: Marks) -> list[Span]:
    """One step: mark, name, time, and what else there is to say if it fits."""
    mark, style = _mark(step, marks)
    name = _cut(step.label, name_width, marks).ljust(name_width)
    spans = [Span(mark + " ", style), Span(name, "" if step.state != PENDING else "dim")]
    taken = duration(step.started_at, step.finished_at or now) if step.state != PENDING else ""
    used = len(mark) + 1 + name_width + 1 + _TIME
    if used <= width:
        spans.append(Span(" " + taken.rjust(_TIME), "dim"))
    text = note(step, now, marks)
    if text and width - used - 2 >= _NOTE_MINIMUM:
        spans.append(Span("  " + _cut(text, width - used - 2, marks), "red" if step.state in FAILED else "dim"))
    return spans


def note(step: StepView, now: int, marks: Marks) -> str:
    """What the mark and the time do not say."""
    if step.undone:
        return f"{step.undone}: {step.error}" if step.undone == "not undone" and step.error else step.undone
    if step.state == "retrying":
        wait = f" in {duration(now, step.due)}" if step.due is not None and step.due > now else ""
        return f"retry {step.attempt + 1}{wait}" + (f": {step.error}" if step.error else "")
    if step.state == "running":
        return "  ".join(part for part in (_progress(step), step.message, _attempt(step)) if part)
    if step.state in FAILED:
        return " ".join(part for part in (step.error or step.state.replace("_", " "), _route(step, marks)) if part)
    return _route(step, marks) if step.state in DONE else step.reason


def _attempt(step: StepView) -> str:
    return f"attempt {step.attempt}" if step.attempt > 1 else ""


def _route(step: StepView, marks: Marks) -> str:
    return f"{marks.running} {', '.join(step.routed)}" if step.routed else ""


def _progress(step: StepView) -> str:
    if step.progress is None:
        return ""
    full = round(min(max(step.progress, 0.0), 1.0) * _BAR)
    return f"[{'#' * full}{'-' * (_BAR - full)}] {step.progress:.0%}"


def _mark(step: StepView, marks: Marks) -> tuple[str, str]:
    if step.undone in ("undone", "undoing"):
        return marks.undone, "yellow"
    for states, mark, style in (
        (DONE, marks.done, "green"),
        (FAILED, marks.failed, "red"),
        (SKIPPED, marks.skipped, "dim"),
        (ACTIVE, marks.running, "cyan"),
    ):
        if step.state in states:
            return mark, style
    return marks.pending, "dim"


def _name_width(steps: Sequence[StepView], width: int) -> int:
    longest = max((len(step.label) for step in steps), default=0)
    return max(4, min(longest, width // 2 if width > 2 * longest else width - _TIME - 4))


def _most_telling(steps: Sequence[StepView], room: int) -> list[StepView]:
    """What runs, what failed, then the latest that settled and the next that wait; in the order of the list."""
    ranked = sorted(range(len(steps)), key=lambda index: _rank(steps[index], index))
    return [steps[index] for index in sorted(ranked[:room])]


def _rank(step: StepView, index: int) -> tuple[int, int]:
    if step.state in ACTIVE:
        return 0, index
    if step.state in FAILED:
        return 1, index
    return (2, -(step.finished_at or 0)) if step.state != PENDING else (3, index)


def counts(steps: Sequence[StepView]) -> str:
    """`180 succeeded, 3 running, 17 pending`."""
    found = Counter(step.state for step in steps)
    return ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in found.most_common())


def _cut(text: str, width: int, marks: Marks) -> str:
    return text if len(text) <= width else text[: max(0, width - len(marks.ellipsis))] + marks.ellipsis
