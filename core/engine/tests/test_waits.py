"""Steps that wait: time, signals, events, conditions, people; and people who are asked before a step of any kind."""

from dataclasses import replace
from typing import Any

from treadle_engine import events as kinds
from treadle_engine.plan import (
    Approval,
    Escalation,
    InputSpec,
    Items,
    Join,
    OutputSpec,
    ScopePlan,
    StepPlan,
    WaitFor,
    plan_from_json,
    plan_to_json,
)
from treadle_engine.protocol import Cancel, Deliver, Pause, Publish, Resume, TimerFired, Turn
from treadle_engine.state import State, fold
from treadle_testkit.scripted import BEGIN, SECOND, ScriptedRuntime, workflow

DAY = 86_400 * SECOND


def started(*steps: StepPlan, **fields: Any) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), actor="user:alice")
    runtime.start()
    runtime.run_what_runs()
    return runtime


def wait(id_: str = "wait", value: Any = "3d", **fields: Any) -> StepPlan:
    return StepPlan(id_, "wait", with_={"for": value}, **fields)


def wait_for(id_: str = "hear", **fields: Any) -> StepPlan:
    rest = {key: fields.pop(key) for key in ("needs", "on_success", "routes", "join") if key in fields}
    return StepPlan(id_, "wait_for", wait_for=WaitFor(**fields), **rest)


def approval(id_: str = "ask", **fields: Any) -> StepPlan:
    rest = {key: fields.pop(key) for key in ("needs", "on_success", "routes", "join", "outputs") if key in fields}
    return StepPlan(id_, "approval", approval=Approval(**fields), **rest)


def say(runtime: ScriptedRuntime, name: str, data: Any = None, **fields: Any) -> Turn:
    fields.setdefault("sort", "signal")
    return runtime.send(Deliver(runtime.now, name=name, data=data, **fields))


def answer(runtime: ScriptedRuntime, by: str = "bob", decision: str = "approved", **fields: Any) -> Turn:
    return say(runtime, decision, by=by, sort="answer", **fields)


def refusals(runtime: ScriptedRuntime) -> list[str]:
    found = (event.data.get("refused") for event in runtime.log if event.type == kinds.SIGNAL_RECEIVED)
    return [str(why) for why in found if why]


def outputs(runtime: ScriptedRuntime, step: str, scope: str = "") -> Any:
    return runtime.state.step(scope, step).outputs


def test_wait_lets_time_pass() -> None:
    runtime = started(wait(), StepPlan("after"))
    assert runtime.state.status == "waiting"
    assert runtime.states() == {"wait": "waiting", "after": "pending"}
    assert runtime.timers == {"wait:wait#1": BEGIN + 3 * DAY}
    assert runtime.run() == "completed"
    assert runtime.trace() == ["wait#1 success", "after#1 success"]
    assert runtime.log[-1].at >= BEGIN + 3 * DAY


def test_wait_takes_its_duration_from_an_expression() -> None:
    runtime = started(wait(value="{{ inputs.pause }}"))
    assert runtime.state.step("", "wait").error == {
        "type": "expression",
        "message": runtime.state.step("", "wait").error["message"],
    }
    runtime = ScriptedRuntime(workflow(wait(value="{{ inputs.pause }}")))
    runtime.start({"pause": "1h30m"})
    assert runtime.timers == {"wait:wait#1": BEGIN + 5_400 * SECOND}
    runtime = ScriptedRuntime(workflow(wait(value="{{ inputs.pause }}")))
    runtime.start({"pause": "soon"})
    assert runtime.state.status == "failed"
    assert "is not a duration" in runtime.state.error["message"]


def test_a_signal_ends_the_wait_and_its_payload_is_the_outputs() -> None:
    runtime = started(wait_for(signal="go"), StepPlan("after", with_={"tag": "{{ steps.hear.outputs.tag }}"}))
    assert not runtime.timers
    assert say(runtime, "stop").events[0].data["refused"] == "no step waits for the signal stop"
    say(runtime, "go", {"tag": "v1"}, by="carol")
    assert runtime.run() == "completed"
    assert outputs(runtime, "hear") == {"tag": "v1"}
    assert next(e for e in runtime.log if e.type == kinds.VISIT_STARTED and e.step == "after").data["inputs"] == {
        "tag": "v1"
    }


