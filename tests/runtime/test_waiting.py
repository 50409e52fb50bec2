"""Executions that wait, on a real store: who drives them on, what is said to them, and what survives a lost process."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle.runtime.clock import now
from treadle_engine import events as kinds
from treadle_engine.plan import Approval
from treadle_hookspecs import ExitCode, Signal, TreadleError

SHIP = """
treadle: 1
name: ship
steps:
  - id: build
    run: echo built >> trace
  - id: ask
    approval:
      prompt: Ship?
      form:
        version: {type: integer, required: true}
        token: {type: string, sensitive: true}
  - id: ship
    run: echo shipping {{ steps.ask.outputs.version }} >> trace
"""
HEAR = """
treadle: 1
name: hear
steps:
  - id: one
    wait_for: {signal: go}
  - id: two
    wait_for: {event: pushed, match: event.data.branch == 'main'}
  - id: done
    run: echo {{ steps.one.outputs.n }} {{ steps.two.outputs.branch }} >> trace
"""
COOL = """
treadle: 1
name: cool
inputs: {pause: {type: string, default: 10m}}
steps:
  - id: cool
    wait: "{{ inputs.pause }}"
  - id: done
    run: echo done >> trace
"""


@pytest.fixture
def facade(tmp_path: Path) -> Iterator[Treadle]:
    (tmp_path / "project/workflows").mkdir(parents=True)
    for name, text in (("ship", SHIP), ("hear", HEAR), ("cool", COOL)):
        (tmp_path / f"project/workflows/{name}.yaml").write_text(text)
    with Treadle(tmp_path / "project", overrides={"home": str(tmp_path / "home")}) as treadle:
        yield treadle


@pytest.fixture
def trace(tmp_path: Path) -> Callable[[], list[str]]:
    return lambda: (tmp_path / "project/trace").read_text().splitlines()


def becomes_due(facade: Treadle, execution: str) -> None:
    """Let the time of a wait come."""
    while execution not in facade.store.due(now()):
        facade.store.watch(0.05)


def refused(error: Any) -> tuple[int, str]:
    return error.value.exit_code, str(error.value)


def test_an_approval_rests_and_its_answer_goes_on(facade: Treadle, trace: Callable[[], list[str]]) -> None:
    status = facade.run("ship")
    assert (status.status, status.exit_code) == ("waiting", ExitCode.WAITING)
    assert status.steps["ask"]["state"] == "waiting"
    (waiting,) = facade.waiting(status.id)
    assert (waiting.kind, waiting.address, waiting.asked["prompt"]) == ("approval", "ask#1", "Ship?")
    assert waiting.commands[0] == f"treadle approve {status.id} --data version=…"
    assert not facade.store.claimed(status.id)
    ended = facade.approve(status.id, data={"version": "7", "token": "tangerine-otter"}, comment="fine")
    assert ended.status == "completed"
    assert trace() == ["built", "shipping 7"]
    assert list(facade.waiting()) == []
    assert list(facade.store.waits()) == []
    assert list(facade.doctor()) == []


def test_what_is_sensitive_in_a_form_is_nowhere_on_the_disk(facade: Treadle, tmp_path: Path) -> None:
    status = facade.run("ship")
    facade.approve(status.id, data={"version": 1, "token": "tangerine-otter-7731"}, run=False)
    assert facade.status(status.id).status == "waiting"
    facade.resume(status.id)
    assert facade.status(status.id).steps["ask"]["outputs"]["token"] != "tangerine-otter-7731"
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not [path for path in files if b"tangerine-otter-7731" in path.read_bytes()]


def test_the_form_is_checked_before_anything_is_written(facade: Treadle) -> None:
    status = facade.run("ship")
    for data, why in (({}, "`version`: it is required"), ({"version": "x"}, "cannot be read"), ({"v": 1}, "no such")):
        with pytest.raises(TreadleError) as error:
            facade.approve(status.id, data=data)
        assert refused(error)[0] == ExitCode.USAGE
        assert why in str(error.value)
    assert facade.store.inbox([status.id]) == []


def test_the_second_answer_is_told_so(facade: Treadle) -> None:
    status = facade.run("ship")
    facade.reject(status.id, by="bob", comment="no")
    with pytest.raises(TreadleError) as error:
        facade.approve(status.id, data={"version": 1})
    assert refused(error)[0] == ExitCode.CONFLICT
    other = facade.run("ship")
    facade.approve(other.id, data={"version": 1}, by="bob", run=False)
    with pytest.raises(TreadleError) as error:
        facade.reject(other.id, by="carol")
    assert refused(error) == (ExitCode.CONFLICT, f"bob has answered already: ask was approved of {other.id}")


def test_two_answers_at_once_one_wins(facade: Treadle) -> None:
    """Both have been checked before either was heard: the log says which came first."""
    status = facade.run("ship")
    said = {"name": "approved", "step": "ask#1", "data": {"version": 1}}
    facade.store.send([Signal(status.id, "answer", {**said, "by": name}) for name in ("bob", "carol")])
    assert facade.resume(status.id).status == "completed"
    heard = [event.data for event in facade.history(status.id) if event.type == kinds.SIGNAL_RECEIVED]
    assert [(data["by"], data.get("refused", "")) for data in heard] == [
        ("bob", ""),
        ("carol", "ask#1 does not wait for an answer"),
    ]
    assert facade.store.inbox([status.id]) == []


def test_signals_and_events_come_early_and_late(facade: Treadle, trace: Callable[[], list[str]]) -> None:
    status = facade.run("hear")
    facade.emit("pushed", {"branch": "main"})
    assert facade.status(status.id).status == "waiting"
    assert facade.signal(status.id, "go", {"n": 5}).status == "completed"
    assert trace() == ["5 main"]
    with pytest.raises(TreadleError) as error:
        facade.signal(facade.run("hear").id, "gone")
    assert refused(error)[0] == ExitCode.NOT_FOUND


def test_an_event_drives_those_that_wait_for_it(facade: Treadle) -> None:
    first, second = (facade.signal(facade.run("hear").id, "go", {"n": n}).id for n in (1, 2))
    assert facade.emit("pushed", {"branch": "dev"})[0].status == "waiting"
    driven = facade.emit("pushed", {"branch": "main"})
    assert {(status.id, status.status) for status in driven} == {(first, "completed"), (second, "completed")}


def test_a_step_that_emits_wakes_those_that_wait(facade: Treadle, tmp_path: Path) -> None:
    waiting = facade.signal(facade.run("hear").id, "go", {"n": 1})
    emitting = tmp_path / "project/workflows/emitting.yaml"
    emitting.write_text(
        "treadle: 1\nname: emitting\nsteps:\n  - id: e\n    emit: {name: pushed, data: {branch: main}}\n"
    )
    assert facade.run("emitting").status == "completed"
    assert facade.status(waiting.id).status == "completed"


def test_an_execution_hears_its_own_events(facade: Treadle, tmp_path: Path) -> None:
    (tmp_path / "project/workflows/self.yaml").write_text(
        "treadle: 1\nname: self\nsteps:\n  - id: e\n    emit: pushed\n  - id: h\n    wait_for: {event: pushed}\n"
    )
    assert facade.run("self").status == "completed"


def test_a_timer_that_is_soon_due_is_waited_for_and_a_later_one_is_not(facade: Treadle) -> None:
    assert facade.run("cool", {"pause": "0.05s"}).status == "completed"
    status = facade.run("cool")
    assert (status.status, status.exit_code) == ("waiting", ExitCode.WAITING)
    facade.rest_when(patience=0)
    assert facade.run("cool", {"pause": "2s"}).status == "waiting"


LATE = """
treadle: 1
name: late
steps:
  - {id: hear, wait_for: {signal: go, timeout: 0.05s}, on_failure: [ask]}
  - {id: ask, approval: {prompt: Go on?, timeout: 0.05s, on_timeout: approve}, recovers: true}
  - {id: done, run: echo done >> trace, needs: [ask]}
