"""Steps in items, cells and rounds by their addresses, in all that takes one; and what a step is that may run again."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from treadle import Treadle
from treadle.cli.follow.view import ExecutionView
from treadle_hookspecs import Event, TreadleError

Write = Callable[..., str]


def test_cells_and_rounds_have_addresses_in_every_command(treadle: Treadle, write: Write, bench: Any) -> None:
    status = treadle.run(
        write("""
steps:
  - id: mx
    matrix: {os: [a, b], py: [1, 2]}
    uses: bench/note
    with: {value: "{{ matrix.os }}{{ matrix.py }}"}
    retry: {max_attempts: 1}
  - id: each
    for_each: [1, 2]
    steps: [{id: build, uses: bench/noop}, {id: test, uses: bench/noop}]
""")
    )
    assert treadle.why(status.id, "mx[4]").step == "mx[4]/mx"
    assert treadle.why(status.id, "mx[4]#1").visit == 1
    assert treadle.why(status.id, "each[2]/test").state == "succeeded"
    with pytest.raises(TreadleError, match=r"`each\[2\]` has 2 steps") as refused:
        treadle.why(status.id, "each[2]")
    assert refused.value.suggestions == ("its steps are each[2]/build, each[2]/test",)
    assert list(treadle.logs(status.id, "mx[4]")) == []
    with pytest.raises(TreadleError, match="has no step `mxx") as refused:
        list(treadle.logs(status.id, "mxx"))
    assert (refused.value.exit_code, refused.value.suggestions) == (3, ("did you mean `mx`?",))
    again = treadle.retry(status.id, ["mx[4]"])
    assert again.status == "completed"
    assert [value for _, value in bench.calls[4:]] == ["b2"]


HELD = """
steps:
  - {id: mx, matrix: {n: [1]}, uses: bench/hold}
"""


def interrupted(treadle: Treadle, bench: Any, path: str) -> str:
    """The id of an execution whose cells were cut off."""

    async def main() -> str:
        task = asyncio.ensure_future(treadle.run_async(path))
        await asyncio.to_thread(bench.gate.wait, 20)
        treadle._local().stop_all("test")
        return (await task).id

    found = asyncio.run(main())
    bench.gate.clear()
    return found


@pytest.mark.parametrize("address", ["mx[1]", "mx[1]#1", "mx[1]/mx", "mx[1]/mx#1", "mx"])
def test_what_was_interrupted_is_answered_by_any_of_its_names(
    treadle: Treadle, write: Write, bench: Any, address: str
) -> None:
    execution = interrupted(treadle, bench, write(HELD))
    assert [question["address"] for question in treadle.status(execution).questions] == ["mx[1]/mx#1"]
    status = treadle.resume(execution, interrupted={address: "fail"})
    assert status.steps["mx[1]/mx"]["error"]["type"] == "interrupted"  # type: ignore[index, call-overload]
    assert status.status == "failed"


def test_an_answer_for_nothing_that_was_interrupted_is_refused(treadle: Treadle, write: Write, bench: Any) -> None:
    execution = interrupted(treadle, bench, write(HELD))
    with pytest.raises(TreadleError, match=r"no visit of `mxx\[1\]` in execution \w+ was interrupted") as refused:
        treadle.resume(execution, interrupted={"mxx[1]": "fail"})
    assert refused.value.exit_code == 3
    assert refused.value.suggestions[0].startswith("did you mean `mx[1]/mx")
    assert treadle.resume(execution, interrupted={"": "fail"}).status == "failed"


AGAIN = """
steps:
  - {id: test, uses: bench/noop, switch: [{when: steps.test.visit < 2, goto: fix}, {goto: report}]}
  - {id: fix, uses: bench/noop, on_success: test}
  - {id: report, uses: bench/noop}
"""


def test_a_step_that_might_have_run_again_stays_as_its_last_visit_left_it(treadle: Treadle, write: Write) -> None:
    view, heard = ExecutionView(), list[Event]()
    status = treadle.run(write(AGAIN), listener=heard.append)
    for event in heard:
        view.apply(event)
    assert status.status == "completed"
    assert any(event.type == "visit_skipped" and event.step == "fix" for event in heard)
    assert (status.steps["fix"]["state"], status.steps["fix"]["visits"]) == ("succeeded", 1)
    assert view.step("fix").state == "succeeded"
    assert treadle.why(status.id, "fix").state == "succeeded"
