"""Steps that run other workflows: how these are found, checked, and compiled into one plan."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from treadle.definition import Loaded, Problem, load_file
from treadle_engine.plan import Plan, plan_from_json, plan_to_json

Load = Callable[[str], Loaded]


def plan_of(loaded: Loaded) -> Plan:
    assert loaded.plan is not None, loaded.problems
    return loaded.plan


def step(extra: str = "") -> str:
    return f"steps:\n  - id: greet\n    workflow: greeting\n    with: {{name: world}}\n{extra}"


def errors(loaded: Loaded) -> list[Problem]:
    assert loaded.plan is None
    return list(loaded.errors)


def test_it_is_compiled_into_the_plan(load: Load) -> None:
    plan = plan_of(load(step()))
    [(key, child)] = plan.children
    assert (key, child.name) == ("greeting", "greeting")
    assert plan.root.steps[0].workflow == key
    assert plan.root.steps[0].with_ == {"name": "world"}
    assert plan.root.steps[0].undoes
    assert plan_from_json(plan_to_json(plan)) == plan


def test_a_step_of_it_can_be_bounded_repeated_and_undone(load: Load) -> None:
    more = "    timeout: 5m\n    retry: {max_attempts: 3, delay: 1s}\n    compensate: {run: echo undo}\n"
    found = plan_of(load(step(more))).root.steps[0]
    assert (found.timeout, found.retry.max_attempts, found.retry.delay) == (300, 3, 1)
    assert found.compensate is not None


def test_defaults_are_about_calls(load: Load) -> None:
    found = plan_of(load(f"defaults: {{timeout: 1s, retry: {{max_attempts: 9}}}}\n{step()}")).root.steps[0]
    assert (found.timeout, found.retry.max_attempts) == (None, 1)


@pytest.mark.parametrize("kind", ["parallel: {steps: [{id: a, set: {}}]}", "steps: [{id: a, set: {}}]"])
def test_steps_that_hold_steps_can_be_bounded_as_well(load: Load, kind: str) -> None:
    text = f"steps:\n  - id: g\n    {kind}\n    timeout: 2s\n    retry: {{max_attempts: 2}}\n    irreversible: true\n"
    found = plan_of(load(text)).root.steps[0]
    assert (found.timeout, found.retry.max_attempts, found.irreversible) == (2, 2, True)


def test_the_bounds_of_a_body_for_each_item_are_each_items(load: Load) -> None:
    text = "steps:\n  - id: g\n    for_each: [1]\n    timeout: 2s\n    steps: [{id: a, set: {}}]\n"
    found = plan_of(load(text)).root.steps[0]
    assert found.timeout is None
    assert found.body is not None
    assert found.body.steps[0].timeout == 2
    assert found.items is not None
    assert found.items.single


def test_it_can_be_run_for_each_item(load: Load) -> None:
    text = 'steps:\n  - id: g\n    for_each: [a, b]\n    workflow: greeting\n    with: {name: "{{ item }}"}\n'
    body = plan_of(load(text)).root.steps[0].body
    assert body is not None
    assert (body.steps[0].kind, body.steps[0].workflow) == ("workflow", "greeting")


def test_its_outputs_are_known(load: Load) -> None:
    told = "  - id: told\n    run: echo {{ steps.greet.outputs.text }} {{ steps.greet.outputs.no }}\n"
    [problem] = errors(load(step(told)))
    assert problem.code == "TRD0133"
    assert "`no`" in problem.message


def test_one_that_is_not_waited_for_has_an_execution(load: Load) -> None:
    told = "    detached: true\n  - id: told\n    run: echo {{ steps.greet.outputs.execution }}\n"
    plan = plan_of(load(step(told)))
    assert plan.root.steps[0].detached
    assert not plan.root.steps[0].undoes


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("workflow: graeting", "TRD0150", "there is no workflow `graeting`"),
        ('workflow: "{{ inputs.which }}"', "TRD0150", "has to be known before the run"),
        ("workflow: greeting", "TRD0151", "needs the input `name`"),
        ("workflow: greeting\n    with: {name: x, mood: y}", "TRD0151", "has no input `mood`"),
        ("workflow: greeting\n    with: {name: x, times: 1.5}", "TRD0151", "must be of type integer, not a number"),
        ("run: echo\n    detached: true", "TRD0112", "`detached` has no meaning for a step with `run`"),
        ("workflow: greeting\n    with: {name: x}\n    run: echo", "TRD0110", "has 2 kinds"),
    ],
)
def test_what_is_wrong_with_a_step(load: Load, text: str, code: str, said: str) -> None:
    found = errors(load(f"inputs: {{which: {{}}}}\nsteps:\n  - id: greet\n    {text}\n"))
    assert [(problem.code, problem.line > 0) for problem in found] == [(code, True)]
    assert said in found[0].message


def test_a_name_that_was_mistyped_gets_the_right_one(load: Load) -> None:
    [problem] = errors(load("steps:\n  - id: greet\n    workflow: graeting\n"))
    assert problem.hint == "did you mean `greeting`?"


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(f"treadle: 1\nname: {name}\n{text}")
    return folder / f"{next(iter(files))}.yaml"


def test_problems_of_it_point_into_its_file(tmp_path: Path, catalogue: Any, library: Any) -> None:
    path = written(
        tmp_path,
        outer="steps:\n  - {id: a, workflow: inner}\n",
        inner="steps:\n  - {id: b, run: echo, needs: [nothing]}\n",
    )
    loaded = load_file(path, catalogue, library)
    [problem] = errors(loaded)
    assert (problem.file, problem.line, problem.code) == (str(tmp_path / "inner.yaml"), 4, "TRD0107")
    assert loaded.sources[problem.file].startswith("treadle: 1\nname: inner")


def test_what_it_warns_of_is_its_own_affair(tmp_path: Path, catalogue: Any, library: Any) -> None:
    steps = "steps:\n  - {id: a, run: echo, on_failure: a}\n"
    path = written(tmp_path, outer="steps:\n  - {id: a, workflow: ./inner.yaml}\n", inner=steps)
    assert load_file(tmp_path / "inner.yaml", catalogue, library).problems
    assert load_file(path, catalogue, library).problems == ()


def test_workflows_may_run_each_other_in_a_circle(tmp_path: Path, catalogue: Any, library: Any) -> None:
    path = written(
        tmp_path,
        ping="steps:\n  - {id: a, workflow: pong}\n",
        pong='steps:\n  - {id: b, workflow: ping, when: "false"}\n  - {id: c, workflow: pong}\n',
    )
    plan = plan_of(load_file(path, catalogue, library))
    assert sorted(key for key, _ in plan.children) == ["ping", "pong"]
    assert not plan.root.steps[0].undoes


def test_paths_are_those_from_the_file_that_names_them(tmp_path: Path, catalogue: Any, library: Any) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    written(deep, inner="steps:\n  - {id: b, workflow: other}\n", other="steps:\n  - {id: c, set: {}}\n")
    path = written(tmp_path, outer="steps:\n  - {id: a, workflow: deep/inner}\n")
    loaded = load_file(path, catalogue, library)
    assert [key for key, _ in plan_of(loaded).children] == ["inner", "other"]
    assert [(use.reference, use.beside) for use in loaded.uses] == [("deep/inner", ""), ("other", str(deep.resolve()))]


def test_two_of_one_name_have_keys_of_their_own(tmp_path: Path, catalogue: Any, library: Any) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, same="steps:\n  - {id: b, set: {}}\n")
    path = written(tmp_path, outer="steps:\n  - {id: a, workflow: one/same}\n  - {id: b, workflow: two/same}\n")
    plan = plan_of(load_file(path, catalogue, library))
    assert [step.workflow for step in plan.root.steps] == ["same", "same-2"]


def test_one_that_cannot_be_read_says_where(tmp_path: Path, catalogue: Any, library: Any) -> None:
    path = written(tmp_path, outer="steps:\n  - {id: a, workflow: inner}\n", inner="steps: [\n")
    found = errors(load_file(path, catalogue, library))
    assert {problem.file for problem in found} == {str(tmp_path / "inner.yaml")}


def test_the_sooner_time_out_counts(tmp_path: Path, catalogue: Any, library: Any) -> None:
    path = written(
        tmp_path,
        outer="steps:\n  - {id: a, workflow: inner, timeout: 1m}\n  - {id: b, workflow: inner}\n",
        inner="timeout: 2m\nsteps:\n  - {id: b, set: {}}\n",
    )
    plan = plan_of(load_file(path, catalogue, library))
    assert [step.timeout for step in plan.root.steps] == [60, 120]
