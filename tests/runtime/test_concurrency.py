"""`concurrency` in one process and over several executions, proved from their logs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from treadle import Treadle, working
from treadle.runtime import clock
from treadle_hookspecs import Event, TreadleError

Write = Callable[..., str]


def most_at_a_time(logs: list[list[Event]], begin: str, end: str, step: str = "") -> int:
    """How many were between two events at once."""
    moments = []
    for log in logs:
        begun = [event.at for event in log if event.type == begin and event.step == step]
        ended = [event.at for event in log if event.type == end and event.step == step]
        moments += [(at, 1) for at in begun] + [(at, -1) for at in ended]
    count = most = 0
    for _, change in sorted(moments):
        count += change
        most = max(most, count)
    return most


def logs_of(treadle: Treadle) -> list[list[Event]]:
    return [list(treadle.store.read(row.id)) for row in treadle.executions()]


def test_steps_of_one_group_run_a_few_at_a_time_over_all_executions(treadle: Treadle, write: Write) -> None:
    path = write(
        "steps:\n  - {id: use, uses: bench/note, concurrency: {group: gpu, limit: 2}}\n  - {id: next, uses: bench/noop}"
    )

    async def main() -> list[str]:
        return [status.status for status in await asyncio.gather(*(treadle.run_async(path) for _ in range(8)))]

    assert asyncio.run(main()) == ["completed"] * 8
    logs = logs_of(treadle)
    assert [sum(event.type == "slots_granted" for event in log) for log in logs] == [1] * 8
    assert most_at_a_time(logs, "slots_granted", "visit_settled", "use") == 2
    assert list(treadle.store.slots()) == []
    assert list(treadle.doctor()) == []
    queue = treadle.metrics()["queue"]
    assert isinstance(queue, dict)
    assert (queue["waits"], queue["waiting"], queue["held"]) == (8, 0, 0)
    assert 0 <= queue["mean_seconds"] <= queue["longest_seconds"]


def test_a_worker_deletes_what_is_kept_long_enough(
    open_treadle: Callable[..., Treadle], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    treadle = open_treadle(retention_days=1)
    status = treadle.run(write("steps:\n  - {id: a, uses: bench/noop}"))
    treadle.worker(once=True)
    assert treadle.status(status.id).status == "completed"
    monkeypatch.setattr(working, "now", lambda: clock.now() + 2 * 86_400_000_000)
    treadle.worker(once=True)
    assert list(treadle.executions()) == []


def test_executions_of_one_group_run_one_after_the_other(treadle: Treadle, write: Write) -> None:
    path = write(
        "inputs: {env: {default: prod}}\nconcurrency: 'deploy-{{ inputs.env }}'\nsteps:\n  - {id: a, uses: bench/note}"
    )

    async def main() -> None:
        await asyncio.gather(*(treadle.run_async(path) for _ in range(4)), treadle.run_async(path, {"env": "test"}))

    asyncio.run(main())
    logs = logs_of(treadle)
    prod = [log for log in logs if log[0].data["groups"][0]["group"] == "deploy-prod"]  # type: ignore[index,call-overload]
    assert len(prod) == 4
    assert most_at_a_time(prod, "slots_granted", "execution_completed") == 1


def test_a_limit_on_all_executions_is_a_queue(open_treadle: Callable[..., Treadle], write: Write) -> None:
    treadle = open_treadle(max_concurrent_workflows=2)
    path = write("steps:\n  - {id: a, uses: bench/note}")

    async def main() -> None:
        await asyncio.gather(*(treadle.run_async(path) for _ in range(6)))

    asyncio.run(main())
    logs = logs_of(treadle)
    assert len(logs) == 6
    assert most_at_a_time(logs, "slots_granted", "execution_completed") <= 2


def test_without_groups_nothing_is_asked(treadle: Treadle, write: Write) -> None:
    status = treadle.run(write("steps:\n  - {id: a, uses: bench/noop}"))
    assert [event.type for event in treadle.history(status.id)] == [
        "execution_started",
        "visit_started",
        "visit_settled",
        "execution_completed",
    ]


async def ended(treadle: Treadle, execution: str) -> AsyncIterator[str]:
    """The types of an execution's events, to its end."""
    for event in await asyncio.to_thread(lambda: list(treadle.watch(execution))):
        yield event.type


HOLD = "steps:\n  - {id: hold, uses: bench/hold}\n"


def while_held(treadle: Treadle, bench: Any, first: str, then: Callable[[str], Any]) -> Any:
    """Start one that holds its place, and do something meanwhile; what came of that."""

    async def main() -> Any:
        holder: list[str] = []
        task = asyncio.ensure_future(treadle.run_async(first, on_start=holder.append))
        await asyncio.to_thread(bench.gate.wait, 20)
        try:
            return await then(holder[0])
        finally:
            if not task.done():
                await asyncio.to_thread(treadle.cancel, holder[0])
            holder.append((await task).status)
            assert list(treadle.store.slots(execution=holder[0])) == []

    return asyncio.run(main())


