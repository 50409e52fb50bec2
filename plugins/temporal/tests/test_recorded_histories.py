"""Histories that earlier versions of the interpreter wrote are replayed by Temporal's own replayer."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError
from treadle_temporal._interpreter import Interpreter
from treadle_temporal._ordered import OrderedPayloads
from treadle_temporal._worker import runner

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def replayed(text):
    replayer = Replayer(
        workflows=[Interpreter],
        data_converter=DataConverter(payload_converter_class=OrderedPayloads),
        workflow_runner=runner(),
    )
    history = WorkflowHistory.from_json("recorded", text)
    return asyncio.run(replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in HISTORIES])
def test_it_is_replayed(path):
    assert replayed(path.read_text("utf-8")) is None


def test_every_kind_is_recorded():
    kinds = {path.stem.rpartition("-")[0] for path in HISTORIES}
    assert kinds == {"chain", "parallel", "retried", "undone", "lost", "asked", "handed-on"}
    assert len([path for path in HISTORIES if path.stem.startswith("handed-on")]) > 1


def test_an_interpreter_that_decides_otherwise_is_found():
    """The same history of another workflow: its second step is not what the interpreter would begin."""
    text = next(path for path in HISTORIES if path.stem == "chain-1").read_text("utf-8")
    history = json.loads(text)
    begun = history["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0]
    beginning = base64.b64decode(begun["data"])
    changed = beginning.replace(b'"id":"s1"', b'"kind":"set","id":"s1"')
    assert changed != beginning
    begun["data"] = base64.b64encode(changed).decode()
    failure = replayed(json.dumps(history))
    assert isinstance(failure, NondeterminismError)
