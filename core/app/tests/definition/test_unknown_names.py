"""Keys that are not known, in steps of every kind and at every depth; and agents that nobody has."""

from collections.abc import Callable

import pytest
from treadle.definition import Problem
from treadle.definition._model import KINDS

Problems = Callable[[str], tuple[Problem, ...]]

KIND = {
    "uses": "uses: example/look",
    "run": "run: x",
    "emit": "emit: done",
    "set": "set: {a: 1}",
    "cancel": "cancel: [other]",
    "end": "end: completed",
    "parallel": "parallel: {steps: [{id: i, run: x}]}",
    "steps": "steps: [{id: i, run: x}]",
    "loop": "loop: {until: loop.index == 2, max: 2, steps: [{id: i, run: x}]}",
    "race": "race: {l: [{id: i, run: x}], r: [{id: j, run: x}]}",
    "workflow": "workflow: greeting, with: {name: x}",
    "wait": "wait: 1s",
    "wait_for": "wait_for: {signal: go}",
    "approval": "approval: go on?",
}
AROUND = {
    "at the top": "{}",
    "in parallel": "{{id: out, parallel: {{steps: [{}]}}}}",
    "in a loop": "{{id: out, loop: {{until: loop.index == 2, max: 2, steps: [{}]}}}}",
    "in a race": "{{id: out, race: {{loop: [{}], b: [{{id: z, run: x}}]}}}}",
    "in a sequence": "{{id: out, steps: [{}]}}",
    "two deep": "{{id: out, parallel: {{steps: [{{id: more, race: {{a: [{}], b: [{{id: z, run: x}}]}}}}]}}}}",
}


def unknown(problems: Problems, step: str) -> Problem:
    found = [one for one in problems(f"steps:\n  - {{id: other, run: x}}\n  - {step}\n") if one.code == "TRD0104"]
    assert len(found) == 1
    assert (found[0].line, found[0].column > 1) == (5, True)
    return found[0]


def test_every_kind_is_here() -> None:
    assert set(KIND) == set(KINDS)


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("kind", KIND)
def test_a_slip_gets_the_key_that_was_meant(problems: Problems, kind: str, around: str) -> None:
    found = unknown(problems, around.format(f"{{id: s, {KIND[kind]}, wehn: 'true'}}"))
    assert found.hint == "did you mean `when`?"


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("kind", KIND)
def test_what_is_like_nothing_gets_the_keys_that_go_with_the_kind(problems: Problems, kind: str, around: str) -> None:
    hint = unknown(problems, around.format(f"{{id: s, {KIND[kind]}, qqqq: 1}}")).hint
    keys = hint.removeprefix("known here: ").split(", ")
    assert {"id", "needs", "when", kind} <= set(keys)
    assert not set(keys) & (set(KINDS) - {kind})
    assert ("retry" in keys) == (kind in {"uses", "run", "parallel", "steps", "loop", "race", "workflow"})
    assert ("shell" in keys) == (kind == "run")


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        ("{id: s, parallel: {qqqq: 1, steps: [{id: i, run: x}]}}", "known here: max_parallel, steps"),
        ("{id: s, steps: [{id: i, wait_for: {signal: a, qqqq: 1}}]}", "known here: buffered, condition, event, match"),
        ("{id: s, loop: {until: 'true', max: 2, steps: [{id: i, approval: {promt: a}}]}}", "did you mean `prompt`?"),
        ("{id: s, race: {a: [{id: i, run: x, retry: {tries: 2}}], b: [{id: j, run: x}]}}", "known here: backoff"),
        ("{id: s, steps: [{id: i, run: x, inputs: {}}]}", "write `with`"),
    ],
)
def test_keys_inside_the_keys_of_inner_steps(problems: Problems, step: str, hint: str) -> None:
    assert unknown(problems, step).hint.startswith(hint)


AGENTS = """
defaults: {agent: coder, fallback: [nobody]}
steps:
  - {id: a, uses: example/look, agent: codr}
  - id: b
    parallel:
      steps:
        - {id: c, uses: example/look, agent: human, fallback: [coder, xyzzy]}
"""


def test_agents_that_nobody_has(problems: Problems) -> None:
    found = [one for one in problems(AGENTS) if one.code == "TRD0147"]
    assert [(one.line, one.severity, one.message) for one in found] == [
        (4, "warning", "you have no agent `nobody`"),
        (6, "warning", "you have no agent `codr`"),
        (10, "warning", "you have no agent `xyzzy`"),
    ]
    assert found[1].hint == "did you mean `coder`?"
    assert "coder, human" in found[2].hint
