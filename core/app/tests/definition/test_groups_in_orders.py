"""Groups that are entered in both orders are told of where one definition, or a family of them, shows it."""

from collections.abc import Callable

import pytest
from treadle.definition import Problem

Problems = Callable[[str], tuple[Problem, ...]]

A_IN_B = "{id: one, concurrency: b, steps: [{id: in-one, run: x, concurrency: a}]}"
B_IN_A = "{id: two, concurrency: a, steps: [{id: in-two, run: x, concurrency: b}]}"


def told(problems: Problems, text: str) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in problems(text) if one.code == "TRD0119"]


def test_two_steps_that_enter_two_groups_both_ways(problems: Problems) -> None:
    assert told(problems, f"steps:\n  - {A_IN_B}\n  - {B_IN_A}\n") == [
        (5, "`b` is waited for inside of `a` here, and the other way round at line 4")
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"steps:\n  - {A_IN_B}\n",
        f"steps:\n  - {A_IN_B}\n  - {A_IN_B.replace('one', 'two')}\n",
        f"concurrency: [a, b]\nsteps:\n  - {A_IN_B}\n  - {B_IN_A}\n",
        f"concurrency: a\nsteps:\n  - {A_IN_B}\n",
        "steps:\n  - {id: one, run: x, concurrency: [a, b]}\n  - {id: two, run: x, concurrency: [b, a]}\n",
        "steps:\n  - {id: one, run: x, concurrency: a}\n  - {id: two, run: x, concurrency: b}\n",
    ],
)
def test_one_order_or_both_at_once_is_fine(problems: Problems, text: str) -> None:
    assert told(problems, text) == []


def test_workflows_that_steps_run_are_looked_into(problems: Problems, library: object) -> None:
    folder = library._folder  # type: ignore[attr-defined]
    (folder / "child.yaml").write_text(
        "treadle: 1\nname: child\nconcurrency: a\nsteps:\n  - {id: s, run: x, concurrency: b}\n"
    )
    call = "{id: call, workflow: child}"
    assert [line for line, _ in told(problems, f"steps:\n  - {call}\n  - {A_IN_B}\n")] == [5]
    assert [line for line, _ in told(problems, f"steps:\n  - {A_IN_B}\n  - {call}\n")] == [5]
    assert told(problems, f"concurrency: b\nsteps:\n  - {call}\n") == []  # b is had already where s wants it
    apart = call.replace("child}", "child, detached: true}")
    assert [
        line
        for line, _ in told(problems, f"concurrency: b\nsteps:\n  - {apart}\n  - {{id: t, run: x, concurrency: a}}\n")
    ] == [6]
