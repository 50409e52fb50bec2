"""On random workflows: what is said of each step agrees with the state and with the log."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from treadle.seeing import Record
from treadle.seeing._places import address_of, scopes_of
from treadle.seeing.analysing import analysis_of_plan
from treadle.seeing.graph import graph_of_execution
from treadle.seeing.why import explain
from treadle_engine.protocol import Cancel
from treadle_testkit.random_workflows import random_choice, random_plan, random_script
from treadle_testkit.scripted import ScriptedRuntime

_CONDITION = "its condition does not hold"


def driven(seed):
    """A random workflow, run to its end, or to a random point where it rests, is cancelled, or loses its process."""
    rng, plan = Random(seed), random_plan(seed)
    runtime = ScriptedRuntime(plan, random_script(seed), choose=random_choice(seed))
    runtime.start()
    what, when = rng.choice(["run", "run", "run", "rest", "cancel", "crash"]), rng.randint(1, 6)
    for turn in range(3_000):
        if turn == when and what == "rest":
            break
        if turn == when and what == "cancel":
            runtime.send(Cancel(runtime.now))
        if turn == when and what == "crash":
            runtime.crash()
        if not runtime.step():
            break
    return runtime


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_explanations_agree_with_the_log(seed):
    runtime = driven(seed)
    record, states = Record("scripted", runtime.plan, runtime.log), runtime.states()
    by_seq = {event.seq: event for event in runtime.log}
    for scope, body in scopes_of(runtime.plan):
        for step in body.steps:
            address = address_of(scope, step.id)
            told = explain(record, address)
            assert told.state == states.get(address, "pending"), address
            assert told.reasons, address
            ours = [event for event in runtime.log if (event.scope, event.step) == (scope, step.id)]
            assert list(told.visits) == [event.visit for event in ours if event.type == "visit_started"]
            agrees(told, by_seq, scope)
            for visit in told.visits:
                assert explain(record, f"{address}#{visit}").visit == visit


def agrees(told, by_seq, scope):
    for reason in told.reasons:
        event = by_seq.get(reason.seq)
        assert reason.seq == 0 or (event is not None and event.at == reason.at)
        if event is not None and event.type == "visit_skipped":
            assert reason.text.startswith(_CONDITION) <= (event.data["reason"] == "when")
            assert (reason.rule == "R4") == (event.data["reason"] == "dead") or reason.rule in {"R7", "R2"}
        if "sent its token here by" in reason.text:
            sender = by_seq[int(reason.text.partition("(event ")[2].partition(")")[0])]
            assert told.step.rpartition("/")[2] in sender.data["routed"]
            assert sender.seq < reason.seq


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_graphs_and_batches_hold_each_step_once(seed):
    runtime = driven(seed)
    ids = [step.id for step in runtime.plan.root.steps]
    batches = analysis_of_plan(runtime.plan, {}).batches
    assert sorted(id_ for batch in batches for id_ in batch) == sorted(ids)
    place = {id_: at for at, batch in enumerate(batches) for id_ in batch}
    assert all(place[need] < place[step.id] for step in runtime.plan.root.steps for need in step.needs or ())
    graph = graph_of_execution(Record("scripted", runtime.plan, runtime.log))
    shown = {node.address: node.state for body in graph.bodies for node in body.nodes}
    assert {address: shown[address] for address in runtime.states()} == runtime.states()
    routed = sum(len(event.data.get("routed", ())) for event in runtime.log)
    assert sum(link.taken for body in graph.bodies for link in body.links) == routed
