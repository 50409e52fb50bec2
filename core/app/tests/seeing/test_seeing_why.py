"""Every way in which a step can stand somewhere has its explanation."""

import pytest
from treadle.seeing.explanation import TITLES, Neighbour
from treadle_engine.plan import Case, Compensation, Join, Retry, StepPlan
from treadle_engine.protocol import Cancel, Pause
from treadle_hookspecs import ExitCode, TreadleError
from treadle_testkit.scripted import SECOND, Ending


def step(id_: str, **fields: object) -> StepPlan:
    return StepPlan(id_, action="test/act", **fields)  # type: ignore[arg-type]


CHAIN = (step("a"), step("b"), step("c"))


# How it started


def test_the_first_step_starts_by_r1_and_the_next_by_the_order_written(run):
    made = run(CHAIN).to_end()
    assert made.rules("a") == ["R1", "R6"]
    assert made.rules("b") == ["R0", "R6"]
    assert "follows `a`" in made.told("b", "R0").text
    assert made.told("b", "R0").neighbours == (Neighbour("a", "need", "succeeded", "succeeded"),)


def test_start_and_empty_needs_are_told_apart(run):
    made = run((step("a"), step("b", needs=()), step("c", needs=())), scope={"start": ("c",)}).to_end()
    assert "`start` names it" in made.told("c", "R1").text
    made = run((step("a"), step("b", needs=()))).to_end()
    assert "`needs: []`" in made.told("b", "R1").text


def test_a_condition_that_holds_shows_what_it_saw(run):
    made = run((step("a", when="inputs.n > 2 and inputs.who.name == 'x'"),), inputs={"n": 3, "who": {"name": "x"}})
    reason = made.to_end().told("a", "R2")
    assert reason.values == {"inputs.n": 3, "inputs.who.name": "x"}
    assert "holds" in reason.text


def test_a_token_names_the_route_and_the_event_that_sent_it(run):
    made = run((step("a", routes=(("ready", ("b",)),)), step("b")), {"a": ["ready"]}).to_end()
    settled = next(event for event in made.runtime.log if event.type == "visit_settled" and event.step == "a")
    assert f"`a#1` sent its token here by `routes.ready` (event {settled.seq})" in made.told("b", "R2").text
    ended, went = (reason.text for reason in made.why("a").reasons if reason.rule == "R6")
    assert ended == "it ended with ready, a name that its action chose: it counts as success"
    assert went == "its token went to b by `routes.ready`"


# Ends without a visit


def test_a_condition_that_does_not_hold(run):
    made = run((step("a"), step("b", when="steps.a.outcome == 'other'"))).to_end()
    reason = made.told("b", "R2")
    assert (made.why("b").state, made.why("b").visit) == ("skipped", 0)
    assert "does not hold" in reason.text
    assert reason.values == {"steps.a.outcome": "success"}


def test_a_skipped_step_says_where_its_token_went(run):
    steps = (
        step("a", on_success=("b",)),
        step("b", when="false", routes=(("skipped", ("c",)),), on_success=("d",)),
        step("c"),
        step("d"),
    )
    made = run(steps).to_end()
    assert made.told("b", "R2").text == "its token went on to c by `routes.skipped`"
    assert "`b` sent its token here by `routes.skipped`" in made.told("c", "R2").text


def test_a_dead_path_says_where_the_others_went(run):
    made = run((step("a", on_success=("b",), on_failure=("c",)), step("b"), step("c"))).to_end()
    reason = made.told("c", "R4")
    assert reason.neighbours == (Neighbour("a", "route", "succeeded", note="leads here by `on_failure`, went to b"),)


def test_a_join_that_cannot_hold(run):
    steps = (step("a", needs=()), step("b", needs=()), step("c", needs=("a", "b")))
    made = run(steps, {"b": ["failure"]}, scope={"fail_fast": False}).to_end()
    told = made.why("c")
    assert told.state == "upstream_failed"
    assert "`none_failed_min_one_success` cannot hold (upstream_failed): `b` failed for good" in told.reasons[0].text
    assert [need.counts_as for need in told.reasons[0].neighbours] == ["succeeded", "failed"]


def test_a_join_expression_shows_what_it_saw(run):
    join = Join("expression", expression="steps.a.state == 'failed'")
    made = run((step("a", needs=()), step("b", needs=("a",), join=join))).to_end()
    assert made.why("b").state == "skipped"
    assert made.told("b", "R5").values == {"steps.a.state": "succeeded"}