def test_one_that_is_not_to_wait_fails_and_says_who_was_first(treadle: Treadle, write: Write, bench: Any) -> None:
    group = "concurrency: {group: deploy, on_conflict: reject}\n"
    first, second = write(group + HOLD, "first"), write(group + HOLD, "second")

    async def then(holder: str) -> None:
        status = await treadle.run_async(second)
        assert (status.status, status.exit_code) == ("failed", 5)
        assert status.error == {
            "step": "",
            "type": "concurrency-conflict",
            "message": f"the group `deploy` is full: its place is held by {holder}",
        }
        assert not status.steps or status.steps["hold"]["state"] == "skipped"

    while_held(treadle, bench, first, then)


def test_a_step_that_is_not_to_wait_fails_and_may_be_handled(treadle: Treadle, write: Write, bench: Any) -> None:
    first = write("steps:\n  - {id: hold, uses: bench/hold, concurrency: gpu}", "first")
    second = write(
        """
steps:
  - {id: use, uses: bench/note, concurrency: {group: gpu, on_conflict: reject}, on_failure: instead}
  - {id: instead, uses: bench/note, with: {value: "{{ steps.use.error.type }}"}, recovers: true}
""",
        "second",
    )

    async def then(_: str) -> None:
        status = await treadle.run_async(second)
        assert status.status == "completed"
        assert status.steps["instead"]["outputs"] == {"value": "concurrency-conflict"}

    while_held(treadle, bench, first, then)


def test_a_later_execution_takes_the_place_of_an_earlier_one(treadle: Treadle, write: Write, bench: Any) -> None:
    group = "concurrency: {group: preview, on_conflict: cancel}\n"
    first, second = write(group + HOLD, "first"), write(group + "steps: [{id: a, uses: bench/noop}]", "second")

    async def then(holder: str) -> None:
        assert (await treadle.run_async(second)).status == "completed"
        earlier = treadle.status(holder)
        assert earlier.status == "cancelled"
        assert any("takes its place in the group preview" in str(event.data) for event in treadle.history(holder))

    while_held(treadle, bench, first, then)


def test_a_later_step_takes_the_place_of_an_earlier_one(treadle: Treadle, write: Write, bench: Any) -> None:
    first = write(
        """
steps:
  - {id: hold, uses: bench/hold, concurrency: gpu, routes: {cancelled: after}}
  - {id: after, uses: bench/note}
""",
        "first",
    )
    second = write("steps: [{id: use, uses: bench/noop, concurrency: {group: gpu, on_conflict: cancel}}]", "second")

    async def then(holder: str) -> None:
        assert (await treadle.run_async(second)).status == "completed"
        seen = [event async for event in ended(treadle, holder)]
        assert "execution_completed" in seen
        assert treadle.status(holder).steps["hold"]["outcome"] == "cancelled"

    while_held(treadle, bench, first, then)


def test_one_without_patience_rests_in_the_queue_and_is_started_by_who_frees_the_place(
    open_treadle: Callable[..., Treadle], write: Write, bench: Any
) -> None:
    treadle = open_treadle(wait=0)
    first = write("concurrency: deploy\n" + HOLD, "first")
    second = write("concurrency: deploy\nsteps: [{id: a, uses: bench/note, with: {value: served}}]", "second")
    queued: list[str] = []

    async def then(_: str) -> None:
        status = await treadle.run_async(second)
        assert (status.status, status.exit_code) == ("queued", 7)
        queued.append(status.id)

    while_held(treadle, bench, first, then)
    assert treadle.status(queued[0]).status == "completed"
    assert bench.calls[-1][1] == "served"


def test_a_queued_one_can_be_cancelled_and_pruned(
    open_treadle: Callable[..., Treadle], write: Write, bench: Any
) -> None:
    treadle, other = open_treadle(wait=0), open_treadle(wait=0)
    first = write("concurrency: deploy\n" + HOLD, "first")

    async def then(_: str) -> None:
        status = await treadle.run_async(first)
        assert status.status == "queued"
        cancelled = await asyncio.to_thread(other.cancel, status.id)
        assert cancelled.status == "cancelled"

    while_held(treadle, bench, first, then)
    assert list(treadle.doctor()) == []


def test_what_another_took_meanwhile_is_waited_for_again(
    open_treadle: Callable[..., Treadle], write: Write, bench: Any
) -> None:
    treadle = open_treadle(wait=0)
    path = write("concurrency: deploy\n" + HOLD, "first")

    async def interrupted() -> str:
        task = asyncio.ensure_future(treadle.run_async(path))
        await asyncio.to_thread(bench.gate.wait, 20)
        treadle._local().stop_all("test")
        return (await task).id

    cut_off = asyncio.run(interrupted())
    bench.gate.clear()

    async def then(holder: str) -> None:
        with pytest.raises(TreadleError, match=f"`deploy` .1 in all., held by {holder}") as raised:
            await treadle.resume_async(cut_off, interrupted={"": "fail"})
        assert raised.value.exit_code == 7

    while_held(treadle, bench, path, then)
    assert treadle.resume(cut_off, interrupted={"": "fail"}).status == "failed"