def test_a_payload_that_is_no_object_is_the_output_value() -> None:
    runtime = started(wait_for(signal="go"))
    say(runtime, "go", 7)
    assert outputs(runtime, "hear") == {"value": 7}


def test_a_signal_reaches_the_oldest_open_wait_only() -> None:
    runtime = started(wait_for("one", signal="go", needs=()), wait_for("two", signal="go", needs=()))
    say(runtime, "go", {"n": 1})
    assert runtime.states() == {"one": "succeeded", "two": "waiting"}
    say(runtime, "go", {"n": 2})
    assert (outputs(runtime, "one"), outputs(runtime, "two")) == ({"n": 1}, {"n": 2})


def test_an_event_reaches_every_wait_that_it_matches() -> None:
    runtime = started(
        wait_for("one", event="pushed", needs=()),
        wait_for("two", event="pushed", match="event.data.branch == 'main'", needs=()),
        wait_for("three", event="pushed", match="event.data.branch == 'dev'", needs=()),
    )
    say(runtime, "pushed", {"branch": "main"}, sort="event")
    assert runtime.states() == {"one": "succeeded", "two": "succeeded", "three": "waiting"}


def test_a_signal_that_comes_early_is_kept_unless_the_wait_is_not_buffered() -> None:
    for buffered, status in ((True, "completed"), (False, "waiting")):
        runtime = ScriptedRuntime(workflow(StepPlan("first"), wait_for(signal="go", buffered=buffered)))
        runtime.start()
        say(runtime, "go", {"n": 1})
        assert runtime.run() == status, buffered
    assert len(runtime.state.kept) == 1


def test_match_leaves_what_does_not_suit_for_another_wait() -> None:
    runtime = started(
        wait_for("one", signal="go", match="signal.data.n > 1", needs=()),
        wait_for("two", signal="go", match="signal.by == 'bob'", needs=("one",)),
    )
    say(runtime, "go", {"n": 1}, by="bob")
    assert runtime.state.status == "waiting"
    say(runtime, "go", {"n": 2})
    assert runtime.state.status == "completed"
    assert outputs(runtime, "two") == {"n": 1}


def test_a_named_step_gets_the_signal_or_it_is_refused() -> None:
    runtime = started(wait_for("one", signal="go", needs=()), wait_for("two", signal="go", needs=()))
    say(runtime, "go", step="two#1")
    assert runtime.states() == {"one": "waiting", "two": "succeeded"}
    say(runtime, "go", step="two")
    assert refusals(runtime) == ["step two does not wait for the signal go"]


def test_a_wait_that_takes_too_long_has_the_outcome_timeout() -> None:
    runtime = started(
        wait_for(signal="go", timeout=60, routes=(("timeout", ("late",)),)), StepPlan("late", recovers=True)
    )
    assert runtime.run() == "completed"
    assert runtime.trace() == ["hear#1 timeout", "late#1 success"]
    assert runtime.state.step("", "hear").error == {
        "type": "timeout",
        "message": "step hear waited 60 seconds for the signal go",
    }


def test_a_condition_is_judged_whenever_something_happened() -> None:
    runtime = ScriptedRuntime(
        workflow(
            wait_for("both", condition="steps.a.state == 'succeeded' and steps.b.state == 'succeeded'", needs=()),
            StepPlan("a", needs=()),
            StepPlan("b", needs=()),
            StepPlan("c", needs=("both",)),
        )
    )
    runtime.start()
    runtime.step()
    assert runtime.state.step("", "both").state == "waiting"
    runtime.step()
    assert runtime.state.step("", "both").state == "succeeded"
    assert runtime.run() == "completed"


def test_a_condition_that_nothing_can_make_true_fails() -> None:
    runtime = started(wait_for(condition="false"))
    assert runtime.state.status == "failed"
    assert runtime.state.error["type"] == "condition"
    runtime = started(wait_for(condition="false", timeout=5))
    assert runtime.state.status == "waiting"
    assert runtime.run() == "failed"
    assert runtime.state.error["type"] == "timeout"