def test_what_a_failure_closed(run):
    made = run(CHAIN, {"a": [Ending("failure", error={"type": "x", "message": "boom"})]}, scope={"fail_fast": True})
    made.to_end()
    assert made.rules("c") == ["R12"]
    assert "`fail_fast` closed its scope: `a` failed (boom)" in made.told("c", "R12").text
    assert "`fail_fast` closes the scope" in made.told("a", "R12").text


def test_what_an_end_step_closed(run):
    made = run((step("a", needs=()), StepPlan("z", "end", with_={"status": "completed"}), step("c"))).to_end()
    assert made.rules("c") == ["Fine print, routes"]


def test_a_workflow_that_could_not_begin(run):
    made = run(CHAIN, vars={"x": "{{ inputs.nothing }}"}).to_end()
    assert made.rules("a") == ["Expressions"]
    assert "the workflow could not begin: vars: " in made.told("a", "Expressions").text


def test_what_a_cancel_closed(run):
    made = run(CHAIN)
    made.runtime.send(Cancel(made.runtime.now, "me", "enough"))
    made.to_end()
    assert "the execution was cancelled: enough" in made.told("b", "R13").text
    ended = made.told("a", "R13")
    assert ended.text.startswith("it was ended: the execution was cancelled: enough (event ")


def test_what_a_step_cancelled(run):
    steps = (
        step("a", needs=()),
        StepPlan("stop", "cancel", with_={"steps": ["a", "b"]}, needs=()),
        step("b", needs=("a",)),
    )
    made = run(steps).to_end()
    assert "the step `stop#1` cancelled it" in made.told("a", "R13").text
    assert "ended before it started: the step `stop#1` cancelled it" in made.told("b", "R13").text


def test_enough_needs_cancel_the_rest(run):
    join = Join("at_least", 1, cancel_rest=True)
    made = run((step("a", needs=()), step("b", needs=()), step("c", needs=("a", "b"), join=join))).to_end()
    assert "`cancel_rest` of `c#1`" in made.told("b", "R13").text


def test_the_time_of_the_workflow_is_up(run):
    made = run((step("a", retry=Retry(3, 100.0)), step("b")), {"a": ["failure"]}, timeout=5.0).to_end()
    assert "the time of the workflow was up" in made.told("b", "R12").text
    assert "the time of the workflow was up" in made.told("a", "R13").text


# Visits


def test_a_switch_shows_each_case_and_what_it_saw(run):
    cases = (Case(("b",), "outputs.n > 5"), Case(("c",), "outputs.n > 1"), Case(("b",)))
    made = run((step("a", switch=cases), step("b"), step("c")), {"a": [Ending(outputs={"n": 3})]}).to_end()
    reason = made.told("a", "R6")
    assert reason.text == "switch: `outputs.n > 5` is false; `outputs.n > 1` is true → c"
    assert reason.values == {"outputs.n": 3}


def test_an_expression_that_fails_shows_what_it_saw(run):
    made = run((step("a", when="inputs.n > 1"),), inputs={"n": "many"}).to_end()
    assert made.why("a").state == "failed"
    reason = made.told("a", "Expressions")
    assert reason.text.startswith("an expression could not be evaluated: when: ")
    assert reason.values == {"inputs.n": "many"}


def test_attempts_and_why_there_is_no_further_one(run):
    made = run((step("a", retry=Retry(2, 1.0)),), {"a": ["failure"]}).to_end()
    texts = [reason.text for reason in made.why("a").reasons]
    assert any("attempt 1 ended with failure" in text and "`retry.max_attempts` is 2" in text for text in texts)
    assert "attempt 2 began" in texts
    assert "no further attempt: 2 of 2 were made" in texts


@pytest.mark.parametrize(
    ("retry", "error", "said"),
    [
        (Retry(3), {"type": "x", "message": "no", "retryable": False}, "trying again is no use"),
        (Retry(3, when="error.type == 'y'"), {"type": "x", "message": "no"}, "`retry.when: error.type == 'y'`"),
    ],
)
def test_other_reasons_for_no_further_attempt(run, retry, error, said):
    made = run((step("a", retry=retry),), {"a": [Ending("failure", error=error)]}).to_end()
    assert said in made.told("a", "Clock and chance").text


