"""Plans and states as data: strict, versioned, complete; and what importing and folding may not do."""

import json
import subprocess
import sys

import pytest
from treadle_engine.plan import (
    Case,
    Compensation,
    InputSpec,
    Join,
    OutputSpec,
    Plan,
    PlanFormatError,
    Retry,
    RollbackPolicy,
    SecretSource,
    StepPlan,
    plan_from_json,
    plan_to_json,
)
from treadle_engine.state import State, fold
from treadle_hookspecs import Event, Json
from treadle_testkit.scripted import ScriptedRuntime, workflow

RICH = workflow(
    StepPlan("a", with_={"x": [1, {"y": None}]}, env={"A": "b"}, timeout=3.5, routes=(("other", ("b", "c")),)),
    StepPlan("b", switch=(Case(("c",), "true"),), retry=Retry(3), compensate=Compensation("m/undo", with_=[1])),
    StepPlan("c", needs=("a",), join=Join("at_least", 1), outputs=(("o", OutputSpec("array", sensitive=True)),)),
    name="rich",
    inputs=(InputSpec("f", "string", default=[1], has_default=True, enum=("a", 1)),),
    outputs=(("o", "{{ steps.c.outputs.o }}"),),
    triggers=(("cli", {"command": "rich"}),),
    secrets=(("TOKEN", SecretSource("env", "TOKEN")),),
    rollback=RollbackPolicy(after=("failure", "cancelled")),
    finally_=[StepPlan("z")],
)


def test_a_plan_survives_json() -> None:
    assert plan_from_json(json.loads(json.dumps(plan_to_json(RICH)))) == RICH


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"v": 2}, "plan.v: version 2"),
        ({"extra": 1}, "plan.extra: this field is not known"),
        ({"name": 3}, "plan.name: int is the wrong type"),
        ({"root": {"steps": [{"kind": "call"}]}}, r"plan.root.steps\[0\].id: this field is missing"),
        ({"root": {"steps": [{"id": "a", "kind": "nap"}]}}, r"steps\[0\].kind: 'nap' is none of call, set"),
        ({"root": {"steps": [{"id": "a", "needs": "b"}]}}, r"needs: a list was expected"),
        ({"root": {"steps": [{"id": "a", "timeout": True}]}}, r"timeout: bool is the wrong type"),
        ({"triggers": [["cli"]]}, r"triggers\[0\]: 2 items were expected, not 1"),
        ({"root": []}, r"plan.root: an object was expected, not list"),
    ],
)
def test_reading_a_plan_is_strict(change: dict[str, Json], complaint: str) -> None:
    with pytest.raises(PlanFormatError, match=complaint):
        plan_from_json({**plan_to_json(RICH), **change})


def test_a_gap_in_the_log_is_noticed() -> None:
    state = State(RICH, "x")
    with pytest.raises(ValueError, match="event 2 of x follows event 0"):
        fold(state, Event(2, "x", "execution_started", 1))


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 0"):
        State.load(RICH, {**State(RICH, "x").dump(), "v": 0})


def test_views_read_the_state_as_it_is() -> None:
    plan = workflow(StepPlan("a"))
    runtime = ScriptedRuntime(plan)
    assert runtime.state.status == "queued"
    runtime.start()
    view = runtime.state.step("", "a")
    assert (view.scope, view.step, view.address, view.state, view.visits, view.attempts) == (
        "",
        "a",
        "a",
        "running",
        1,
        1,
    )
    runtime.run()
    assert (view.state, view.outcome, view.compensation, view.error, view.outputs) == (
        "succeeded",
        "success",
        "none",
        None,
        {},
    )
    assert (runtime.state.last_seq, runtime.state.last_at) == (runtime.log[-1].seq, runtime.log[-1].at)


def test_times_of_events_never_decrease() -> None:
    runtime = ScriptedRuntime(workflow(StepPlan("a"), StepPlan("b")))
    runtime.start()
    runtime.now -= 1_000_000
    runtime.run()
    times = [event.at for event in runtime.log]
    assert times == sorted(times)


def test_a_chain_step_is_one_turn_of_two_events() -> None:
    runtime = ScriptedRuntime(workflow(StepPlan("a"), StepPlan("b")))
    runtime.start()
    before = len(runtime.log)
    runtime.step()
    settled, started = runtime.log[before:]
    assert (settled.type, settled.step, settled.attempt) == ("visit_settled", "a", 1)
    assert (started.type, started.step, started.cause) == ("visit_started", "b", settled.seq)


def test_secrets_stay_references() -> None:
    plan = workflow(
        StepPlan("a", with_={"token": "{{ secrets.TOKEN }}"}, env={"T": "{{ secrets.TOKEN }}"}),
        secrets=(("TOKEN", SecretSource("env", "TOKEN")),),
    )
    runtime = ScriptedRuntime(plan)
    runtime.start()
    assert runtime.log[-1].data["inputs"] == {"token": {"$secret": "TOKEN"}}
    assert runtime.log[-1].data["env"] == {"T": {"$secret": "TOKEN"}}


def test_env_and_vars_of_the_workflow_are_evaluated_once_at_the_start() -> None:
    plan = workflow(
        StepPlan("a", with_={"who": "{{ env.WHO }}", "n": "{{ vars.n }}"}, env={"OWN": "1"}),
        env={"WHO": "{{ inputs.who }}"},
        vars={"n": "{{ inputs.n + 1 }}"},
    )
    runtime = ScriptedRuntime(plan)
    runtime.start({"who": "eva", "n": 1}, {"env": {"CI": "1"}})
    assert runtime.log[0].data["env"] == {"CI": "1", "WHO": "eva"}
    assert runtime.log[1].data["inputs"] == {"who": "eva", "n": 2}
    assert runtime.log[1].data["env"] == {"WHO": "eva", "OWN": "1"}


def test_an_environment_that_cannot_be_evaluated_fails_the_execution_at_once() -> None:
    runtime = ScriptedRuntime(workflow(StepPlan("a"), env={"WHO": "{{ inputs.missing }}"}))
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.states() == {"a": "skipped"}
    assert runtime.state.error is not None
    assert runtime.state.error["type"] == "expression"


def test_a_plan_of_literals_imports_no_expressions() -> None:
    code = (
        "import sys\n"
        "from treadle_engine.decide import decide\n"
        "from treadle_engine.link import link\n"
        "from treadle_engine.plan import *\n"
        "from treadle_engine.protocol import *\n"
        "from treadle_engine.state import State\n"
        "state = State(Plan('p', link(ScopePlan((StepPlan('a', with_={'x': [1]}), StepPlan('b'))))), 'x')\n"
        "turn = decide(state, Start(1))\n"
        "turn = decide(state, AttemptEnded(turn.commands[0].address, 2, 'success'))\n"
        "turn = decide(state, AttemptEnded(turn.commands[0].address, 3, 'success'))\n"
        "assert state.status == 'completed', state.status\n"
        "found = {'jinja2', 'treadle_engine.expressions', 'asyncio', 'sqlite3', 'random'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_plan_with_cyclic_needs_is_refused() -> None:
    plan: Plan = workflow(StepPlan("a", needs=("b",)), StepPlan("b", needs=("a",)))
    with pytest.raises(ValueError, match="needs"):
        State(plan, "x").open_scope("")