def test_an_approval_waits_for_a_person() -> None:
    form = (InputSpec("version", "string", required=True),)
    runtime = started(approval(prompt="ship {{ execution.started_by }}?", form=form), StepPlan("ship"))
    opened = next(event for event in runtime.log if event.type == kinds.VISIT_WAITING)
    assert opened.data == {"for": "approval", "ask": {"prompt": "ship alice?"}}
    answer(runtime, "user:bob", data={"version": "2"}, comment="fine")
    assert runtime.run() == "completed"
    given = outputs(runtime, "ask")
    assert {name: given[name] for name in ("version", "decision", "by", "comment")} == {
        "version": "2",
        "decision": "approved",
        "by": "bob",
        "comment": "fine",
    }


def test_a_rejection_is_a_failure_with_its_own_outcome() -> None:
    runtime = started(approval(), StepPlan("ship"))
    answer(runtime, "bob", "rejected", comment="too early")
    assert runtime.run() == "failed"
    assert runtime.trace() == ["ask#1 rejected", "ship upstream_failed"]
    assert runtime.state.error == {
        "step": "ask",
        "type": "rejected",
        "message": "rejected by bob: too early",
        "by": "bob",
        "comment": "too early",
    }


def test_a_second_answer_is_refused() -> None:
    runtime = started(approval("one"), approval("two"))
    answer(runtime, "bob")
    answer(runtime, "carol", step="one")
    assert refusals(runtime) == ["one does not wait for an answer"]
    answer(runtime, "carol")
    assert runtime.state.status == "completed"


def test_a_quorum_counts_people_once_and_only_those_who_may() -> None:
    runtime = started(approval(quorum=2, approvers=("bob", "carol", "alice"), not_by="{{ execution.started_by }}"))
    answer(runtime, "bob")
    answer(runtime, "bob")
    answer(runtime, "alice")
    answer(runtime, "dave")
    assert runtime.state.status == "waiting"
    assert refusals(runtime) == [
        "bob has answered it already",
        "alice may not answer it",
        "dave is not among those who may answer it: bob, carol, alice",
    ]
    answer(runtime, "user:carol")
    assert runtime.state.status == "completed"
    assert [given["by"] for given in outputs(runtime, "ask")["answers"]] == ["bob", "carol"]


def test_one_rejection_decides_against_a_quorum() -> None:
    runtime = started(approval(quorum=2))
    answer(runtime, "bob")
    answer(runtime, "carol", "rejected")
    assert runtime.state.status == "failed"


def test_nobody_answers_in_time() -> None:
    for on_timeout, status, decision in (
        ("timeout", "failed", "timeout"),
        ("reject", "failed", "rejected"),
        ("approve", "completed", "approved"),
    ):
        runtime = started(approval(timeout=60, on_timeout=on_timeout))
        assert runtime.timers == {"until:ask#1": BEGIN + 60 * SECOND}
        assert runtime.run() == status
        assert outputs(runtime, "ask")["decision"] == decision
        assert runtime.state.step("", "ask").outcome == {"failed": decision}.get(status, "success")


def test_escalation_asks_further_people_and_tells_the_bus() -> None:
    further = Escalation(30, ("boss",), "unanswered")
    runtime = started(approval(prompt="ship?", approvers=("bob",), timeout=60, escalate=further))
    answer(runtime, "boss")
    assert refusals(runtime) == ["boss is not among those who may answer it: bob"]
    runtime.now = BEGIN + 30 * SECOND
    runtime.send(TimerFired("escalate:ask#1", runtime.now))
    assert runtime.published == [
        Publish(
            "unanswered",
            {
                "execution": "scripted",
                "workflow": "scripted",
                "step": "ask#1",
                "prompt": "ship?",
                "approvers": ["bob", "boss"],
            },
        )
    ]
    answer(runtime, "boss")
    assert runtime.state.status == "completed"