def test_a_failure_is_handled_forgiven_or_carried(run):
    made = run((step("a", continue_on_error=True), step("b")), {"a": ["failure"]}).to_end()
    assert "`continue_on_error` forgives" in made.told("a", "R6").text
    assert made.told("b", "R0").neighbours[0].note == "continue_on_error"
    made = run((step("a", on_failure=("b",)), step("b", recovers=True)), {"a": ["failure"]}).to_end()
    assert "goes along with its token" in made.told("a", "R6").text
    made = run((step("a"), step("b", needs=("a",), join=Join("all_done"))), {"a": ["failure"]}).to_end()
    assert "ends in a join that admits failure" in made.told("a", "R6").text
    made = run((step("a"),), {"a": ["failure"]}).to_end()
    assert "the scope ends failed" in made.told("a", "R11").text


def test_timeout_rejection_and_no_route(run):
    made = run((step("a", timeout=3.0, on_success=("b",)), step("b")), {"a": ["timeout"]}).to_end()
    assert "`timeout` is 3s" in made.told("a", "Clock and chance").text
    assert made.told("a", "R6").text == "no route takes timeout: its thread ends here"
    made = run((step("a"),), {"a": ["rejected"]}).to_end()
    assert made.told("a", "R6").text.startswith("it ended with rejected")


LOOP = (
    step("test", max_visits=2, on_failure=("fix",)),
    step("fix", on_success=("test",)),
    step("done", needs=("test",)),
)


def test_a_loop_enters_again_and_each_visit_is_told_by_itself(run):
    made = run(LOOP, {"test": ["failure", "success"]}).to_end()
    assert made.why("test").visits == (1, 2)
    assert made.why("test").visit == 2
    assert "`fix#1` sent its token here by `on_success`" in made.told("test", "R7").text
    assert made.why("test#1").state == "failed"
    assert "went to fix by `on_failure`" in next(r.text for r in made.why("test#1").reasons if "went" in r.text)


def test_a_step_that_was_rearmed_and_not_entered_keeps_its_state(run):
    told = run(LOOP, {"test": ["failure", "success"]}).to_end().why("fix")
    assert (told.state, told.visit) == ("succeeded", 1)
    assert [reason.rule for reason in told.reasons][-2:] == ["R7", "R4"]


def test_a_bound_that_is_reached(run):
    made = run(LOOP, {"test": ["failure"]}).to_end()
    told = made.why("test")
    assert (told.state, told.outcome, told.visit) == ("failed", "exhausted", 0)
    assert "activated 2 times, and `max_visits` is 2" in "".join(reason.text for reason in told.reasons)
    assert [reason.rule for reason in told.reasons] == ["R7", "R9", "R9", "R11"]


def test_an_interrupted_visit_and_its_answer(run):
    made = run((step("a", on_interrupt="fail"),))
    made.runtime.crash(interrupted="fail")
    made.to_end()
    assert made.rules("a")[:3] == ["R1", "R14", "R14"]
    assert "it counted as failed" in made.why("a").reasons[1].text


def test_what_was_undone_and_what_could_not_be(run):
    undo = Compensation("test/undo", retry=Retry(1))
    steps = (step("a", compensate=undo), step("b", compensate=undo), step("c"))
    made = run(steps, {"c": ["failure"]}).to_end()
    assert made.rules("a")[-2:] == ["R12", "Compensation"]
    assert made.why("a").reasons[-1].text == "it was undone"
    assert "the workflow failed" in made.why("a").reasons[-2].text


# What has not ended


def test_a_running_step_and_those_behind_it(run):
    made = run(CHAIN)
    assert made.why("a").state == "running"
    assert "waits for the end of attempt 1" in made.told("a", "R2").text
    told = made.why("b")
    assert (told.state, told.visit) == ("pending", 0)
    assert told.reasons[0].text == "its join `none_failed` waits for `a`"
    assert made.told("c", "R5").neighbours == (Neighbour("b", "need", "pending", "open"),)


def test_a_step_whose_token_may_still_come(run):
    made = run((step("a", on_failure=("b",)), step("b")))
    reason = made.told("b", "R2")
    assert reason.text == "a route leads to it, and no token has come yet"
    assert reason.neighbours == (Neighbour("a", "route", "running", note="leads here by `on_failure`"),)


