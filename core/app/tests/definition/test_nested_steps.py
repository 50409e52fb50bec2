"""Steps inside steps: what they compile to, what is wrong with them, what expressions see."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from treadle.definition import Loaded, json_schema, load_yaml
from treadle_engine.plan import Items, Loop, Plan, StepPlan, steps_within

HEAD = "treadle: 1\nname: nested\nsteps:\n"
GROUP = """\
  - id: checks
    parallel:
      max_parallel: 2
      steps:
        - id: lint
          run: make lint
        - id: build
          steps:
            - {id: compile, run: make}
            - {id: link, run: "make {{ steps.compile.outputs.stdout }}"}
  - id: report
    run: echo "{{ steps.checks.outputs.lint.stdout }}"
"""


def compiled(loaded: Loaded) -> dict[str, StepPlan]:
    assert isinstance(loaded.plan, Plan), loaded.problems
    return dict(steps_within(loaded.plan.root))


def accepted(text: str) -> bool:
    return bool(jsonschema.Draft202012Validator(json_schema()).is_valid(load_yaml(text, "x.yaml")))


def test_a_group_has_no_order_and_a_sequence_has(load: Callable[[str], Loaded]) -> None:
    steps = compiled(load(HEAD + GROUP))
    assert list(steps) == [
        "checks",
        "checks/lint",
        "checks/build",
        "checks/build/compile",
        "checks/build/link",
        "report",
    ]
    assert steps["checks/build"].needs == ()
    assert steps["checks/build/link"].needs == ("compile",)
    checks = steps["checks"]
    assert (checks.kind, steps["checks/build"].kind) == ("parallel", "steps")
    assert checks.body is not None
    assert (checks.body.max_parallel, checks.body.ordered) == (2, False)


def test_the_schema_takes_steps_inside_steps() -> None:
    assert accepted(HEAD + GROUP)
    assert not accepted(HEAD + GROUP.replace("max_parallel: 2", "max_parallel: 0"))
    assert not accepted(HEAD + GROUP.replace("run: make lint", "rum: make lint"))


@pytest.mark.parametrize(
    ("change", "code", "line", "message"),
    [
        (("run: make lint", "rum: make lint"), "TRD0104", 9, "the key `rum` is not known here"),
        (("run: make lint", "budget: {time: x}"), "TRD0114", 9, "`budget.time` is not a duration"),
        (("run: make lint", "env: {A: 1}"), "TRD0110", 8, "step `lint` does not say what it does"),
        (("max_parallel: 2", "max_parallel: 0"), "TRD0115", 6, "`parallel.max_parallel` must be at least 1"),
        (("id: lint", "id: compile"), "TRD0108", 12, "the id `compile` is used twice"),
        (("run: make lint", "run: x\n          needs: compile"), "TRD0107", 10, "step `compile` stands in `build`"),
        (("run: make lint", "run: x\n          needs: [report]"), "TRD0107", 10, "step `report` stands in `steps`"),
        (("outputs.lint.", "outputs.lind."), "TRD0133", 15, "step `checks` has no output `lind`"),
        (("steps.checks.outputs.lint", "steps.lint.outputs"), "TRD0107", 15, "step `lint` is not defined"),
        (
            ("run: make lint", "run: echo {{ steps.report.outputs.stdout }}"),
            "TRD0134",
            9,
            "step `report` cannot have run",
        ),
        (("id: checks", "id: finally"), "TRD0108", 4, "cannot have the id `finally`"),
    ],
)
def test_what_is_wrong_inside_is_told_with_its_place(
    load: Callable[[str], Loaded], change: tuple[str, str], code: str, line: int, message: str
) -> None:
    found: Any = [one for one in load(HEAD + GROUP.replace(*change)).problems if one.code == code]
    assert [(one.code, one.line) for one in found][:1] == [(code, line)], load(HEAD + GROUP.replace(*change)).problems
    assert message in found[0].message


LOOP = """\
  - id: fix
    loop:
      until: steps.test.outcome == 'success'
      max: 4
      delay: 1m
      on_exhausted: continue
      steps:
        - {id: change, run: "echo {{ loop.index }} {{ loop.previous }}"}
        - {id: test, run: make test}
"""


def test_a_loop(load: Callable[[str], Loaded]) -> None:
    steps = compiled(load(HEAD + LOOP))
    assert steps["fix"].loop == Loop(4, until="steps.test.outcome == 'success'", delay=60.0, on_exhausted="continue")
    assert steps["fix/test"].needs == ("change",)
    assert accepted(HEAD + LOOP)


@pytest.mark.parametrize(
    ("change", "code", "line", "message"),
    [
        (("      max: 4\n", ""), "TRD0105", 6, "`loop` lacks the key `max`"),
        (("max: 4", "max: 4\n      while: true"), "TRD0110", 6, "exactly one of the keys until and while"),
        (("steps.test.outcome", "steps.tset.outcome"), "TRD0107", 6, "step `tset` is not defined"),
        (("steps.test.outcome", "loop.number"), "TRD0131", 6, "`loop` has no `number`"),
        (("run: make test", "run: 'echo {{ item }}'"), "TRD0131", 12, "`item` is not a name that is known here"),
    ],
)
def test_what_is_wrong_with_a_loop(
    load: Callable[[str], Loaded], change: tuple[str, str], code: str, line: int, message: str
) -> None:
    found: Any = load(HEAD + LOOP.replace(*change)).problems
    assert [(one.code, one.line) for one in found if message in one.message] == [(code, line)], found


def test_loop_is_known_in_loops_only(load: Callable[[str], Loaded]) -> None:
    found: Any = load(HEAD + "  - {id: a, run: 'echo {{ loop.index }}'}\n").problems
    assert [(one.code, one.hint.partition(" is known")[0]) for one in found] == [("TRD0131", "`loop`")]


EACH = """\
  - id: greet
    for_each: [ann, bob]
    max_parallel: 2
    when: "true"
    run: echo {{ item }}
    compensate: {run: "echo {{ outputs.stdout }} {{ item }}"}
  - id: build
    matrix: {os: [linux, mac]}
    exclude: [{os: mac}]
    stop_when: items[0].state == 'failed'
    parallel:
      steps:
        - {id: compile, run: "echo {{ matrix.os }} {{ steps.greet.outputs.items[0].stdout }}"}
        - {id: check, run: make check}