def test_push_back_sends_the_execution_to_an_earlier_step_with_the_comment() -> None:
    back = (("pushed_back", ("draft",)),)
    runtime = started(
        StepPlan("draft", with_={"remark": "{{ steps.review.outputs.comment }}"}),
        approval("review", push_back=True, routes=back, outputs=(("comment", OutputSpec()),)),
        StepPlan("publish"),
    )
    answer(runtime, "bob", "pushed_back", comment="shorter")
    runtime.run_what_runs()
    assert runtime.state.status == "waiting"
    answer(runtime, "bob", "approved")
    assert runtime.run() == "completed"
    assert runtime.trace() == [
        "draft#1 success",
        "review#1 pushed_back",
        "draft#2 success",
        "review#2 success",
        "publish#1 success",
    ]
    drafts = [e.data.get("inputs") for e in runtime.log if e.type == kinds.VISIT_STARTED and e.step == "draft"]
    assert drafts == [{"remark": None}, {"remark": "shorter"}]


def test_without_push_back_it_cannot_be_pushed_back() -> None:
    runtime = started(approval())
    answer(runtime, "bob", "pushed_back")
    assert refusals(runtime) == ["it cannot be answered with pushed_back"]


def gated(id_: str = "deploy", **fields: Any) -> StepPlan:
    return StepPlan(id_, gate=Approval(prompt=f"run {id_}?"), **fields)


def test_people_are_asked_before_a_step_begins() -> None:
    runtime = started(gated(with_={"to": "prod"}), StepPlan("after"))
    assert runtime.states() == {"deploy": "waiting", "after": "pending"}
    assert not runtime.running
    assert runtime.log[1].data["inputs"] == {"to": "prod"}
    answer(runtime)
    assert [address.attempt for address, _ in runtime.running] == [1]
    assert runtime.state.status == "running"
    assert runtime.run() == "completed"


def test_a_step_that_people_reject_never_begins() -> None:
    runtime = started(gated(), StepPlan("after"))
    answer(runtime, "bob", "rejected", comment="no")
    assert runtime.run() == "failed"
    assert runtime.trace() == ["deploy#1 rejected", "after upstream_failed"]
    assert not runtime.running


def test_people_are_asked_before_steps_of_every_kind() -> None:
    gate = Approval()
    steps = (
        StepPlan("set", "set", with_={"x": 1}, gate=gate),
        StepPlan("group", "parallel", body=ScopePlan((StepPlan("inner"),), ordered=False), gate=gate),
        StepPlan(
            "each",
            "for_each",
            with_={"items": [1, 2]},
            body=ScopePlan((gated("item"),)),
            items=Items(single=True),
        ),
        StepPlan("end", "end", with_={"status": "completed"}, gate=gate),
    )
    runtime = started(*steps)
    asked = 0
    while runtime.state.status == "waiting":
        asked += 1
        answer(runtime)
        runtime.run_what_runs()
    assert (asked, runtime.state.status) == (5, "completed")


def test_a_gate_of_a_step_that_times_out_can_let_it_begin() -> None:
    runtime = started(StepPlan("deploy", gate=Approval(timeout=5, on_timeout="approve")))
    assert runtime.run() == "completed"
    assert runtime.trace() == ["deploy#1 success"]


def test_waits_take_no_place_and_what_was_approved_waits_for_one() -> None:
    runtime = started(
        gated("one", needs=()), wait_for(signal="go", needs=()), StepPlan("two", needs=()), scope={"max_parallel": 1}
    )
    assert runtime.states() == {"one": "waiting", "hear": "waiting", "two": "succeeded"}
    runtime = ScriptedRuntime(workflow(gated("one", needs=()), StepPlan("two", needs=()), scope={"max_parallel": 1}))
    runtime.start()
    answer(runtime)
    assert [address.step for address, _ in runtime.running] == ["two"]
    runtime.step()
    assert [address.step for address, _ in runtime.running] == ["one"]
    assert runtime.run() == "completed"


def test_a_pause_keeps_due_times_and_answers_count() -> None:
    runtime = started(wait(needs=()), gated("one", needs=()))
    runtime.send(Pause(runtime.now))
    assert runtime.state.status == "paused"
    answer(runtime)
    assert not runtime.running
    runtime.send(Resume(runtime.now))
    assert runtime.timers == {"wait:wait#1": BEGIN + 3 * DAY}
    assert runtime.run() == "completed"


def test_a_cancel_ends_every_wait() -> None:
    runtime = started(wait(needs=()), gated("one", needs=()), approval(needs=(), timeout=9))
    runtime.send(Cancel(runtime.now))
    assert runtime.state.status == "cancelled"
    assert not runtime.timers
    assert set(runtime.states().values()) == {"cancelled"}


