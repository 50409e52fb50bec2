import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from treadle import Treadle
from treadle.plugins import PluginHost
from treadle_hookspecs import Action, ActionContext, ActionError, Event, Json, Module, Outcome, RollbackAction, hookimpl


class Bench:
    """A plugin whose actions the tests steer: what was called, with what, and what may go on."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Json]] = []
        self.heard: list[Event] = []
        self.gate = threading.Event()
        self.failures: dict[str, int] = {}

    @hookimpl
    def treadle_modules(self) -> Iterator[Module]:
        names = (
            "note",
            "spend",
            "noop",
            "fail-times",
            "choose",
            "hold",
            "blocking",
            "leak",
            "large",
            "unjson",
            "calls",
            "undo",
            "gate",
            "wait-gate",
        )
        yield Module("bench", "1", tuple(Action(name, f"{__name__}:{name.replace('-', '_')}") for name in names))

    @hookimpl
    def treadle_rollback_actions(self) -> Iterator[RollbackAction]:
        yield RollbackAction("bench-undo", f"{__name__}:undo")


BENCH = Bench()


async def noop() -> None:
    """Nothing."""


async def note(value: Json = None, *, context: ActionContext) -> dict[str, Json]:
    """Remember a value and publish it."""
    BENCH.calls.append((context.address, value))
    return {"value": value}


async def spend(tokens: int, money: float, *, context: ActionContext) -> None:
    """Say that it has cost something, in two parts."""
    BENCH.calls.append((context.address, None))
    context.spend(tokens=tokens)
    context.spend(money=money / 2)
    context.spend(money=money / 2)


async def undo(value: Json = None, *, context: ActionContext) -> None:
    """Remember that a value was undone."""
    if BENCH.failures.get("undo", 0) > 0:
        BENCH.failures["undo"] -= 1
        raise ActionError("the undo failed")
    BENCH.calls.append(("undo", value))


async def fail_times(times: int, *, context: ActionContext) -> dict[str, int]:
    """Fail that many attempts, then succeed."""
    BENCH.calls.append((context.address, context.idempotency_key.split("/", 1)[1]))
    if context.attempt <= times:
        raise ActionError(
            f"attempt {context.attempt} failed", error_class="flaky", outputs={"attempt": context.attempt}
        )
    return {"attempt": context.attempt}


async def gate() -> None:
    """Fail as often as the test has said, then open."""
    if BENCH.failures.get("gate", 0) > 0:
        BENCH.failures["gate"] -= 1
        raise ActionError("the gate is shut")
    BENCH.calls.append(("gate", "open"))


def wait_gate() -> None:
    """Run until the test opens the gate."""
    if not BENCH.gate.wait(20):
        raise ActionError("nobody opened the gate")


async def choose(outcome: str) -> Outcome:
    """End with an outcome of that name."""
    return Outcome(outcome, {"chosen": outcome})


async def hold(*, context: ActionContext) -> None:
    """Run until the step is ended."""
    BENCH.calls.append((context.address, "held"))
    BENCH.gate.set()
    await asyncio.Event().wait()


def blocking(value: int, *, context: ActionContext) -> dict[str, Json]:
    """A plain function: it runs in a thread."""
    context.log.info("working")
    return {"value": value + 1, "thread": threading.current_thread() is not threading.main_thread()}


async def leak(*, context: ActionContext) -> dict[str, str]:
    """Say a secret and publish it, as a careless action would."""
    token = context.secrets.get("TOKEN")
    context.log.info(f"the token is {token}")
    result = await context.run(["sh", "-c", "echo $TOKEN; echo $TOKEN >&2"])
    return {"said": f"Bearer {token}", "printed": result.stdout}


async def large() -> dict[str, str]:
    """More than fits an event."""
    return {"text": "x" * 300_000}


async def unjson() -> object:
    """What JSON cannot carry."""
    return {"value": object()}


async def calls(*, context: ActionContext) -> dict[str, Json]:
    """Use another action by its name."""
    return dict(await context.call("bench/note", value="inner"))


@pytest.fixture
def bench() -> Bench:
    BENCH.__init__()  # type: ignore[misc]
    return BENCH


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "workflows").mkdir()
    return folder


@pytest.fixture
def open_treadle(bench: Bench, home: Path, project: Path) -> Iterator[Callable[..., Treadle]]:
    opened: list[Treadle] = []

    def make(**settings: Json) -> Treadle:
        import treadle_sqlite.plugin

        host = PluginHost(discover=False)
        host.register(treadle_sqlite.plugin, name="sqlite")
        host.register(bench, name="bench")
        facade = Treadle(project, overrides={"home": str(home), **settings}, plugins=host)
        opened.append(facade)
        return facade

    yield make
    for facade in opened:
        facade.close()


@pytest.fixture
def treadle(open_treadle: Callable[[], Treadle]) -> Treadle:
    return open_treadle()


@pytest.fixture
def write(project: Path) -> Callable[[str], str]:
    """Write a workflow's steps and hand back its path."""

    def make(text: str, name: str = "flow") -> str:
        path = project / "workflows" / f"{name}.yaml"
        path.write_text(f"treadle: 1\nname: {name}\n{text}")
        return str(path)

    return make


@pytest.fixture
def everything_on_disk(home: Path) -> Callable[[], bytes]:
    """All bytes that treadle has written, names included."""

    def read() -> bytes:
        parts: list[bytes] = []
        for folder, _, names in os.walk(home):
            for name in names:
                path = Path(folder) / name
                parts += [os.fsencode(path), path.read_bytes()]
        return b"\n".join(parts)

    return read
