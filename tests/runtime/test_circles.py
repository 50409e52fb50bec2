"""Two groups entered in opposite orders: it is said who waits for whom, and cancelling one lets the other go on."""

from collections.abc import Callable
from typing import Any

import pytest
from treadle import Treadle
from treadle.cli.console import Terminal
from treadle.cli.describe import status_lines
from treadle.runtime.circles import circle, told
from treadle_hookspecs import Slot

Write = Callable[..., str]

BOTH_WAYS = """
concurrency: {outer}
steps:
  - {{id: hear, wait_for: {{signal: go}}}}
  - {{id: load, uses: bench/note, concurrency: {inner}}}
"""


@pytest.fixture
def stuck(open_treadle: Callable[..., Treadle], write: Write) -> tuple[Treadle, str, str]:
    """A facade and two executions: the first has `api` and wants `db`, the second has `db` and wants `api`."""
    treadle = open_treadle(wait=0)
    first = treadle.run(write(BOTH_WAYS.format(outer="api", inner="db"), "first")).id
    second = treadle.run(write(BOTH_WAYS.format(outer="db", inner="api"), "second")).id
    assert treadle.signal(first, "go").status == "waiting"
    assert "wait for each other" not in waiting_for(treadle, first)
    assert treadle.signal(second, "go").status == "waiting"
    return treadle, first, second


def waiting_for(treadle: Treadle, execution: str) -> str:
    (waits,) = treadle.waiting(execution)
    assert (waits.kind, waits.address) == ("slots", "load#1")
    return str(waits.asked["line"])


def test_who_waits_for_whom_is_said_everywhere(stuck: tuple[Treadle, str, str]) -> None:
    treadle, first, second = stuck
    line = waiting_for(treadle, first)
    assert f"next for a place in `db` (1 in all), held by {second}" in line
    assert f"`load#1` of {first} wants `db`, which {second} has" in line
    assert f"`load#1` of {second} wants `api`, which {first} has" in line
    (status,) = treadle.status(second).waiting
    assert "they wait for each other until one is cancelled" in str(status["line"])
    assert sorted(status["commands"]) == sorted([f"treadle cancel {first}", f"treadle cancel {second}"])  # type: ignore[arg-type]
    shown = status_lines(treadle.status(second), Terminal())
    assert [line for line in shown if line.startswith("load#1 is next for a place in `api`") and first in line]
    reasons = " ".join(reason.text for reason in treadle.why(first, "load").reasons)
    assert f"which {second} has" in reasons


def test_cancelling_one_lets_the_other_go_on(stuck: tuple[Treadle, str, str], bench: Any) -> None:
    treadle, first, second = stuck
    assert treadle.cancel(second).status == "cancelled"
    assert treadle.status(first).status == "completed"
    assert [address for address, _ in bench.calls] == ["load#1.1"]
    assert list(treadle.store.slots()) == []


class Places:
    """A store of places and nothing else."""

    def __init__(self, *slots: tuple[str, str, str, int, bool]) -> None:
        self._slots = [
            Slot(execution, holder, group, limit, number, number if held else None)
            for number, (execution, holder, group, limit, held) in enumerate(slots, start=1)
        ]

    def slots(self, execution: str = "", group: str = "") -> list[Slot]:
        return [slot for slot in self._slots if execution in ("", slot.execution) and group in ("", slot.group)]


def links(store: Any, execution: str, holder: str) -> list[tuple[str, str]]:
    return [(slot.execution, slot.group) for slot in circle(store, execution, holder)]


def test_a_line_is_no_circle() -> None:
    store = Places(
        ("x", "", "a", 1, True), ("y", "s#1", "a", 1, False), ("y", "", "b", 1, True), ("z", "", "b", 1, False)
    )
    assert links(store, "z", "") == []
    assert told(circle(store, "z", "")) == ""  # type: ignore[arg-type]