def test_a_retry_that_is_due(run):
    made = run((step("a", retry=Retry(2, 60.0)),), {"a": ["failure"]}).turns(1)
    assert made.why("a").state == "retrying"
    assert "attempt 2 is due 20" in made.told("a", "Clock and chance").text
    assert made.runtime.timers["retry:a#1"] > made.runtime.now + 50 * SECOND


def test_a_step_that_waits_for_a_place(run):
    made = run((step("a", needs=()), step("b", needs=())), scope={"max_parallel": 1})
    assert "`max_parallel` is 1, and `a` run" in made.why("b").reasons[-1].text


def test_a_pause_and_a_process_that_is_gone(run):
    made = run(CHAIN)
    made.runtime.send(Pause(made.runtime.now))
    made.turns(1)
    assert "paused: treadle resume run-1" in made.told("b", "R13").text
    told = run(CHAIN).why("a", driven=False)
    assert told.state == "interrupted"
    assert "no process drives the execution" in told.reasons[-1].text


def test_a_person_has_to_answer(run):
    made = run((step("a"),))
    made.runtime.crash(interrupted="ask")
    assert made.why("a").state == "interrupted"
    assert "--interrupted retry|fail" in made.told("a", "R14").text


def test_handlers_that_began_and_that_did_not(run):
    made = run(CHAIN, finally_=(step("clean"),), on_failure=(step("tell"),))
    assert "begin once the workflow has ended" in made.told("finally/clean", "R12").text
    made.to_end()
    assert made.rules("finally/clean") == ["R1", "R6"]
    assert made.told("on_failure/tell", "R12").text.endswith("the execution completed")


def test_a_need_that_may_still_be_repaired(run):
    steps = (
        step("a", on_failure=("fix",)),
        step("fix", on_success=("a",)),
        step("b", needs=("a",)),
    )
    made = run(steps, {"a": ["failure", "success"]}).turns(1)
    reason = made.told("b", "R3")
    assert reason.neighbours[0].note == "may still be entered again or recovered"


def test_tokens_that_wait_and_tokens_that_are_absorbed(run):
    steps = (step("a", on_success=("c",)), step("b", needs=(), on_success=("c",)), step("c", merge="once"))
    made = run(steps).turns(2)
    assert "`merge: once` absorbed it" in made.told("c", "R8").text
    steps = (step("a", on_success=("c",)), step("b", needs=(), on_success=("c",)), step("c"))
    assert run(steps).to_end().rules("c")[0] == "R7"


# Addresses


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("bb", ExitCode.NOT_FOUND, "has no step `bb`"),
        ("b#2", ExitCode.NOT_FOUND, "has no visit 2"),
        ("b#x", ExitCode.USAGE, "does not name a visit"),
        ("finally/b", ExitCode.NOT_FOUND, "has no step `finally/b`"),
    ],
)
def test_addresses_that_lead_nowhere(run, address, code, said):
    with pytest.raises(TreadleError) as raised:
        run(CHAIN).to_end().why(address)
    assert raised.value.exit_code == code
    assert said in raised.value.message


def test_a_mistyped_step_has_a_suggestion(run):
    with pytest.raises(TreadleError) as raised:
        run((step("build"),)).to_end().why("biuld")
    assert raised.value.suggestions == ("did you mean `build`?",)


def test_what_is_hidden_shows_nowhere(run):
    made = run((step("a", when="inputs.token == 'x'"),), inputs={"token": "hunter2000"}).to_end()
    told = made.why("a")
    assert told.reasons[-1].values == {"inputs.token": "hunter2000"}
    hidden = told.hidden(lambda value: {"value": "***"} if isinstance(value, dict) else "text")
    assert hidden.reasons[-1].values == {"inputs.token": "***"}
    assert {reason.text for reason in hidden.reasons} == {"text"}


def test_long_values_are_cut_after_they_were_hidden(run):
    made = run((step("a", when="inputs.text == 'x'"),), inputs={"text": "y" * 1000}).to_end()
    assert made.told("a", "R2").values["inputs.text"] == f"{'y' * 400}… (1000 characters)"


def test_rules_are_those_of_the_language(run):
    made = run(LOOP, {"test": ["failure", "success"]}).to_end()
    rules = {reason.rule for id_ in ("test", "fix", "done") for reason in made.why(id_).reasons}
    assert rules <= set(TITLES)