"""


def test_a_time_out_that_is_soon_due_is_waited_for_as_a_timer_is(facade: Treadle, tmp_path: Path) -> None:
    path = tmp_path / "project/workflows/late.yaml"
    path.write_text(LATE)
    status = facade.run("late")
    assert status.status == "completed"
    assert [status.steps[step]["outcome"] for step in ("hear", "ask", "done")] == ["timeout", "success", "success"]
    path.write_text(LATE.replace("0.05s", "10m"))
    assert (facade.run("late").status, facade.store.claimed(facade.executions()[0].id)) == ("waiting", False)
    path.write_text(LATE.replace("0.05s", "1m"))
    facade.rest_when(patience=0)
    assert facade.run("late").status == "waiting"


def test_the_worker_drives_what_is_due_and_leaves_the_rest(facade: Treadle, trace: Callable[[], list[str]]) -> None:
    facade.rest_when(patience=0)
    due, later = facade.run("cool", {"pause": "0.5s"}), facade.run("cool")
    asked = facade.run("ship")
    facade.approve(asked.id, data={"version": 1}, run=False)
    becomes_due(facade, due.id)
    told: list[str] = []
    driven = facade.worker(once=True, told=lambda status: told.append(status.id))
    assert {status.id: status.status for status in driven} == {due.id: "completed", asked.id: "completed"}
    assert sorted(told) == sorted((due.id, asked.id))
    assert facade.status(later.id).status == "waiting"
    assert sorted(trace()) == ["built", "done", "shipping 1"]
    assert list(facade.worker(once=True)) == []


def test_the_worker_serves_other_projects_too(facade: Treadle, tmp_path: Path) -> None:
    facade.rest_when(patience=0)
    status = facade.run("cool", {"pause": "0.5s"})
    becomes_due(facade, status.id)
    with Treadle(tmp_path, overrides={"home": str(tmp_path / "home")}) as elsewhere:
        assert list(elsewhere.worker(once=True, all_roots=False)) == []
        assert [each.id for each in elsewhere.worker(once=True)] == [status.id], elsewhere.warnings
    assert facade.status(status.id).status == "completed"


async def test_a_worker_notices_what_comes_while_it_works(facade: Treadle, tmp_path: Path) -> None:
    with Treadle(tmp_path / "project", overrides={"home": str(tmp_path / "home")}) as other:
        status = await facade.run_async("ship")
        done = asyncio.Event()
        work = asyncio.create_task(facade.worker_async(told=lambda _: done.set()))
        other.store.send(
            [Signal(status.id, "answer", {"name": "approved", "step": "ask", "by": "bob", "data": {"version": 3}})]
        )
        await asyncio.wait_for(done.wait(), 30)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        assert other.status(status.id).status == "completed"


def test_pause_and_cancel_with_waits(facade: Treadle) -> None:
    status = facade.run("ship")
    assert facade.pause(status.id).status == "paused"
    assert facade.approve(status.id, data={"version": 1}).status == "paused"
    assert facade.resume(status.id).status == "completed"
    other = facade.run("ship")
    assert facade.cancel(other.id).status == "cancelled"
    assert list(facade.store.waits()) == []


def test_the_workflow_s_timeout_ends_what_waits(facade: Treadle, tmp_path: Path) -> None:
    path = tmp_path / "project/workflows/late.yaml"
    path.write_text(SHIP.replace("name: ship", "name: late\ntimeout: 1s"))
    status = facade.run("late")
    assert status.status == "waiting"
    assert [row.kind for row in facade.store.waits([status.id])] == ["timeout", "approval"]
    facade.rest_when(patience=0)
    becomes_due(facade, status.id)
    ended = facade.resume(status.id)
    assert (ended.status, ended.exit_code) == ("failed", ExitCode.TIMED_OUT)


def test_a_gate_in_front_of_a_step_shows_as_waiting(facade: Treadle, monkeypatch: pytest.MonkeyPatch) -> None:
    """What modes will do to a plan."""
    from dataclasses import replace

    plain = Treadle._settled

    def gated(self: Treadle, plan: Any) -> Any:
        plan = plain(self, plan)
        steps = (*plan.root.steps[:1], replace(plan.root.steps[1], gate=Approval("sure?")))
        return replace(plan, root=replace(plan.root, steps=steps))

    monkeypatch.setattr(Treadle, "_settled", gated)
    facade.rest_when(patience=60)
    status = facade.run("cool", {"pause": "0s"})
    assert status.steps["done"]["state"] == "waiting"
    assert facade.waiting(status.id)[0].asked == {"prompt": "sure?", "gate": True}
    ended = facade.approve(status.id)
    assert (ended.status, ended.steps["done"]["state"]) == ("completed", "succeeded")


def test_retries_that_are_far_off_need_no_process(facade: Treadle, tmp_path: Path) -> None:
    (tmp_path / "project/workflows/again.yaml").write_text(
        "treadle: 1\nname: again\nsteps:\n  - id: try\n"
        "    run: test -e ready || { touch ready; exit 1; }\n    retry: {max_attempts: 2, delay: 1h}\n"
    )
    status = facade.run("again")
    assert status.status == "waiting"
    (row,) = facade.store.waits([status.id])
    assert (row.kind, row.address) == ("retry", "try")
    assert facade.waiting(status.id)[0].kind == "retry"
