import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle_hookspecs import Event, TreadleError

Write = Callable[..., str]


def test_a_chain_runs_in_order_and_data_flows(treadle: Treadle, write: Write, bench: Any) -> None:
    path = write("""
inputs: {who: {type: string, required: true}}
outputs: {greeting: "{{ steps.second.outputs.value }}"}
steps:
  - {id: first, uses: bench/note, with: {value: "{{ inputs.who }}"}}
  - {id: second, uses: bench/note, with: {value: "hello {{ steps.first.outputs.value }}"}}
""")
    status = treadle.run(path, {"who": "Ada"})
    assert status.status == "completed"
    assert status.outputs == {"greeting": "hello Ada"}
    assert [address for address, _ in bench.calls] == ["first#1.1", "second#1.1"]


def test_a_chain_step_costs_one_commit(treadle: Treadle, write: Write) -> None:
    def commits(length: int) -> int:
        steps = "\n".join(f"  - {{id: s{n}, uses: bench/noop}}" for n in range(length))
        before: list[int] = []
        treadle.subscribe(lambda _: before.append(treadle.commits))
        treadle.run(write(f"steps:\n{steps}", f"chain{length}"))
        return before[-1]

    assert commits(30) - commits(10) == 20


def test_retries_keep_one_idempotency_key(treadle: Treadle, write: Write, bench: Any) -> None:
    status = treadle.run(
        write(
            "steps:\n  - {id: flaky, uses: bench/fail-times, with: {times: 2}, retry: {max_attempts: 3, delay: 0.01}}"
        )
    )
    assert status.status == "completed"
    assert bench.calls == [("flaky#1.1", "flaky#1"), ("flaky#1.2", "flaky#1"), ("flaky#1.3", "flaky#1")]
    assert status.steps["flaky"]["attempts"] == 3


def test_a_failure_is_a_status_with_its_error_and_exit_code_one(treadle: Treadle, write: Write) -> None:
    status = treadle.run(
        write("steps:\n  - {id: bad, uses: bench/fail-times, with: {times: 9}}\n  - {id: next, uses: bench/noop}")
    )
    assert (status.status, status.exit_code) == ("failed", 1)
    assert status.error is not None
    assert status.error["step"] == "bad"
    assert status.error["message"] == "attempt 1 failed"
    assert status.steps["next"]["state"] == "upstream_failed"


def test_an_attempt_that_takes_too_long_is_a_timeout(treadle: Treadle, write: Write) -> None:
    status = treadle.run(write("steps:\n  - {id: slow, uses: bench/hold, timeout: 0.05}"))
    assert status.steps["slow"]["outcome"] == "timeout"
    assert status.exit_code == 1


def test_a_workflow_that_takes_too_long_ends_with_eight(treadle: Treadle, write: Write) -> None:
    status = treadle.run(write("timeout: 0.1\nsteps:\n  - {id: slow, uses: bench/hold}"))
    assert (status.status, status.exit_code) == ("failed", 8)


def test_a_plain_function_runs_in_a_thread_and_its_log_is_kept(treadle: Treadle, write: Write) -> None:
    status = treadle.run(
        write("outputs: {r: '{{ steps.b.outputs }}'}\nsteps:\n  - {id: b, uses: bench/blocking, with: {value: 1}}")
    )
    assert status.outputs == {"r": {"value": 2, "thread": True}}
    assert [line.text for line in treadle.logs(status.id, "b")] == ["working"]


def test_an_action_uses_another_by_name(treadle: Treadle, write: Write, bench: Any) -> None:
    status = treadle.run(write("steps:\n  - {id: outer, uses: bench/calls}"))
    assert status.steps["outer"]["outputs"] == {"value": "inner"}
    assert bench.calls == [("outer#1.1", "inner")]


def test_what_json_cannot_carry_fails_the_step(treadle: Treadle, write: Write) -> None:
    status = treadle.run(write("steps:\n  - {id: bad, uses: bench/unjson}"))
    assert status.error is not None
    assert status.error["type"] == "invalid-output"
    assert "object" in str(status.error["message"])


def test_undoing_happens_in_reverse_and_what_failed_is_tried_again_later(
    treadle: Treadle, write: Write, bench: Any
) -> None:
    path = write("""
steps:
  - {id: one, uses: bench/note, with: {value: 1}, compensate: {uses: bench/undo, with: {value: "{{ outputs.value }}"}}}
  - {id: two, uses: bench/note, with: {value: 2}, compensate: {action: bench-undo, with: {value: 2}}}
  - {id: bad, uses: bench/fail-times, with: {times: 9}}
""")
    bench.failures["undo"] = 3
    status = treadle.run(path)
    assert (status.status, status.rollback, status.exit_code) == ("failed", "partial", 1)
    assert [value for name, value in bench.calls if name == "undo"] == [1]
    assert status.steps["two"]["compensation"] == "failed"
    assert [entry["address"] for entry in treadle.rollback_plan(status.id)] == ["two#1"]
    again = treadle.rollback(status.id, again=True)
    assert again.rollback == "done"
    assert [value for name, value in bench.calls if name == "undo"] == [1, 2]


