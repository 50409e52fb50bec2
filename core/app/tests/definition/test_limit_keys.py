"""`limits`, from text to plan, and what is told of what is wrong."""

from collections.abc import Callable, Sequence

import pytest
from treadle.definition import Loaded, Problem
from treadle_engine.plan import Cache, Concurrency, Limits, plan_from_json, plan_to_json

HEAD = "treadle: 1\nname: x\n"


def test_limits_become_bytes_and_seconds_over_the_defaults(load: Callable[[str], Loaded]) -> None:
    plan = load(
        HEAD
        + """
defaults: {limits: {memory: 1GB, cpu: 5m}}
steps:
  - {id: a, run: x, limits: {memory: 1.5GiB, output: 64k}}
  - {id: b, run: x}
  - {id: c, set: {v: 1}}
"""
    ).plan
    assert plan is not None
    found = [step.limits for step in plan.root.steps]
    assert found == [Limits(1_610_612_736, 300.0, 0, 64_000), Limits(1_000_000_000, 300.0), None]
    assert plan_from_json(plan_to_json(plan)) == plan


def test_a_cache_is_written_in_several_ways_and_holds_for_each_item(load: Callable[[str], Loaded]) -> None:
    plan = load(
        HEAD
        + """
steps:
  - {id: a, uses: example/look, cache: true}
  - {id: b, uses: example/look, cache: false}
  - {id: c, run: x, cache: {files: "src/**", env: [CI, MODE], produces: [out], ttl: 7d}}
  - {id: d, for_each: [1], uses: example/look, cache: true, limits: {cpu: 1}}
"""
    ).plan
    assert plan is not None
    found = [step.cache for step in plan.root.steps]
    assert found == [Cache(), None, Cache(("src/**",), ("CI", "MODE"), ("out",), 604_800.0), None]
    body = plan.root.steps[3].body
    assert body is not None
    assert (body.steps[0].cache, body.steps[0].limits) == (Cache(), Limits(cpu=1.0))
    assert plan_from_json(plan_to_json(plan)) == plan


def test_groups_are_written_as_a_name_an_object_or_a_list(load: Callable[[str], Loaded]) -> None:
    plan = load(
        HEAD
        + """
inputs: {env: {default: test}}
concurrency: "deploy-{{ inputs.env }}"
steps:
  - {id: a, run: x, concurrency: gpu}
  - {id: b, run: x, concurrency: {group: disk, limit: 3, on_conflict: reject}}
  - {id: c, concurrency: [gpu, {group: disk, on_conflict: cancel}], parallel: {steps: [{id: d, run: x}]}}
  - {id: e, for_each: [1], steps: [{id: f, run: x}], concurrency: "host-{{ item }}"}
"""
    ).plan
    assert plan is not None
    assert plan.concurrency == (Concurrency("deploy-{{ inputs.env }}"),)
    assert [step.concurrency for step in plan.root.steps] == [
        (Concurrency("gpu"),),
        (Concurrency("disk", 3, "reject"),),
        (Concurrency("gpu"), Concurrency("disk", 1, "cancel")),
        (),
    ]
    body = plan.root.steps[3].body
    assert body is not None
    assert body.steps[0].concurrency == (Concurrency("host-{{ item }}"),)
    assert plan_from_json(plan_to_json(plan)) == plan


@pytest.mark.parametrize(
    ("text", "code", "message", "hint"),
    [
        ("concurrency: {group: y, grup: x}", "TRD0104", "the key `grup` is not known here", "did you mean `group`?"),
        ("concurrency: {limit: 2}", "TRD0105", "lacks the key `group`", ""),
        ("concurrency: {group: x, limit: 0}", "TRD0115", "must be at least 1", ""),
        (
            "concurrency: {group: x, on_conflict: wait}",
            "TRD0106",
            "must be queue, cancel or reject, not 'wait'",
            "",
        ),
        ("concurrency: 'x-{{ inputs.none }}'", "TRD0131", "input `none` is not declared", ""),
        ("cache: {file: x}", "TRD0104", "the key `file` is not known here", "did you mean `files`?"),
        ("cache: yes", "TRD0106", "`cache` must be an object", ""),
        ("cache: {files: [/etc/passwd]}", "TRD0109", "must stay below the root", ""),
        ("cache: {files: x, produces: a/../../b}", "TRD0109", "must stay below the root", ""),
        ("cache: {files: x, env: [A-B]}", "TRD0109", "is not allowed", ""),
        ("limits: {memroy: 1GB}", "TRD0104", "the key `memroy` is not known here", "did you mean `memory`?"),
        ("limits: {memory: lots}", "TRD0114", "`limits.memory` is not a size: write 512MB", ""),
        ("limits: {memory: 0}", "TRD0115", "`limits.memory` must lie between 1 B and 1 PiB", ""),
        ("limits: {cpu: 5 minutes}", "TRD0114", "`limits.cpu` is not a duration", ""),
    ],
)
def test_what_is_told(
    problems: Callable[[str], Sequence[Problem]], text: str, code: str, message: str, hint: str
) -> None:
    told = problems(f"{HEAD}steps:\n  - id: a\n    run: x\n    {text}\n")
    found = [problem for problem in told if problem.severity == "error"]
    assert [(problem.code, problem.line) for problem in found] == [(code, 6)]
    assert message in found[0].message
    assert hint in found[0].hint


def test_only_what_runs_something_can_be_limited(problems: Callable[[str], Sequence[Problem]]) -> None:
    (found,) = problems(f"{HEAD}steps:\n  - {{id: a, set: {{v: 1}}, limits: {{memory: 1GB}}}}\n")
    assert (found.code, found.hint) == ("TRD0112", "it goes with uses and run")
