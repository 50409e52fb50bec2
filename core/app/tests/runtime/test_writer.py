import asyncio
import threading
from collections.abc import Sequence

from treadle.runtime.writer import Durable, Writer
from treadle_hookspecs import Append, Event, SequenceError


class Store:
    """Remembers batches; can be held up, can refuse one execution."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.threads: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.refused = ""

    def append(self, batch: Sequence[Append]) -> None:
        self.threads.append(threading.current_thread().name)
        assert self.gate.wait(10)
        if any(append.execution == self.refused for append in batch):
            raise SequenceError(self.refused)
        self.batches.append([append.execution for append in batch])


def append(execution: str) -> Append:
    return Append(execution, 1, 0, [Event(1, execution, "execution_started", 1)])


def source(execution: str, ends: dict[str, BaseException | None]) -> tuple[Append, Durable]:
    return append(execution), lambda error: ends.__setitem__(execution, error)


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_an_execution_alone_does_not_wait_for_company() -> None:
    store, ends = Store(), {}
    Writer(store, lambda: True, lambda: False).request("a", lambda: source("a", ends))  # type: ignore[arg-type]
    assert ends == {"a": None}


async def test_a_lone_commit_is_made_in_the_loops_thread() -> None:
    store, ends = Store(), {}
    writer = Writer(store, lambda: False, lambda: False)  # type: ignore[arg-type]
    writer.request("a", lambda: source("a", ends))
    await turn()
    assert store.threads == [threading.current_thread().name]
    assert ends == {"a": None}


async def test_what_came_up_in_one_turn_is_one_commit() -> None:
    store, ends = Store(), {}
    writer = Writer(store, lambda: False, lambda: False)  # type: ignore[arg-type]
    for name in ("a", "b", "c"):
        writer.request(name, lambda name=name: source(name, ends))  # type: ignore[misc]
    await turn()
    assert store.batches == [["a", "b", "c"]]


async def test_what_finished_during_a_commit_rides_the_next_one() -> None:
    store, ends = Store(), {}
    everything: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def one(name: str) -> tuple[Append, Durable]:
        def durable(error: BaseException | None) -> None:
            ends[name] = error
            if len(ends) == 3:
                everything.set_result(None)

        return append(name), durable

    writer = Writer(store, lambda: False, lambda: True)  # type: ignore[arg-type]
    store.gate.clear()
    writer.request("a", lambda: one("a"))
    await turn()
    for name in ("b", "c"):
        writer.request(name, lambda name=name: one(name))  # type: ignore[misc]
    await turn()
    assert ends == {}
    store.gate.set()
    async with asyncio.timeout(10):
        await everything
    assert store.batches == [["a"], ["b", "c"]]
    assert writer.commits == 2
    writer.close()


async def test_only_the_execution_that_was_refused_learns_of_it() -> None:
    store, ends = Store(), {}
    store.refused = "b"
    writer = Writer(store, lambda: False, lambda: False)  # type: ignore[arg-type]
    for name in ("a", "b", "c"):
        writer.request(name, lambda name=name: source(name, ends))  # type: ignore[misc]
    await turn()
    assert isinstance(ends["b"], SequenceError)
    assert (ends["a"], ends["c"]) == (None, None)
    assert store.batches == [["a"], ["c"]]


async def test_a_source_with_nothing_to_say_costs_no_commit() -> None:
    store = Store()
    writer = Writer(store, lambda: False, lambda: False)  # type: ignore[arg-type]
    writer.request("a", lambda: None)
    await turn()
    assert writer.commits == 0
