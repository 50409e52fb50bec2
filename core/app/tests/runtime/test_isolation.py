"""Actions in a real process of their own."""

import asyncio
import os
import select
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from treadle.runtime.context import StepContext, Surroundings
from treadle.runtime.isolation import call_in_child
from treadle.runtime.logs import StepLog, log_path, read_log
from treadle.runtime.processes import ProcessRegistry
from treadle.secrets import Masker, SecretResolver
from treadle.workspace import FolderWorkspace
from treadle_engine.plan import SecretSource
from treadle_engine.protocol import Address
from treadle_hookspecs import ActionError, Host, Json, Outcome, ToolMissingError, TreadleError

ACTIONS = """
import asyncio, os, signal, subprocess, sys, threading, time
from dataclasses import dataclass
from pathlib import Path
from treadle_hookspecs import ActionContext, ActionError, Outcome, ToolMissingError, TreadleError

def add(a: int, b: int = 2) -> dict:
    return {"sum": a + b, "pid": os.getpid()}

async def add_async(a: int, b: int = 2):
    return {"sum": a + b}

@dataclass
class Box:
    width: int
    name: str = "box"

def typed(box: Box, path: Path):
    return {"types": [type(box).__name__, isinstance(path, Path), box.width, path.name]}

def choose():
    return Outcome("needs-work", {"a": 1})

def fail(kind: str):
    if kind == "action":
        raise ActionError("broken", error_class="mine", outputs={"left": [1]}, retryable=False)
    if kind == "tool":
        raise ToolMissingError("ruff", "pip install ruff")
    if kind == "treadle":
        raise TreadleError("bad", code="TRD1", context={"file": "x"}, suggestions=("do y",), exit_code=4)
    if kind == "exit":
        sys.exit("leaving")
    return {}["missing-key"]

def end(how: str):
    if how == "exit":
        os._exit(3)
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    return {"x": object()}

def talk(context: ActionContext):
    print("printed")
    os.write(1, b"written\\n")
    subprocess.run(["echo", "from a child"])
    print("complained", file=sys.stderr, flush=True)
    context.log.debug("d"); context.log.info("i"); context.log.warning("w"); context.log.error("e")
    context.progress(0.5, "half", part="first")
    return {"stdin": sys.stdin.read()}

def facts(context: ActionContext):
    (context.scratch / "mine").write_text("x")
    return {
        "execution": context.execution, "address": context.address, "attempt": context.attempt,
        "key": context.idempotency_key, "env": dict(context.env), "cancelled": context.cancelled,
        "secret": context.secrets.get("TOKEN") == "hunter2-of-old", "names": list(context.secrets.names()),
        "root": str(context.workspace.root), "cwd": os.getcwd(),
    }

def files(context: ActionContext):
    context.workspace.write_text("a/text", "ü")
    context.workspace.write_bytes("a/bytes", bytes(range(256)))
    try:
        context.workspace.write_text("../out", "x")
    except TreadleError as error:
        refused = error.message
    return {"read": context.workspace.read_text("a/text"), "path": context.workspace.path("a"), "refused": refused}

def secret(context: ActionContext):
    return context.secrets.get("NONE")

def host(context: ActionContext):
    return context.host.settings

async def run(context: ActionContext):
    result = await context.run(["sh", "-c", "cat; echo $MINE; exit 3"], stdin=b"\\x00in", env={"MINE": "1"})
    try:
        await context.run(["no-such-tool"])
    except ToolMissingError as error:
        missing = error.tool
    many = await asyncio.gather(*(context.run(["echo", str(n)]) for n in range(5)))
    return {"code": result.exit_code, "out": result.stdout, "argv": result.argv[0], "log": result.log is not None,
            "missing": missing, "many": [one.stdout for one in many]}

async def impatient(context: ActionContext):
    try:
        async with asyncio.timeout(0.3):
            await context.run(["sh", "-c", "echo $$ > pid.new; mv pid.new pid; sleep 600"])
    except TimeoutError:
        pass
    while not os.path.exists("pid"):
        await asyncio.sleep(0)
    return {"pid": int(open("pid").read())}

async def tidy(context: ActionContext):
    Path("up").touch()
    try:
        await asyncio.sleep(600)
    finally:
        Path("tidied").write_text(str(context.cancelled))

def tidy_plainly(context: ActionContext):
    Path("up").touch()
    try:
        time.sleep(600)
    except Exception:
        pass
    finally:
        Path("tidied").write_text(str(context.cancelled))

def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    Path("child").write_text(str(child.pid))
    Path("up").touch()
    time.sleep(600)

def thread_stays():
    threading.Thread(target=time.sleep, args=(600,)).start()
    return {"ok": True}

def large(size: int):
    return {"text": "x" * size}

def nonsense():
    for fd in range(3, 20):
        try:
            os.write(fd, b"nonsense\\n")
        except OSError:
            pass
    time.sleep(600)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "isolated_actions.py").write_text(textwrap.dedent(ACTIONS))
    monkeypatch.syspath_prepend(str(folder))
    return "isolated_actions"


@pytest.fixture
def registry() -> Iterator[ProcessRegistry]:
    mine = ProcessRegistry()
    yield mine
    mine.close()


@pytest.fixture
def progress() -> list[tuple[Any, ...]]:
    return []


@pytest.fixture
def context(tmp_path: Path, progress: list[tuple[Any, ...]]) -> Iterator[StepContext]:
    root = tmp_path / "project"
    root.mkdir()
    masker = Masker()
    surroundings = Surroundings(
        "e1",
        root,
        tmp_path / "scratch",
        FolderWorkspace(root),
        SecretResolver((("TOKEN", SecretSource("env", "T")),), {"T": "hunter2-of-old"}, root, masker),
        cast("Host", None),
        lambda address: StepLog(log_path(tmp_path / "logs", address), masker),
        cast("Any", None),
        lambda *told: progress.append(told),
        grace=1.0,
        output_limit=100_000,
    )
    made = StepContext(surroundings, Address("", "work", 2, 3), {"A": "1", "B": {"$secret": "TOKEN"}})
    yield made
    made.close()


Call = Callable[..., Any]


@pytest.fixture
def call(module: str, context: StepContext, registry: ProcessRegistry) -> Call:
    async def perform(name: str, grace: float = 5.0, **inputs: Json) -> Any:
        return await call_in_child(f"{module}:{name}", inputs, context, grace=grace, registry=registry)

    return perform


def logged(context: StepContext) -> list[tuple[str, str]]:
    context.close()
    return [(entry.stream, entry.text) for entry in read_log(context.step_log.path)]


def is_gone(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


async def appears(path: Path) -> None:
    while not os.path.exists(path):  # noqa: ASYNC110, ASYNC240, PTH110 - nothing else tells that a file appears
        await asyncio.sleep(0)


async def test_plain_and_coroutine_functions(call: Call) -> None:
    result = await call("add", a=1)
    assert result["sum"] == 3
    assert result["pid"] != os.getpid()
    assert await call("add_async", a=1, b=5) == {"sum": 6}


async def test_inputs_are_converted_as_in_line(call: Call) -> None:
    assert await call("typed", box={"width": 3}, path="a/b") == {"types": ["Box", True, 3, "b"]}


async def test_inputs_that_were_converted_already_travel_too(
    module: str, context: StepContext, registry: ProcessRegistry
) -> None:
    from isolated_actions import Box  # type: ignore[import-not-found]

    inputs = {"box": Box(3), "path": Path("a/b")}
    result = await call_in_child(f"{module}:typed", inputs, context, registry=registry)
    assert result == {"types": ["Box", True, 3, "b"]}


async def test_an_outcome_by_name(call: Call) -> None:
    assert await call("choose") == Outcome("needs-work", {"a": 1})


async def test_errors_cross_whole(call: Call) -> None:
    with pytest.raises(ActionError, match="broken") as caught:
        await call("fail", kind="action")
    error = caught.value
    assert (error.error_class, error.outputs, error.retryable) == ("mine", {"left": [1]}, False)
    with pytest.raises(ToolMissingError, match="ruff is not installed; run: pip install ruff"):
        await call("fail", kind="tool")
    with pytest.raises(TreadleError, match="bad") as told:
        await call("fail", kind="treadle")
    assert (told.value.code, told.value.context, told.value.suggestions, told.value.exit_code) == (
        "TRD1",
        {"file": "x"},
        ("do y",),
        4,
    )


async def test_any_other_exception_keeps_its_class_and_leaves_its_trace_in_the_log(
    call: Call, context: StepContext
) -> None:
    with pytest.raises(ActionError, match="missing-key") as caught:
        await call("fail", kind="foreign")
    assert caught.value.error_class == "KeyError"
    assert any("isolated_actions.py" in text for _, text in logged(context))


async def test_sys_exit_is_an_error_of_the_action(call: Call) -> None:
    with pytest.raises(ActionError, match="leaving") as caught:
        await call("fail", kind="exit")
    assert caught.value.error_class == "SystemExit"


async def test_no_reply_is_an_error_of_its_own(call: Call) -> None:
    with pytest.raises(ActionError, match="ended without an answer, with exit code 3") as caught:
        await call("end", how="exit")
    assert caught.value.error_class == "no-reply"
    with pytest.raises(ActionError, match="was ended by SIGSEGV before it answered") as caught:
        await call("end", how="crash")
    assert caught.value.error_class == "no-reply"


async def test_outputs_that_are_no_json(call: Call) -> None:
    with pytest.raises(ActionError, match="'x' is a object: JSON cannot carry it"):
        await call("end", how="object")


async def test_what_it_prints_and_says(call: Call, context: StepContext, progress: list[tuple[Any, ...]]) -> None:
    assert await call("talk") == {"stdin": ""}
    assert progress == [(Address("", "work", 2, 3), 0.5, "half", "first")]
    lines = logged(context)
    assert [text for stream, text in lines if stream == "log"] == ["debug: d", "i", "warning: w", "error: e"]
    assert {text for stream, text in lines if stream == "stderr"} == {
        "printed",
        "written",
        "from a child",
        "complained",
    }


async def test_the_context_inside(call: Call, context: StepContext, tmp_path: Path) -> None:
    root = str(tmp_path / "project")
    assert await call("facts") == {
        "execution": "e1",
        "address": "work#2.3",
        "attempt": 3,
        "key": "e1/work#2",
        "env": {"A": "1", "B": "hunter2-of-old"},
        "cancelled": False,
        "secret": True,
        "names": ["TOKEN"],
        "root": root,
        "cwd": root,
    }
    assert (context.scratch / "mine").read_text() == "x"


async def test_files_are_written_on_this_side(call: Call, tmp_path: Path) -> None:
    result = await call("files")
    assert result["read"] == "ü"
    assert result["path"] == str(tmp_path / "project" / "a")
    assert "climbs with .." in result["refused"]
    assert (tmp_path / "project" / "a" / "bytes").read_bytes() == bytes(range(256))


async def test_a_refusal_of_this_side_is_raised_inside_and_comes_back(call: Call) -> None:
    with pytest.raises(TreadleError, match="`NONE` is not declared"):
        await call("secret")
    with pytest.raises(TreadleError, match=r"context\.host is not there"):
        await call("host")


async def test_programs_are_started_on_this_side(call: Call) -> None:
    assert await call("run") == {
        "code": 3,
        "out": "\0in1\n",
        "argv": "sh",
        "log": True,
        "missing": "no-such-tool",
        "many": [f"{n}\n" for n in range(5)],
    }


async def test_a_request_that_is_given_up_inside_is_ended_here(call: Call) -> None:
    assert is_gone((await call("impatient"))["pid"])


@pytest.mark.parametrize("name", ["tidy", "tidy_plainly"])
async def test_a_cancelled_action_cleans_up(call: Call, tmp_path: Path, name: str) -> None:
    root = tmp_path / "project"
    task = asyncio.ensure_future(call(name, grace=60.0))
    await appears(root / "up")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (root / "tidied").read_text() == "True"


async def test_one_that_does_not_listen_is_killed_with_its_children(
    call: Call, registry: ProcessRegistry, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    task = asyncio.ensure_future(call("deaf", grace=0.2))
    await appears(root / "up")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(int((root / "child").read_text()))
    assert len(registry) == 0


async def test_a_thread_that_stays_behind_does_not_hold_the_step_up(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.runtime.isolation._EXIT_WAIT", 0.1)
    assert await call("thread_stays") == {"ok": True}


async def test_large_results(call: Call) -> None:
    assert len((await call("large", size=5_000_000))["text"]) == 5_000_000


async def test_inputs_that_cannot_travel_start_nothing(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(*_: Any, **__: Any) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr("treadle.runtime.isolation.start_child", start)
    around: list[Any] = []
    around.append(around)
    with pytest.raises(ValueError, match="Circular reference"):
        await call("large", size=around)


async def test_a_result_beyond_all_bounds(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.runtime._wire.LARGEST_FRAME", 1_000_000)
    with pytest.raises(ActionError, match="more than 1000000 bytes") as caught:
        await call("large", size=50_000_000)
    assert caught.value.error_class == "no-reply"


async def test_one_that_writes_into_the_conversation_is_ended(call: Call) -> None:
    with pytest.raises(ActionError, match="no JSON") as caught:
        await call("nonsense")
    assert caught.value.error_class == "no-reply"


async def test_a_target_that_does_not_exist(call: Call) -> None:
    with pytest.raises(ActionError) as caught:
        await call("nothing_of_that_name")
    assert caught.value.error_class == "AttributeError"
