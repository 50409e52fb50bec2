"""R0, R1, and what is known of a scope before it runs."""

import pytest
from treadle_engine.link import analyse, link
from treadle_engine.plan import Case, Join, ScopePlan, StepPlan

S = StepPlan


def needs_of(*steps: StepPlan) -> dict[str, tuple[str, ...] | None]:
    return {step.id: step.needs for step in link(ScopePlan(steps)).steps}


def found(*steps: StepPlan, start: tuple[str, ...] = ()) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (finding.kind, finding.step, finding.others)
        for finding in analyse(ScopePlan(steps, start)).findings
        if finding.kind != "repeats"
    ]


def test_r0_steps_follow_each_other_as_written() -> None:
    linked = link(ScopePlan((S("a"), S("b"), S("c")))).steps
    assert [step.needs for step in linked] == [(), ("a",), ("b",)]
    assert [step.sequential for step in linked] == [False, True, True]
    assert linked[1].join == Join("none_failed")


def test_r0_a_step_follows_one_with_explicit_needs() -> None:
    assert needs_of(S("a"), S("b", needs=("a",)), S("c")) == {"a": (), "b": ("a",), "c": ("b",)}


def test_r0_a_forward_target_is_not_in_the_sequence() -> None:
    steps = needs_of(S("deploy", on_failure=("fix",)), S("fix"), S("verify"))
    assert steps == {"deploy": (), "fix": (), "verify": ("deploy",)}


def test_r0_a_back_edge_takes_nobody_out_of_the_sequence() -> None:
    steps = needs_of(S("a"), S("b"), S("c", on_failure=("b",)))
    assert steps == {"a": (), "b": ("a",), "c": ("b",)}


def test_explicit_needs_keep_the_default_join_and_linking_twice_changes_nothing() -> None:
    once = link(ScopePlan((S("a"), S("b", needs=("a",)), S("c"))))
    assert once.steps[1].join == Join("none_failed_min_one_success")
    assert link(once) == once


def test_r1_without_start_every_step_without_needs_that_no_forward_route_targets_is_initial() -> None:
    graph = analyse(ScopePlan((S("a", on_success=("c",)), S("b", needs=()), S("c", needs=())))).graph
    assert [graph.ids[at] for at in graph.initial] == ["a", "b"]


def test_a_step_behind_one_that_routes_its_success_elsewhere_is_unreachable() -> None:
    assert found(S("a", on_success=("b",)), S("b"), S("c")) == [("unreachable", "c", ("a",))]
    switch = (Case(("b",), "outputs.ok"), Case(("b",)))
    assert found(S("a", switch=switch), S("b"), S("c")) == [("unreachable", "c", ("a",))]
    assert found(S("a", switch=switch[:1]), S("b"), S("c")) == []


def test_a_circle_that_nothing_leads_to_is_unreachable() -> None:
    cut_off = (S("a", kind="end", with_={"status": "completed"}), S("b", on_success=("c",)), S("c", on_success=("b",)))
    assert [(kind, step) for kind, step, _ in found(*cut_off)] == [("unreachable", "b"), ("unreachable", "c")]


def test_the_example_of_a_handler_that_rejoins_is_listed() -> None:
    steps = (S("deploy", on_failure=("fix",)), S("fix", on_success=("verify",)), S("verify"))
    assert found(*steps) == [("after-failure-only", "fix", ()), ("after-failure-only", "verify", ())]


def test_errors_of_references_name_the_key_they_stand_in() -> None:
    steps = (
        S("a", needs=("x",), on_success=("y",), routes=(("late", ("z",)),)),
        S("a"),
        S("c", kind="cancel", with_={"steps": ["w"]}),
    )
    findings = analyse(ScopePlan(steps, start=("v",))).findings
    assert [(finding.kind, finding.step, finding.others, finding.key) for finding in findings] == [
        ("duplicate-id", "a", (), ""),
        ("unknown-reference", "", ("v",), "start"),
        ("unknown-reference", "a", ("x",), "needs"),
        ("unknown-reference", "a", ("z",), "routes.late"),
        ("unknown-reference", "a", ("y",), "on_success"),
        ("unknown-reference", "c", ("w",), "with"),
    ]
    assert all(finding.is_error for finding in findings)


def test_a_circle_of_needs_is_told_once_from_its_first_step_on() -> None:
    steps = (S("a", needs=("c",)), S("b", needs=("a",)), S("c", needs=("b",)), S("d", needs=("d",)))
    assert found(*steps) == [
        ("needs-cycle", "a", ("a", "c", "b", "a")),
        ("needs-cycle", "d", ("d", "d")),
    ]


def test_a_scope_where_nothing_starts_is_an_error() -> None:
    assert found(S("a", needs=("b",), on_success=("b",)), S("b", needs=())) == [("no-start", "", ())]


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [
        (S("a", on_success=("b", "c")), S("d"), True),
        (S("a", on_success=("b",), on_failure=("c",)), S("d"), False),
        (S("a", on_success=("b", "c")), S("d", merge="once"), False),
    ],
)
def test_r8_steps_where_two_threads_can_meet(start: StepPlan, end: StepPlan, *, meets: bool) -> None:
    kinds = [kind for kind, _, _ in found(start, S("b", on_success=("d",)), S("c", on_success=("d",)), end)]
    assert ("threads-meet" in kinds) is meets


def test_r8_threads_that_a_need_forked_can_meet() -> None:
    steps = (S("a"), S("b", needs=("a",), on_success=("d",)), S("c", needs=("a",), on_success=("d",)), S("d"))
    assert found(*steps) == [("threads-meet", "d", ("b", "c"))]


def test_r9_what_can_be_activated_more_than_once_is_marked() -> None:
    steps = (
        S("build", on_success=("test",)),
        S("test", on_success=("ship",), on_failure=("fix",)),
        S("fix", on_success=("test",)),
        S("ship"),
    )
    graph = analyse(ScopePlan(steps)).graph
    assert dict(zip(graph.ids, graph.once, strict=True)) == {"build": True, "test": False, "fix": False, "ship": False}


def test_closures_hold_a_step_itself_only_on_a_cycle() -> None:
    steps = (S("a", on_success=("b",)), S("b", on_failure=("b",)), S("c", needs=("b",)))
    graph = analyse(ScopePlan(steps)).graph
    assert [f"{reach:03b}" for reach in graph.closures] == ["110", "110", "000"]


def test_ten_thousand_steps_in_a_row_need_no_recursion() -> None:
    graph = analyse(ScopePlan(tuple(S(f"s{number}") for number in range(10_000)))).graph
    assert all(graph.once)
    assert graph.closures[0].bit_count() == 9_999
