"""Properties P0 to P9 of the language, on random workflows. A failing example is named by its seed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from treadle_engine import events as kinds
from treadle_engine.addresses import opened_by
from treadle_engine.graph import Graph
from treadle_engine.joins import judge
from treadle_engine.plan import HANDLERS, Plan, ScopePlan, plan_from_json, plan_to_json
from treadle_engine.protocol import (
    Address,
    AttemptEnded,
    Cancel,
    Pause,
    Recover,
    Resume,
    Rollback,
    Start,
    Stimulus,
    TimerFired,
)
from treadle_engine.scope_state import LIVE
from treadle_engine.state import State, fold
from treadle_hookspecs import Event
from treadle_testkit.random_workflows import (
    EVERYTHING,
    FAMILIES,
    FAMILIES_ORDERLY,
    NESTED,
    NESTED_ORDERLY,
    ORDERLY,
    WAITING,
    Features,
    random_choice,
    random_plan,
    random_script,
    random_speech,
)
from treadle_testkit.scripted import ScriptedRuntime

BLOCK = 50
"""Examples in one test: enough to be quick, few enough to find the seed."""


def blocks(count: int) -> pytest.MarkDecorator:
    """`count` examples, a block a test."""
    return pytest.mark.parametrize("block", _ranges(count), ids=str)


def flat_and_nested(flat: int, nested: int, *kinds: Features) -> pytest.MarkDecorator:
    """`flat` examples of one scope and `nested` ones with scopes inside scopes, a block a test.

    Half as many as the nested ones run workflows in workflows; where everything may happen, half as many wait as well.
    """
    features = kinds or (EVERYTHING, NESTED, FAMILIES, WAITING)
    found = [("flat", features[0], block) for block in _ranges(flat)]
    found += [("nested", features[1], block) for block in _ranges(nested)]
    found += [("family", features[2], block) for block in _ranges(nested // 2)]
    found += [("waiting", kind, block) for kind in features[3:] for block in _ranges(nested // 2)]
    cases = [pytest.param(kind, block, id=f"{name}-{block.start}") for name, kind, block in found]
    return pytest.mark.parametrize(("features", "block"), cases)


def _ranges(count: int) -> list[range]:
    return [range(first, first + BLOCK) for first in range(0, count, BLOCK)]


def prepared(seed: int, features: Features = EVERYTHING, *, order: int | None = None) -> ScriptedRuntime:
    choose = random_choice(seed if order is None else order)
    asking = 0.3 if features is WAITING else 0.0
    script = random_script(seed, failing=0.5, by_visit=features is not ORDERLY, asking=asking)
    return ScriptedRuntime(random_plan(seed, features), script, speech=random_speech(seed), choose=choose)


def driven(seed: int, features: Features = EVERYTHING, *, order: int | None = None) -> ScriptedRuntime:
    runtime = prepared(seed, features, order=order)
    runtime.start()
    runtime.run(turns=2_000)
    return runtime


def scopes(runtime: ScriptedRuntime) -> dict[str, ScopePlan]:
    """The plans of the scope instances that opened, by address."""
    return {address: runtime.state.scope_plan(address) for address in runtime.state.scopes}


def ends(runtime: ScriptedRuntime) -> dict[str, object]:
    """What is left at the end, times and numbers of attempts aside."""
    steps = {step.address: (step.state, step.outcome, step.visits, step.outputs) for step in runtime.state.steps()}
    state = runtime.state
    return {
        "status": (state.status, state.rollback, state.attention, state.error, state.warnings),
        "steps": steps,
        "undone": runtime.undone(),
        "vars": state.vars,
    }


@flat_and_nested(2_000, 800)
def test_p0_to_p3_hold_in_every_run(features: Features, block: range) -> None:
    for seed in block:
        runtime = driven(seed, features)
        check_completed_means_repaired(seed, runtime)
        check_everything_settled_within_bounds(seed, runtime)
        for name, scope in scopes(runtime).items():
            check_joins(seed, scope, [event for event in runtime.log if event.scope == name and event.step])


def check_completed_means_repaired(seed: int, runtime: ScriptedRuntime) -> None:
    """P0."""
    if runtime.state.status == "completed":
        assert not [event.address for event in failures(runtime) if not repaired(runtime, event)], seed


def failures(runtime: ScriptedRuntime) -> Iterator[Event]:
    for event in runtime.log:
        if event.type == kinds.VISIT_SETTLED and event.data["state"] == "failed":
            yield event


def repaired(runtime: ScriptedRuntime, failure: Event) -> bool:
    """Its step was entered again, recovered or forgiven; or it became the failure of the visit that it was inside.

    `min_success` forgives an item, a race those that lose it, another attempt those before.
    """
    plan = {(name, step.id): step for name, scope in scopes(runtime).items() for step in scope.steps}
    if plan[failure.scope, failure.step].continue_on_error and failure.visit:
        return True
    for event in runtime.log[failure.seq :]:
        if event.scope != failure.scope:
            continue
        if event.type == kinds.VISIT_STARTED and event.step == failure.step:
            return True
        succeeded = event.type == kinds.VISIT_SETTLED and event.data["state"] == "succeeded"
        if succeeded and plan[event.scope, event.step].recovers:
            return True
    if not inside(failure):
        return False
    around = opening(runtime, failure.scope)
    outer = plan[around.scope, around.step]
    forgiven = outer.kind == "race" or (outer.items is not None and outer.items.min_success is not None)
    again = opened_by(own_scope(failure.scope)).attempt < around.attempt
    return around.data["state"] == "failed" or forgiven or again


def inside(event: Event) -> bool:
    """It happened in a scope inside another one."""
    return event.scope not in {"", *HANDLERS}


def own_scope(scope: str) -> str:
    """That of the workflow for a handler of it, else itself."""
    around, _, own = scope.rpartition("/")
    return around if own in HANDLERS else scope


def opening(runtime: ScriptedRuntime, scope: str) -> Event:
    """The end of the visit that opened a scope."""
    opened = opened_by(own_scope(scope))
    ended = (event for event in runtime.log if event.type == kinds.VISIT_SETTLED)
    return next(event for event in ended if (event.scope, event.step, event.visit) == opened[:3])


def check_everything_settled_within_bounds(seed: int, runtime: ScriptedRuntime) -> None:
    """P1, P2."""
    assert runtime.state.terminal, seed
    assert not runtime.running, seed
    bounds = {(name, step.id): step.max_visits for name, scope in scopes(runtime).items() for step in scope.steps}
    for step in runtime.state.steps():
        assert step.state not in {"pending", "running", "retrying", "interrupted"}, (seed, step.address)
        assert step.visits <= bounds[step.scope, step.step], (seed, step.address)


def check_joins(seed: int, scope: ScopePlan, log: list[Event]) -> None:
    """P3, by an own, slow account of what each need counts as when a step starts."""
    graph = Graph(scope)
    credit: dict[str, str] = {}
    entered: set[str] = set()
    recovering = False
    for event in log:
        step = scope.steps[graph.number[event.step]]
        if event.type == kinds.REGION_REARMED:
            rearmed: Any = event.data["steps"]
            for id_ in rearmed:
                credit.pop(id_, None)
            entered.add(event.step)
        elif event.type == kinds.VISIT_STARTED:
            if step.needs and event.step not in entered and step.join is not None:
                ended = [credit.get(need, "") for need in step.needs]
                failed = 0 if recovering else ended.count("failed")
                good = ended.count("succeeded") + ended.count("failed") - failed
                verdict = judge(step.join, good, failed, ended.count("skipped"), ended.count(""))
                alone = step.join.mode == "one_failed" and "failed" in ended
                assert verdict == "ready" or alone, (seed, event.address, ended)
            entered.discard(event.step)
        elif event.type == kinds.VISIT_SETTLED:
            recovering = recovering or (step.recovers and event.data["state"] == "succeeded")
            forgiven = step.continue_on_error and event.visit
            credit[event.step] = "succeeded" if event.data["state"] == "succeeded" or forgiven else "failed"
            if event.data["state"] == "cancelled":
                credit[event.step] = "failed"
        elif event.type == kinds.VISIT_SKIPPED:
            credit[event.step] = "skipped" if event.data["state"] == "skipped" else "failed"


@flat_and_nested(500, 200, ORDERLY, NESTED_ORDERLY, FAMILIES_ORDERLY)
def test_p4_final_states_do_not_depend_on_the_order_of_completion(features: Features, block: range) -> None:
    for seed in block:
        expected = driven(seed, features, order=0)
        for order in (1, 2, 3):
            other = driven(seed, features, order=order)
            assert other.states() == expected.states(), (seed, order)
            assert other.state.status == expected.state.status, (seed, order)


ONE_THREAD = Features(needs=False, forks=False, handlers=False, small_steps=False)


@blocks(500)
def test_p5_one_token_and_no_needs_is_deterministic(block: range) -> None:
    for seed in block:
        plan = one_thread(random_plan(seed, ONE_THREAD))
        traces = []
        for order in (0, 1):
            runtime = ScriptedRuntime(plan, random_script(seed), choose=random_choice(order), tick=1 + order)
            runtime.start()
            while runtime.step():
                assert sum(1 for _, undo in runtime.running if not undo) <= 1, seed
            traces.append(runtime.trace())
        assert traces[0] == traces[1], seed


def one_thread(plan: Plan) -> Plan:
    """Nothing but routes leads on, and only the first step starts by itself."""
    steps = tuple(replace(step, needs=(), sequential=False) for step in plan.root.steps)
    return replace(plan, root=replace(plan.root, steps=steps, start=(steps[0].id,)))


@flat_and_nested(500, 300)
def test_p6_each_logged_visit_is_undone_once_and_in_reverse(features: Features, block: range) -> None:
    for seed in block:
        runtime = driven(seed, features)
        runtime.send(Rollback(runtime.now))
        runtime.run()
        logged = sorted(
            (event for event in runtime.log if event.data.get("compensation") or event.data.get("irreversible")),
            key=lambda event: (*completion(runtime, event), LAST),
        )
        barrier = max((n for n, event in enumerate(logged) if event.data.get("irreversible")), default=-1)
        free = {visit(event) for event in logged[barrier + 1 :]}
        undone = runtime.undone()
        assert len(undone) == len(set(undone)), seed
        assert set(undone) <= free | late_entries(runtime), seed
        check_each_rollback(seed, runtime)
        if not runtime.plan.rollback.parallel and rollbacks(runtime) == 1:
            assert undone == [visit(event) for event in reversed(logged) if visit(event) in undone], seed


def completion(runtime: ScriptedRuntime, event: Event) -> tuple[int, ...]:
    """Where a visit stands in the order of completion: a scope inside stands where the visit that opened it ended."""
    if not inside(event):
        return (event.seq,)
    scope = own_scope(event.scope)
    ended = max(other.seq for other in runtime.log if other.scope == scope and other.type in ENDS)
    return (*completion(runtime, opening(runtime, event.scope)), ended, event.seq)


LAST = 1 << 60
"""What a step that holds scopes did itself stands behind what is inside it."""
ENDS = {kinds.VISIT_SETTLED, kinds.VISIT_SKIPPED}


def visit(event: Event) -> str:
    return event._replace(attempt=0).address


def late_entries(runtime: ScriptedRuntime) -> set[str]:
    """Visits that were undone before an irreversible step of a handler stood in the way."""
    last = max((event.seq for event in runtime.log if event.type == kinds.ROLLBACK_FINISHED), default=0)
    return {visit(event) for event in runtime.log[:last] if event.data.get("compensation")}


def check_each_rollback(seed: int, runtime: ScriptedRuntime) -> None:
    """What one workflow undoes is its own, and in the order in which its rollback said."""
    for event in runtime.log:
        if event.type == kinds.ROLLBACK_STARTED:
            entries: Any = event.data.get("entries", [])
            inside_it = f"{event.scope}/" if event.scope else ""
            assert all(entry.startswith(inside_it) for entry in entries), seed
            undone = [entry for entry in runtime.undone() if entry in entries]
            if not runtime.plan.rollback.parallel and not event.scope and rollbacks(runtime) == 1:
                assert undone == [entry for entry in entries if entry in undone], seed


def rollbacks(runtime: ScriptedRuntime) -> int:
    return sum(1 for event in runtime.log if event.type == kinds.ROLLBACK_STARTED)


@flat_and_nested(300, 150)
def test_p7_a_crash_at_any_event_changes_nothing(features: Features, block: range) -> None:
    for seed in block:
        expected = driven(seed, features)
        for keep in range(1 + seed % 3, len(expected.log), 3):
            runtime = prepared(seed, features)
            runtime.start()
            while len(runtime.log) < keep and runtime.step():
                pass
            runtime.crash(keep)
            runtime.run(turns=2_000)
            assert ends(runtime) == ends(expected), (seed, keep)


@flat_and_nested(300, 150)
def test_p8_a_terminal_execution_accepts_only_a_rollback(features: Features, block: range) -> None:
    for seed in block:
        runtime = driven(seed, features)
        before = json.dumps(runtime.state.dump())
        now = runtime.now
        started = [event for event in runtime.log if event.type == kinds.VISIT_STARTED]
        addresses = [Address(event.scope, event.step, event.visit, event.attempt) for event in started]
        stimuli: list[Stimulus] = [
            Start(now),
            Pause(now),
            Resume(now),
            Cancel(now),
            Recover(now),
            TimerFired("timeout", now),
        ]
        for stimulus in (*stimuli, *(AttemptEnded(address, now, "failure") for address in addresses)):
            turn = runtime.send(stimulus)
            assert not turn.events, (seed, stimulus)
            assert not turn.commands, (seed, stimulus)
        assert json.dumps(runtime.state.dump()) == before, seed


@flat_and_nested(300, 150)
def test_p9_a_pause_and_a_resume_at_any_point_change_nothing(features: Features, block: range) -> None:
    for seed in block:
        expected = driven(seed, features)
        for point in range(seed % 4, len(expected.log), 4):
            runtime = prepared(seed, features)
            runtime.start()
            for _ in range(point):
                runtime.step()
            if runtime.state.terminal:
                break
            runtime.send(Pause(runtime.now))
            runtime.send(Resume(runtime.now))
            runtime.run(turns=2_000)
            assert ends(runtime) == ends(expected), (seed, point)


@flat_and_nested(300, 100, ORDERLY, NESTED_ORDERLY, FAMILIES_ORDERLY)
def test_p9_running_work_may_finish_during_a_pause(features: Features, block: range) -> None:
    for seed in block:
        expected = driven(seed, features)
        runtime = prepared(seed, features)
        runtime.start()
        while not runtime.state.terminal:
            runtime.send(Pause(runtime.now))
            runtime.run()
            assert not runtime.running, seed
            runtime.send(Resume(runtime.now))
            runtime.step()
        assert runtime.states() == expected.states(), seed
        assert runtime.state.status == expected.state.status, seed


@flat_and_nested(300, 100)
def test_same_input_same_output_byte_for_byte(features: Features, block: range) -> None:
    for seed in block:
        one, other = prepared(seed, features), prepared(seed, features)
        other.plan = plan_from_json(json.loads(json.dumps(plan_to_json(other.plan))))
        for runtime in (one, other):
            runtime.start()
            runtime.run(turns=2_000)
        logs = [json.dumps([event.to_json() for event in runtime.log]) for runtime in (one, other)]
        assert logs[0] == logs[1], seed
        assert repr(one.commands) == repr(other.commands), seed


@flat_and_nested(300, 150)
def test_a_state_written_half_way_and_the_rest_of_the_log_make_the_whole(features: Features, block: range) -> None:
    for seed in block:
        runtime = driven(seed, features)
        whole = json.dumps(runtime.state.dump())
        for split in range(seed % 5, len(runtime.log) + 1, 5):
            state = State(runtime.plan, "scripted")
            for event in runtime.log[:split]:
                fold(state, event)
            state = State.load(runtime.plan, json.loads(json.dumps(state.dump())))
            for event in runtime.log[split:]:
                fold(state, event)
            assert json.dumps(state.dump()) == whole, (seed, split)


@flat_and_nested(500, 300)
def test_a_cancel_at_any_point_ends_it(features: Features, block: range) -> None:
    for seed in block:
        runtime = prepared(seed, features)
        runtime.start()
        for _ in range(seed % 7):
            runtime.step()
        runtime.send(Cancel(runtime.now, reason="enough"))
        runtime.run(turns=2_000)
        assert runtime.state.terminal, seed
        assert not [
            at for scope in runtime.state.scopes.values() for at, phase in enumerate(scope.phase) if phase in LIVE
        ]


def test_each_property_is_tried_and_all_of_them_on_thousands_of_workflows() -> None:
    """CI runs every block: nothing here is sampled."""
    counted = {name: workflows_of(function) for name, function in globals().items() if name.startswith("test_p")}
    for number in range(4, 10):
        assert any(name.startswith(f"test_p{number}_") for name in counted)
    assert counted["test_p0_to_p3_hold_in_every_run"] >= 3_000
    assert sum(counted.values()) >= 5_000


def workflows_of(test: Any) -> int:
    """How many a test tries: those in the blocks that it is parametrised with."""
    cases = [case for mark in test.pytestmark for case in mark.args[1]]
    return sum(len(getattr(case, "values", [case])[-1]) for case in cases)