def test_a_failure_that_closes_the_scope_ends_waits_but_not_those_that_clean_up() -> None:
    runtime = ScriptedRuntime(
        workflow(
            StepPlan("bad", needs=()),
            wait("long", needs=()),
            approval("tidy", needs=("long",), join=Join("all_done")),
            scope={"fail_fast": True},
        ),
        {"bad": ["failure"]},
    )
    runtime.start()
    runtime.run_what_runs()
    assert runtime.states() == {"bad": "failed", "long": "cancelled", "tidy": "waiting"}
    assert not runtime.timers
    runtime.crash()
    assert runtime.states()["tidy"] == "waiting"
    answer(runtime)
    assert runtime.run() == "failed"


def test_a_re_entry_cancels_the_waits_of_its_region() -> None:
    """R7."""
    runtime = started(
        StepPlan("draft"),
        approval("review", push_back=True, routes=(("pushed_back", ("draft",)),)),
        wait("cool", needs=("draft",)),
        StepPlan("group", "parallel", body=ScopePlan((approval("inner"),), ordered=False), needs=("draft",)),
    )
    answer(runtime, decision="pushed_back", step="review")
    runtime.run_what_runs()
    assert [line for line in runtime.trace() if "cancelled" in line] == ["cool#1 cancelled", "group/inner#1 cancelled"]
    assert runtime.states()["review"] == "waiting"
    assert runtime.state.step("", "draft").visits == 2


def test_the_workflow_s_time_is_up_while_it_waits() -> None:
    runtime = started(approval(), timeout=60.0)
    assert runtime.state.status == "waiting"
    assert runtime.run() == "failed"
    assert runtime.state.timed_out
    assert runtime.states() == {"ask": "cancelled"}


def test_an_execution_that_has_ended_hears_nothing() -> None:
    runtime = started(StepPlan("only"))
    assert runtime.state.status == "completed"
    assert not say(runtime, "go").events


def test_waits_survive_a_lost_process_and_a_stored_state() -> None:
    """P7: wherever the log is cut."""
    plan = workflow(
        wait("cool", 60, needs=()),
        gated("deploy", needs=()),
        wait_for(signal="go", needs=(), buffered=True),
        approval(needs=(), quorum=2),
        wait_for("all", condition="steps.deploy.state == 'succeeded'", needs=()),
    )
    plan = plan_from_json(plan_to_json(plan))
    inbox = [
        Deliver(BEGIN, "answer", "approved", by="bob", step="deploy", signal=1),
        Deliver(BEGIN, "answer", "approved", by="bob", step="ask", signal=2),
        Deliver(BEGIN, "signal", "go", signal=3),
        Deliver(BEGIN, "answer", "approved", by="carol", step="ask", signal=4),
    ]

    def played(crash_at: int = 0) -> ScriptedRuntime:
        """As a store has it: what is in the log has left the inbox."""
        runtime = ScriptedRuntime(plan)
        runtime.start()
        while waiting := [said for said in inbox if said.signal not in heard(runtime)]:
            runtime.send(waiting[0])
            if crash_at and len(runtime.log) >= crash_at:
                runtime.crash(crash_at)
                crash_at = 0
        runtime.run()
        return runtime

    def heard(runtime: ScriptedRuntime) -> set[object]:
        return {event.data.get("signal") for event in runtime.log if event.type == kinds.SIGNAL_RECEIVED}

    whole = played()
    assert whole.state.status == "completed"
    for cut in range(2, len(whole.log)):
        runtime = played(cut)
        assert (runtime.state.status, runtime.states()) == ("completed", whole.states()), cut
    for cut in range(1, len(whole.log)):
        state = State(plan, "scripted")
        for event in whole.log[:cut]:
            fold(state, event)
        loaded = State.load(plan, state.dump())
        for event in whole.log[cut:]:
            fold(loaded, event)
        assert loaded.dump() == whole.state.dump(), cut


def test_gates_are_plain_data() -> None:
    plan = workflow(gated(), approval(escalate=Escalation(5, ("x",), "late"), form=(InputSpec("a"),)))
    assert plan_from_json(plan_to_json(plan)) == replace(plan, root=plan_from_json(plan_to_json(plan)).root)
