"""`treadle why`: which rule, which need, which value."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.cli import options, shapes
from treadle.cli.console import Terminal, printable
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.seeing import Explanation, Neighbour, Reason


def why(
    ctx: typer.Context,
    execution: options.ExecutionId,
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="A step, e.g. test or finally/clean; test#2 is its second visit.")
    ],
    json_output: options.JsonOutput = False,
) -> None:
    """Say why a step ran, was skipped, blocked, failed or was undone, or what it waits for.

    Each reason names the rule of the language, the event of the log, the states of its needs, and what its expressions
    saw. Sensitive values are masked.
    """
    session: Session = ctx.obj
    found = session.treadle.why(execution, step)
    if json_output:
        session.terminal.data(shapes.text(found.to_json()))
    else:
        session.terminal.data("\n".join(lines(found, session.terminal)))


def lines(found: "Explanation", terminal: Terminal) -> Iterator[str]:
    """The explanation for a person."""
    how = found.outcome if found.outcome not in ("", "success", "failure") else ""
    head = terminal.paint(found.label, "bold", data=True)
    yield f"{head}: {found.state}{f' ({how})' if how else ''}"
    width = max((len(_rule(reason)) for reason in found.reasons), default=0)
    for reason in found.reasons:
        yield from _reason(reason, width, terminal)
    others = [f"{found.step}#{visit}" for visit in found.visits if visit != found.visit]
    if others:
        yield terminal.paint(f"other visits: {', '.join(others)}", "dim", data=True)


def _reason(reason: "Reason", width: int, terminal: Terminal) -> Iterator[str]:
    rule = terminal.paint(_rule(reason).ljust(width), "cyan", data=True)
    first, *more = printable(reason.text).splitlines() or [""]
    event = terminal.paint(f"  [event {reason.seq}]", "dim", data=True) if reason.seq else ""
    yield f"  {rule}  {first}{event}"
    margin = " " * (width + 6)
    yield from (f"{margin}{line}" for line in more)
    yield from (f"{margin}{_neighbour(one)}" for one in reason.neighbours)
    for name, value in reason.values.items():
        yield f"{margin}{name} = {printable(shapes.line_of(value))}"


def _rule(reason: "Reason") -> str:
    """The rule's number and title; a heading of the language's fine print stands for itself."""
    from treadle.seeing.explanation import TITLES

    return f"{reason.rule} {TITLES[reason.rule]}" if reason.rule in TITLES else reason.rule.lower()


def _neighbour(one: "Neighbour") -> str:
    counts = f", counts as {one.counts_as}" if one.counts_as not in ("", one.state) else ""
    note = f" ({one.note})" if one.note else ""
    return f"{one.edge} {one.step}: {one.state}{counts}{note}"