"""


def test_a_step_for_each_item(load: Callable[[str], Loaded]) -> None:
    steps = compiled(load(HEAD + EACH))
    greet, inner = steps["greet"], steps["greet/greet"]
    assert (greet.kind, greet.with_, greet.items) == ("for_each", {"items": ["ann", "bob"]}, Items(2, single=True))
    assert (greet.when, greet.action, greet.compensate) == ("true", "", None)
    assert (inner.when, inner.action, inner.needs) == ("", "command/run", ())
    assert inner.compensate is not None
    build = steps["build"]
    assert build.with_ == {"matrix": {"os": ["linux", "mac"]}, "include": [], "exclude": [{"os": "mac"}]}
    assert (build.kind, build.items) == ("matrix", Items(stop_when="items[0].state == 'failed'"))
    assert steps["build/check"].needs == ()
    assert accepted(HEAD + EACH)


@pytest.mark.parametrize(
    ("change", "code", "line", "message"),
    [
        (("for_each: [ann, bob]", "for_each: ann"), "TRD0106", 5, "`for_each` must be a list, or an expression"),
        (("for_each: [ann, bob]\n", "name: x\n"), "TRD0112", 6, "`max_parallel` has no meaning without `for_each`"),
        (("exclude:", "for_each: [1]\n    exclude:"), "TRD0112", 11, "a step has either `for_each` or `matrix`"),
        (("matrix: {os: [linux, mac]}", "for_each: [1]"), "TRD0112", 12, "`exclude` has no meaning without `matrix`"),
        (
            ("    run: echo {{ item }}\n", "    end: failed\n"),
            "TRD0112",
            5,
            "`for_each` has no meaning for a step with `end`",
        ),
        (('"true"', "item == 'ann'"), "TRD0131", 7, "`item` is not a name that is known here"),
        (("make check", "echo {{ item }}"), "TRD0131", 17, "`item` is not a name that is known here"),
        (
            ("greet.outputs.items[0].stdout", "greet.outputs.stdout"),
            "TRD0133",
            16,
            "step `greet` has no output `stdout`",
        ),
        (("items[0].state", "steps.compile.state"), "TRD0107", 13, "step `compile` is not defined"),
    ],
)
def test_what_is_wrong_with_items(
    load: Callable[[str], Loaded], change: tuple[str, str], code: str, line: int, message: str
) -> None:
    changed = EACH.replace(*change).replace("run: echo {{ item }}}", 'run: "echo {{ item }}"}')
    found: Any = load(HEAD + changed).problems
    assert (code, line) in [(one.code, one.line) for one in found if message in one.message], found


RACE = """\
  - id: fetch
    race:
      near:
        - {id: near-copy, run: cp mirror/file .}
      far:
        - {id: far-copy, run: "curl -O {{ inputs.url }}"}
  - id: told
    run: echo "{{ steps.fetch.outputs.winner }}"
inputs: {url: {type: string}}
"""


def test_a_race(load: Callable[[str], Loaded]) -> None:
    steps = compiled(load(HEAD + RACE))
    assert [name for name, _ in steps["fetch"].branches] == ["near", "far"]
    assert list(steps) == ["fetch", "fetch.near/near-copy", "fetch.far/far-copy", "told"]
    assert accepted(HEAD + RACE)


@pytest.mark.parametrize(
    ("change", "code", "line", "message"),
    [
        (("cp mirror/file .", "echo {{ nothing }}"), "TRD0131", 7, "`nothing` is not a name that is known here"),
        (("run: cp", "rum: cp"), "TRD0104", 7, "the key `rum` is not known here"),
        (("outputs.winner", "outputs.victor"), "TRD0133", 11, "step `fetch` has no output `victor`"),
        (("      far:\n", "      Far:\n"), "TRD0109", 8, "`Far`"),
        (("id: far-copy,", "id: far-copy, needs: near-copy,"), "TRD0107", 9, "step `near-copy` stands in `fetch`"),
    ],
)
def test_what_is_wrong_with_a_race(
    load: Callable[[str], Loaded], change: tuple[str, str], code: str, line: int, message: str
) -> None:
    changed = RACE.replace(*change).replace("run: echo {{ nothing }}}", 'run: "echo {{ nothing }}"}')
    found: Any = load(HEAD + changed).problems
    assert (code, line) in [(one.code, one.line) for one in found if message in one.message], found
