"""Logs that earlier versions wrote still fold to the same state, and can be gone on with."""

import json
import subprocess
import sys
from pathlib import Path

import corpus
import pytest
from treadle_engine.decide import decide
from treadle_engine.events import KINDS
from treadle_engine.plan import HANDLERS, plan_from_json, plan_to_json, steps_within
from treadle_engine.protocol import Recover
from treadle_engine.state import STATE_VERSION, TERMINAL, State, fold

RECORD = Path(__file__).with_name("record.py")
RECORDED = [pytest.param(each, id=each.name) for each in corpus.recorded()]
UNWRITTEN = {"output_blob"}
"""Kinds that no version has written so far."""


def as_json(value):
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("each", RECORDED)
def test_it_folds_to_what_it_was(each):
    state = each.folded()
    assert list(corpus.differences(each.seen, as_json(corpus.seen(state)), "seen")) == []
    if each.state["v"] == STATE_VERSION:
        assert list(corpus.differences(each.state, as_json(state.dump()))) == []


@pytest.mark.parametrize("each", RECORDED)
def test_its_state_can_be_kept_at_any_event(each):
    log, plan = each.log(), plan_from_json(each.plan)
    whole = as_json(each.folded().dump())
    for count in {1, len(log) // 3, len(log) // 2, len(log) - 1}:
        state = State.load(plan, as_json(each.folded(count).dump()))
        for event in log[count:]:
            fold(state, event)
        assert as_json(state.dump()) == whole


@pytest.mark.parametrize("each", RECORDED)
def test_it_can_be_gone_on_with_after_any_event(each):
    """A process of today takes over at any event of an old log; in one that has ended there is nothing to do."""
    log = each.log()
    for count in {1, len(log) // 2, len(log)}:
        state = each.folded(count)
        turn = decide(state, Recover(log[-1].at + 1, {"": "retry"}))
        assert state.status != "queued"
        if state.status in TERMINAL and count == len(log):
            assert turn.events == []


@pytest.mark.parametrize("each", RECORDED)
def test_its_plan_is_read_as_it_was_written(each):
    assert list(corpus.differences(each.plan, as_json(plan_to_json(plan_from_json(each.plan))), "plan")) == []


def test_every_kind_of_event_is_recorded():
    assert {event["type"] for each in corpus.recorded() for event in each.events} == set(KINDS) - UNWRITTEN


def test_every_kind_of_scope_is_recorded():
    kinds, handlers = set(), set()
    for each in corpus.recorded():
        plan = plan_from_json(each.plan)
        kinds |= {step.kind for _, step in steps_within(plan.root)}
        handlers |= {event.get("scope", "") for event in each.events} & set(HANDLERS)
    assert kinds >= {"call", "set", "emit", "cancel", "end", "parallel", "steps", "loop", "for_each", "race"}
    assert handlers == set(HANDLERS)


def test_what_differs_is_found():
    old = {"a": 1, "b": {"c": [1, 2]}}
    assert list(corpus.differences(old, {**old, "new": 0})) == []
    assert list(corpus.differences(old, {"a": 1, "b": {"c": [1, 3]}})) == ["state.b.c: it was [1, 2], and is [1, 3]"]
    assert list(corpus.differences(old, {"a": 1})) == ["state.b is gone"]


def test_what_is_there_is_not_recorded_again():
    name = RECORDED[0].id
    before = (corpus.LOGS / f"{name}.jsonl").read_bytes()
    ended = subprocess.run([sys.executable, str(RECORD), name], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "never changed" in ended.stderr
    assert (corpus.LOGS / f"{name}.jsonl").read_bytes() == before
