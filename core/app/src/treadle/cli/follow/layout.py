"""From a view to lines that fit: any width from 30 columns, any height from 5 lines, any number of steps."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from treadle.cli.console import Marks
from treadle.cli.follow.heading import heading, own_fraction
from treadle.cli.follow.span import Span, cut
from treadle.cli.follow.tree import Branch, branches, folded
from treadle.cli.follow.view import ACTIVE, DONE, FAILED, PENDING, SKIPPED, ExecutionView, StepView
from treadle.cli.moments import duration

__all__ = ["Span", "counts", "lines", "note", "row"]

_TIME: Final = 6
_NOTE_MINIMUM: Final = 10
_BAR: Final = 10
_INDENT: Final = 2
_TALL: Final = 12
"""Lines from which on there is room for a heading of three."""


def lines(view: ExecutionView, now: int, width: int, height: int, marks: Marks) -> list[list[Span]]:
    """The whole picture: a heading, the steps that fit, and counts when some do not."""
    head = heading(view, now, width, marks, tall=height >= _TALL)
    tree = list(branches(view))
    room = max(1, height - 1 - len(head))
    shown = tree if len(tree) <= room else _most_telling(tree, max(1, room - 1))
    names = _name_width([_title(branch) for branch in shown], width)
    rows = [_branch(view, branch, now, width, names, marks) for branch in shown]
    if len(shown) < len(tree):
        rows.append([Span(cut("  " + counts(list(view.steps.values())), width, marks), "dim")])
    return [*head, *rows]


def _title(branch: Branch) -> str:
    return " " * _INDENT * branch.depth + (branch.part or branch.step.title)


def _branch(view: ExecutionView, branch: Branch, now: int, width: int, name_width: int, marks: Marks) -> list[Span]:
    if branch.part:
        return _part(branch, width, marks)
    usually = view.usual.durations.get(branch.step.address) if view.usual is not None else None
    return row(branch.step, now, width, name_width, marks, title=_title(branch), usually=usually)


def _part(branch: Branch, width: int, marks: Marks) -> list[Span]:
    """`  - UserService: 80% writing tests`."""
    fraction, message = branch.step.parts[branch.part]
    told = " ".join(word for word in ("" if fraction is None else f"{fraction:.0%}", message) if word)
    return [Span(cut(f"{' ' * _INDENT * branch.depth}- {branch.part}: {told}".rstrip(": "), width, marks), "dim")]


def row(
    step: StepView,
    now: int,
    width: int,
    name_width: int,
    marks: Marks,
    *,
    title: str = "",
    usually: int | None = None,
) -> list[Span]:
    """One step: mark, name, time, and what else there is to say if it fits. Default of `title`: its address."""
    mark, style = _mark(step, marks)
    title = title or step.label
    indent = len(title) - len(title.lstrip())
    name = cut(title[indent:], name_width - indent, marks).ljust(name_width - indent)
    spans = [Span(" " * indent + mark + " ", style), Span(name, "" if step.state != PENDING else "dim")]
    taken = duration(step.started_at, step.finished_at or now) if step.state != PENDING else ""
    used = len(mark) + 1 + name_width + 1 + _TIME
    if used <= width:
        spans.append(Span(" " + taken.rjust(_TIME), "dim"))
    text = note(step, now, marks, usually)
    if text and width - used - 2 >= _NOTE_MINIMUM:
        spans.append(Span("  " + cut(text, width - used - 2, marks), "red" if step.state in FAILED else "dim"))
    return spans


def note(step: StepView, now: int, marks: Marks, usually: int | None = None) -> str:
    """What the mark and the time do not say."""
    if step.undone:
        return f"{step.undone}: {step.error}" if step.undone == "not undone" and step.error else step.undone
    if step.state == "retrying":
        wait = f" in {duration(now, step.due)}" if step.due is not None and step.due > now else ""
        return f"retry {step.attempt + 1}{wait}" + (f": {step.error}" if step.error else "")
    if step.state == "running":
        return _running(step, usually)
    if step.state in FAILED:
        return " ".join(part for part in (step.error or step.state.replace("_", " "), _route(step, marks)) if part)
    return (
        "  ".join(part for part in (folded(step), _route(step, marks)) if part) if step.state in DONE else step.reason
    )


def _running(step: StepView, usually: int | None) -> str:
    told = [_progress(step), step.message, folded(step), f"attempt {step.attempt}" if step.attempt > 1 else ""]
    told = [part for part in told if part]
    return "  ".join(told) if told or not usually else f"usually {duration(0, usually)}"


def _route(step: StepView, marks: Marks) -> str:
    return f"{marks.running} {', '.join(step.routed)}" if step.routed else ""


def _progress(step: StepView) -> str:
    fraction = own_fraction(step) if step.parts or step.progress is not None else None
    if fraction is None:
        return ""
    full = round(fraction * _BAR)
    return f"[{'#' * full}{'-' * (_BAR - full)}] {fraction:.0%}"


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


def _name_width(titles: Sequence[str], width: int) -> int:
    longest = max(map(len, titles), default=0)
    return max(4, min(longest, width // 2 if width > 2 * longest else width - _TIME - 4))


def _most_telling(tree: Sequence[Branch], room: int) -> list[Branch]:
    """What runs, what failed, then the latest that settled and the next that wait; in the order of the tree."""
    ranked = sorted(range(len(tree)), key=lambda index: _rank(tree[index], index))
    return [tree[index] for index in sorted(ranked[:room])]


def _rank(branch: Branch, index: int) -> tuple[int, int, int]:
    step = branch.step
    if branch.part:
        return 2, 0, index
    if step.state in ACTIVE:
        return 0, 0, index
    if step.state in FAILED:
        return 1, 0, index
    return (3, -(step.finished_at or 0), index) if step.state != PENDING else (4, 0, index)


def counts(steps: Sequence[StepView]) -> str:
    """`180 succeeded, 3 running, 17 pending`."""
    found = Counter(step.state for step in steps)
    return ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in found.most_common())