def test_a_circle_of_three_and_who_waits_outside_of_it() -> None:
    store = Places(
        *((who, "", group, 1, True) for who, group in zip("xyz", "abc", strict=True)),
        ("x", "s#1", "b", 1, False),
        ("y", "s#1", "c", 1, False),
        ("z", "s#1", "a", 1, False),
        ("w", "", "a", 1, False),
    )
    assert links(store, "x", "s#1") == [("x", "b"), ("y", "c"), ("z", "a")]
    assert links(store, "w", "") == [("x", "b"), ("y", "c"), ("z", "a")]


def test_a_second_place_that_can_come_free_is_no_circle() -> None:
    waits = (("x", "s#1", "b", 2, False), ("y", "s#1", "a", 1, False))
    held = (("x", "", "a", 1, True), ("y", "", "b", 2, True))
    assert links(Places(*held, *waits), "x", "s#1") == []
    assert links(Places(*held, ("f", "", "b", 2, True), *waits), "x", "s#1") == []
    stuck = Places(*held, ("y", "t#1", "b", 2, True), *waits)
    assert links(stuck, "x", "s#1") == []  # the step `t` of y can end, and gives its place up


def test_only_what_is_inside_of_a_holder_keeps_it() -> None:
    waits = (("x", "g#2/s#1", "b", 1, False), ("y", "h/i:3/s#1", "a", 1, False))
    assert links(Places(("x", "g#2", "a", 1, True), ("y", "h#1", "b", 1, True), *waits), "x", "g#2/s#1") == [
        ("x", "b"),
        ("y", "a"),
    ]
    assert links(Places(("x", "g#1", "a", 1, True), ("y", "h#1", "b", 1, True), *waits), "x", "g#2/s#1") == []


def test_a_workflow_that_is_waited_for_has_its_own_places(
    open_treadle: Callable[..., Treadle], write: Write, bench: Any
) -> None:
    """Two parents that have nothing in common, and a child that says that it runs alone."""
    treadle = open_treadle(wait=0)
    write(
        "inputs: {env: {default: test}}\nconcurrency: 'deploy-{{ inputs.env }}'\n"
        "steps:\n  - {id: hear, wait_for: {signal: go}}\n",
        "child",
    )
    parent = write("steps:\n  - {id: call, workflow: child, with: {env: prod}}\n", "parent")
    first, second = treadle.run(parent), treadle.run(parent)
    assert [(slot.execution, slot.holder, slot.group) for slot in treadle.slots()] == [
        (first.id, "call#1", "deploy-prod"),
        (second.id, "call#1", "deploy-prod"),
    ]
    assert [wait.kind for wait in treadle.waiting(second.id)] == ["slots"]
    assert treadle.signal(first.id, "go").status == "completed"
    assert [wait.kind for wait in treadle.waiting(second.id)] == ["signal"]
    assert treadle.signal(second.id, "go").status == "completed"
    assert list(treadle.store.slots()) == []


def test_a_workflow_never_waits_for_its_parent(open_treadle: Callable[..., Treadle], write: Write, bench: Any) -> None:
    treadle = open_treadle(wait=0)
    write("concurrency: deploy\nsteps:\n  - {id: note, uses: bench/note}\n", "child")
    status = treadle.run(write("concurrency: deploy\nsteps:\n  - {id: call, workflow: child}\n", "parent"))
    assert status.status == "completed"
    detached = write("concurrency: deploy\nsteps:\n  - {id: call, workflow: child, detached: true}\n", "apart")
    assert treadle.run(detached).status == "completed"
    assert [row.status for row in treadle.executions()] == ["completed"] * 3


def test_a_group_of_a_workflow_that_is_no_name_fails_the_step(treadle: Treadle, write: Write) -> None:
    write("inputs: {env: {}}\nconcurrency: '{{ inputs.env }}'\nsteps:\n  - {id: note, uses: bench/note}\n", "child")
    status = treadle.run(write("steps:\n  - {id: call, workflow: child}\n", "parent"))
    assert status.status == "failed"
    assert status.error is not None
    assert (status.error["step"], status.error["type"]) == ("call", "concurrency")
