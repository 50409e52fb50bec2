"""Record histories of executions on a real Temporal server: `python record_histories.py`.

What is there already is never changed. Each history was written by some version of the interpreter, and every later one
has to replay it.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from treadle_engine.exchange import command_from_json, stimulus_to_json
from treadle_engine.plan import Approval, Compensation, Loop, Plan, Retry, StepPlan, plan_to_json
from treadle_engine.protocol import AttemptEnded, AttemptLost, Compensate, CompensationEnded, Deliver, Start
from treadle_temporal._interpreter import Interpreter
from treadle_temporal._names import BIND, INTERPRETER, KEEP, PERFORM, SAY
from treadle_temporal._payloads import converter
from treadle_temporal._worker import runner
from treadle_testkit.scripted import workflow

HISTORIES: Final = Path(__file__).parent / "histories"
PORT: Final = "7299"
AT: Final = 1_700_000_000_000_000


def act(id: str, **fields: Any) -> StepPlan:
    """A step that the recorder plays."""
    return StepPlan(id, action="test/act", **fields)


UNDO: Final = Compensation("test/undo")
PLANS: Final[Mapping[str, tuple[Plan, Sequence[Any]]]] = {
    "chain": (workflow(*(act(f"s{number}") for number in range(5))), ()),
    "parallel": (workflow(act("a", needs=()), act("b", needs=()), act("c", needs=("a", "b"))), ()),
    "retried": (workflow(act("flaky", retry=Retry(2, delay=0.1)), act("next")), ()),
    "undone": (workflow(act("made", compensate=UNDO), act("broken")), ()),
    "lost": (workflow(act("gone", on_interrupt="retry"), act("next")), ()),
    "asked": (
        workflow(StepPlan("ask", "approval", approval=Approval("go on?")), act("next")),
        (Deliver(AT, "answer", "approved", {}, "ada", "ask"),),
    ),
    "handed-on": (workflow(StepPlan("many", "loop", body=workflow(act("a")).root, loop=Loop(14, until="false"))), ()),
}


class Host:
    """Content in memory; nothing is large here."""

    threshold = 1_000_000
    options: Final[dict[str, Any]] = {}


@activity.defn(name=BIND)
async def bind(task: dict[str, Any]) -> dict[str, str]:
    """There is one worker."""
    return {"queue": "recorded", "tree": ""}


@activity.defn(name=KEEP)
async def keep(events: list[dict[str, Any]]) -> str:
    """Nobody reads it."""
    return f"{len(events):064x}"


@activity.defn(name=PERFORM)
async def perform(task: dict[str, Any]) -> dict[str, Any]:
    """Play an attempt: its step's name says how it ends."""
    command = command_from_json(task["command"])
    step, attempt = command.address.step, command.address.attempt
    if isinstance(command, Compensate):
        return stimulus_to_json(CompensationEnded(command.address, AT))
    if step == "gone" and attempt == 1:
        return stimulus_to_json(AttemptLost(command.address, AT))
    fails = step == "broken" or (step == "flaky" and attempt == 1)
    error = {"type": "boom", "message": "it broke"} if fails else None
    return stimulus_to_json(AttemptEnded(command.address, AT, "failure" if fails else "success", {"n": attempt}, error))


async def record(names: Sequence[str]) -> None:
    """Run and write those."""
    data = converter(Host())  # type: ignore[arg-type]
    client = await Client.connect(f"127.0.0.1:{PORT}", data_converter=data, identity="recorder")
    activities: list[Any] = [bind, keep, perform]
    async with Worker(
        client, task_queue="recorded", workflows=[Interpreter], activities=activities, workflow_runner=runner()
    ):
        for name in names:
            plan, said = PLANS[name]
            for number, history in enumerate(await _histories(client, name, plan, said), 1):
                (HISTORIES / f"{name}-{number}.json").write_text(history + "\n", "utf-8")


async def _histories(client: Client, name: str, plan: Plan, said: Sequence[Any]) -> list[str]:
    beginning = {
        "execution": name,
        "workflow": name,
        "version": "1",
        "origin": "",
        "plan": plan_to_json(plan),
        "plan_hash": "0" * 64,
        "state": None,
        "heartbeat": 60.0,
        "history": 50,
        "lost_after": None,
    }
    stimuli = [stimulus_to_json(Start(AT, {}, {"type": "cli"}, {"root": "/srv"}, "user:ada"))]
    handle = await client.start_workflow(
        INTERPRETER, beginning, id=name, task_queue="recorded", start_signal=SAY, start_signal_args=[stimuli]
    )
    for stimulus in said:
        await handle.signal(SAY, [{**stimulus_to_json(stimulus), "token": "t"}])
    await handle.result()
    runs = [run.run_id async for run in client.list_workflows(f"WorkflowId = '{name}'")]
    found = [await client.get_workflow_handle(name, run_id=run).fetch_history() for run in reversed(runs)]
    return [json.dumps(json.loads(history.to_json()), separators=(",", ":")) for history in found]


def main() -> None:
    """Record what is not there."""
    names = [name for name in PLANS if not list(HISTORIES.glob(f"{name}-*.json"))]
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "temporal.db")
        place = ["--ip", "127.0.0.1", "--port", PORT, "--db-filename", database, "--log-level", "never"]
        program = Path(sys.executable).parent / "temporal"
        server = subprocess.Popen(
            [program, "server", "start-dev", "--headless", *place], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            next(line for line in server.stdout if line.startswith("Temporal Metrics"))
            asyncio.run(record(names))
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