def test_a_completed_execution_can_be_rolled_back(treadle: Treadle, write: Write, bench: Any) -> None:
    path = write(
        "steps:\n  - {id: one, uses: bench/note, with: {value: 1}, compensate: {uses: bench/undo, with: {value: 1}}}"
    )
    status = treadle.run(path)
    assert treadle.rollback(status.id).rollback == "done"
    assert ("undo", 1) in bench.calls


def test_resuming_a_failed_execution_starts_a_linked_one_that_takes_over(
    treadle: Treadle, write: Write, bench: Any
) -> None:
    path = write("""
steps:
  - {id: one, uses: bench/note, with: {value: 1}}
  - {id: gate, uses: bench/gate}
  - {id: two, uses: bench/note, with: {value: "{{ steps.one.outputs.value + 1 }}"}}
""")
    bench.failures["gate"] = 1
    failed = treadle.run(path)
    assert failed.status == "failed"
    bench.calls.clear()
    again = treadle.resume(failed.id)
    assert again.origin == failed.id
    assert again.id != failed.id
    assert bench.calls == [("gate", "open"), ("two#1.1", 2)]
    assert treadle.status(failed.id).status == "failed"


def test_large_outputs_are_stored_by_hash_and_shown_whole(treadle: Treadle, write: Write) -> None:
    status = treadle.run(
        write("""
steps:
  - {id: big, uses: bench/large}
  - {id: use, uses: bench/note, with: {value: "{{ steps.big.outputs.text | length }}"}}
""")
    )
    assert status.steps["big"]["outputs"] == {"text": "x" * 300_000}
    assert status.steps["use"]["outputs"] == {"value": 300_000}
    assert all(len(str(event.data)) < 50_000 for event in treadle.store.read(status.id))


def test_emitted_events_start_the_workflows_that_wait_for_them(treadle: Treadle, write: Write, bench: Any) -> None:
    write(
        """
inputs: {n: {type: integer}}
triggers: [{event: {name: ready, with: {n: "{{ event.data.n }}"}}}]
steps: [{id: heard, uses: bench/note, with: {value: "{{ inputs.n }}"}}]
""",
        "waiting",
    )
    path = write("steps: [{id: tell, emit: {name: ready, data: {n: 7}}}]", "telling")
    treadle.run(path)
    assert bench.calls == [("heard#1.1", 7)]
    (started,) = treadle.emit("ready", {"n": 8, "more": "than it asks for"})
    assert started.status == "completed"
    assert bench.calls[-1] == ("heard#1.1", 8)


def test_a_chain_of_triggers_comes_to_an_end(treadle: Treadle, write: Write) -> None:
    path = write("triggers: [{event: {name: execution.completed}}]\nsteps: [{id: a, uses: bench/noop}]", "echo")
    treadle.run(path)
    assert len(treadle.executions()) <= 10
    assert any("chain" in warning for warning in treadle.warnings)


async def test_pausing_and_resuming_from_the_same_program(treadle: Treadle, write: Write, bench: Any) -> None:
    path = write("""
steps:
  - {id: a, uses: bench/wait-gate}
  - {id: b, uses: bench/noop}
""")
    seen: list[str] = []
    tasks: list[asyncio.Task[object]] = []

    def listener(event: Event) -> None:
        seen.append(f"{event.type} {event.step}".rstrip())
        if event.type == "visit_started" and event.step == "a":
            treadle.pause(event.execution, reason="look first")
        if event.type == "execution_paused":
            bench.gate.set()
        if event.type == "visit_settled" and event.step == "a":
            tasks.append(asyncio.get_running_loop().create_task(treadle.resume_async(event.execution)))

    async with asyncio.timeout(20):
        status = await treadle.run_async(path, listener=listener, stay_paused=True)
    assert status.status == "completed"
    order = ["execution_paused", "visit_settled a", "execution_resumed", "visit_started b"]
    assert [line for line in seen if line in order] == order


def test_cancelling_from_another_process_ends_what_runs(
    open_treadle: Callable[..., Treadle], write: Write, bench: Any
) -> None:
    import threading

    ids: list[str] = []

    def cancel() -> None:
        assert bench.gate.wait(20)
        other.cancel(ids[0], reason="enough")

    other, driving = open_treadle(), open_treadle()
    thread = threading.Thread(target=cancel)
    thread.start()
    status = driving.run(
        write(
            "steps:\n  - {id: long, uses: bench/hold}\nfinally: [{id: clean, uses: bench/note, with: {value: cleaned}}]"
        ),
        on_start=ids.append,
    )
    thread.join()
    assert status.status == "cancelled"
    assert status.steps["long"]["state"] == "cancelled"
    assert ("finally/clean#1.1", "cleaned") in bench.calls
    assert "enough" in [event.data.get("reason") for event in driving.history(status.id)]


def test_two_may_not_drive_one_execution(open_treadle: Callable[..., Treadle], write: Write, bench: Any) -> None:
    import threading

    ids: list[str] = []
    errors: list[TreadleError] = []

    def intrude() -> None:
        assert bench.gate.wait(20)
        try:
            other.resume(ids[0])
        except TreadleError as error:
            errors.append(error)
        other.cancel(ids[0])

    other, driving = open_treadle(), open_treadle()
    thread = threading.Thread(target=intrude)
    thread.start()
    driving.run(write("steps:\n  - {id: long, uses: bench/hold}"), on_start=ids.append)
    thread.join()
    assert [error.exit_code for error in errors] == [5]


def test_an_unknown_id_and_an_ambiguous_one_are_told_apart(treadle: Treadle, write: Write) -> None:
    path = write("steps: [{id: a, uses: bench/noop}]")
    ids = [treadle.run(path).id for _ in range(40)]
    with pytest.raises(TreadleError) as unknown:
        treadle.status("not-an-id")
    assert unknown.value.exit_code == 3
    prefix = next(a[0] for a in ids if sum(b.startswith(a[0]) for b in ids) > 1)
    with pytest.raises(TreadleError, match="several"):
        treadle.status(prefix)
    assert treadle.status(ids[0]).id == ids[0]


def test_metrics_count_what_the_store_holds(treadle: Treadle, write: Write) -> None:
    treadle.run(write("steps: [{id: a, uses: bench/noop}]", "good"))
    treadle.run(write("steps: [{id: a, uses: bench/fail-times, with: {times: 9}}]", "bad"))
    metrics = treadle.metrics()
    assert metrics["total"] == 2
    assert metrics["success_rate"] == 0.5
    assert metrics["workflows"]["bad"]["by_status"] == {"failed": 1}  # type: ignore[index, call-overload]


def test_what_has_ended_long_ago_is_deleted_with_its_logs_when_a_retention_is_set(
    open_treadle: Callable[..., Treadle], write: Write, home: Path
) -> None:
    path = write("steps: [{id: a, uses: bench/blocking, with: {value: 1}}]")
    first = open_treadle()
    old = first.run(path)
    first.close()
    later = open_treadle(retention_days=1)
    assert later.status(old.id).status == "completed"
    assert (home / "logs" / old.id).is_dir()
    assert later.prune(before=2**62) == 1
    assert not (home / "logs" / old.id).exists()
    with pytest.raises(TreadleError, match="no execution"):
        later.status(old.id)


def test_recovery_and_metrics_can_be_switched_off(open_treadle: Callable[..., Treadle], write: Write) -> None:
    strict = open_treadle(metrics=False)
    with pytest.raises(TreadleError, match="switched off"):
        strict.metrics()


def test_treadle_says_of_itself_what_the_level_asks_for(
    open_treadle: Callable[..., Treadle], write: Write, home: Path
) -> None:
    path = write("steps: [{id: a, uses: bench/noop}]")
    quiet = open_treadle()
    quiet.run(path)
    quiet.close()
    assert not (home / "treadle.log").exists()
    talking = open_treadle(log_level="DEBUG")
    status = talking.run(path)
    talking.close()
    assert f"{status.id}: completed" in (home / "treadle.log").read_text()


def test_a_paused_execution_goes_on_where_it_was(
    open_treadle: Callable[..., Treadle], write: Write, bench: Any
) -> None:
    path = write("steps:\n  - {id: a, uses: bench/wait-gate}\n  - {id: b, uses: bench/noop}")
    driving, other = open_treadle(), open_treadle()

    def listener(event: Event) -> None:
        if event.type == "visit_started":
            other.pause(event.execution, reason="look first")
        if event.type == "execution_paused":
            bench.gate.set()

    paused = driving.run(path, listener=listener)
    assert (paused.status, paused.exit_code) == ("paused", 7)
    assert paused.steps["a"]["state"] == "succeeded"
    assert other.resume(paused.id).status == "completed"
    assert [e.step for e in other.history(paused.id) if e.type == "visit_started"] == ["a", "b"]


def test_what_was_taken_over_is_undone_where_it_went(treadle: Treadle, write: Write, bench: Any) -> None:
    path = write("""
steps:
  - {id: one, uses: bench/note, with: {value: 1}, compensate: {uses: bench/undo, with: {value: 1}}}
  - {id: gate, uses: bench/gate}
rollback: {after: []}
""")
    bench.failures["gate"] = 1
    failed = treadle.run(path)
    later = treadle.resume(failed.id)
    assert later.status == "completed"
    with pytest.raises(TreadleError, match=later.id):
        treadle.rollback(failed.id)
    assert treadle.rollback(later.id).rollback == "done"
    assert bench.calls.count(("undo", 1)) == 1


def test_what_starts_beside_a_late_cancel_is_waited_for(treadle: Treadle, write: Write, bench: Any) -> None:
    """The loser has ended by the time that it is to be cancelled, and its place goes to another step."""
    status = treadle.run(
        write("""
max_parallel: 2
steps:
  - id: first
    needs: []
    race:
      left: [{id: left, uses: bench/noop}]
      right: [{id: right, uses: bench/noop}]
  - id: second
    needs: []
    steps: [{id: third, uses: bench/note, with: {value: 3}}]
""")
    )
    assert status.status == "completed"
    assert bench.calls == [("second/third#1.1", 3)]
