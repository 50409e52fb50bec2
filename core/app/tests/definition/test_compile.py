"""From text to the engine's plan."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from treadle.definition import Catalogue, Loaded, load_file, load_text
from treadle_engine.expressions import compile_value
from treadle_engine.plan import (
    Case,
    Compensation,
    InputSpec,
    Join,
    OutputSpec,
    Plan,
    Retry,
    RollbackPolicy,
    SecretSource,
    StepPlan,
    plan_from_json,
    plan_to_json,
)
from treadle_hookspecs import TreadleError

FULL = """\
treadle: 1
name: full
title: Full
version: 1.10
description: every key that this version runs
inputs:
  who: {type: string, default: world, description: whom}
  level: {type: integer, enum: [1, 2], required: true, sensitive: true}
outputs: {said: "{{ steps.greet.outputs.text }}"}
triggers:
  - cli
  - cli: {command: full}
  - event: {name: push, match: event.data.ref == 'main', with: {who: "{{ event.data.who }}"}}
env: {PORT: 8080, FLAG: true, NONE: , V: 1.10}
secrets: {TOKEN: {env: DEPLOY_TOKEN}, KEY: {keyring: svc/me}}
vars: {n: 0}
defaults: {timeout: 1m, retry: {max_attempts: 3, delay: 2s, jitter: 0.5}}
max_parallel: 4
timeout: 1h30m
rollback: {after: [failure, cancelled], parallel: true, on_error: stop}
fail_fast: false
start: greet
steps:
  - id: greet
    name: Greet
    uses: greet_somebody
    with: {name: "{{ inputs.who }}", times: 2}
    env: {A: 1}
    retry: {max_attempts: 5, when: error.type == 'x'}
    timeout: 90
    outputs: {text: {type: string, sensitive: true}}
    compensate: {uses: example/greet, with: {name: "{{ outputs.text }}"}, when: started}
    on_success: count
    on_failure: [stop]
    routes: {needs-work: count}
    merge: once
    max_visits: 3
    continue_on_error: true
    irreversible: true
    risk: high
  - id: count
    when: true
    set: {n: "{{ vars.n + 1 }}"}
    switch:
      - {when: vars.n < 3, goto: greet}
      - {goto: [tell, look]}
  - id: tell
    emit: {name: counted, data: {n: "{{ vars.n }}"}}
  - id: look
    uses: example/look
    recovers: true
  - {id: shout, emit: loud, needs: [tell, look], join: {at_least: 1, cancel_rest: true}}
  - {id: judge, needs: [tell, look], join: "steps.tell.state == 'failed'", cancel: [look, look]}
  - {id: rest, needs: shout, join: always, run: make, idempotent: true, compensate: {action: delete-files}}
  - {id: stop, end: failed}
on_failure: [{id: sorry, run: echo sorry}]
on_cancel: [{id: gone, run: echo gone}]
finally: [{id: clean, run: echo clean, on_interrupt: fail}, {id: last, run: echo last}]
"""


@pytest.fixture
def full(load: Callable[[str], Loaded]) -> Plan:
    loaded = load(FULL)
    assert loaded.plan is not None, loaded.errors
    return loaded.plan


def step(plan: Plan, id_: str) -> StepPlan:
    scopes = [plan.root, plan.on_failure, plan.on_cancel, plan.finally_]
    return next(step for scope in scopes if scope for step in scope.steps if step.id == id_)


def test_the_workflows_own_keys(full: Plan) -> None:
    assert (full.name, full.title, full.version, full.timeout) == ("full", "Full", "1.10", 5400.0)
    assert full.inputs == (
        InputSpec("who", "string", default="world", description="whom", has_default=True),
        InputSpec("level", "integer", required=True, sensitive=True, enum=(1, 2)),
    )
    assert full.outputs == (("said", "{{ steps.greet.outputs.text }}"),)
    assert full.triggers == (
        ("cli", {}),
        ("cli", {"command": "full"}),
        ("event", {"name": "push", "match": "event.data.ref == 'main'", "with": {"who": "{{ event.data.who }}"}}),
    )
    assert full.env == {"PORT": "8080", "FLAG": True, "NONE": None, "V": "1.10"}
    assert full.secrets == (("TOKEN", SecretSource("env", "DEPLOY_TOKEN")), ("KEY", SecretSource("keyring", "svc/me")))
    assert full.vars == {"n": 0}
    assert full.rollback == RollbackPolicy(("failure", "cancelled"), parallel=True, on_error="stop")


def test_scopes_are_linked(full: Plan) -> None:
    assert (full.root.start, full.root.max_parallel, full.root.fail_fast) == (("greet",), 4, False)
    assert [item.id for item in full.root.steps][:2] == ["greet", "count"]
    assert full.on_failure is not None
    assert full.on_cancel is not None
    assert full.finally_ is not None
    assert (full.finally_.start, full.finally_.max_parallel) == ((), 4)
    last = step(full, "last")
    assert (last.needs, last.join, last.sequential) == (("clean",), Join("none_failed"), True)


def test_a_call_takes_everything_along(full: Plan) -> None:
    assert step(full, "greet") == StepPlan(
        id="greet",
        kind="call",
        name="Greet",
        action="example/greet",
        with_={"name": "{{ inputs.who }}", "times": 2},
        env={"A": "1"},
        needs=(),
        join=Join(),
        on_success=("count",),
        on_failure=("stop",),
        routes=(("needs-work", ("count",)),),
        max_visits=3,
        merge="once",
        continue_on_error=True,
        retry=Retry(max_attempts=5, delay=2.0, jitter=0.5, when="error.type == 'x'"),
        timeout=90.0,
        outputs=(("text", OutputSpec("string", sensitive=True)),),
        compensate=Compensation("example/greet", {"name": "{{ outputs.text }}"}, when="started"),
        irreversible=True,
        risk="high",
        line=24,
    )


def test_small_kinds(full: Plan) -> None:
    count = step(full, "count")
    assert (count.kind, count.with_, count.when) == ("set", {"n": "{{ vars.n + 1 }}"}, "true")
    assert count.switch == (Case(("greet",), "vars.n < 3"), Case(("tell", "look")))
    assert step(full, "tell").with_ == {"event": "counted", "data": {"n": "{{ vars.n }}"}}
    assert step(full, "shout").with_ == {"event": "loud", "data": {}}
    assert step(full, "judge").with_ == {"steps": ["look"]}
    assert (step(full, "stop").kind, step(full, "stop").with_) == ("end", {"status": "failed"})
    assert {step(full, id_).on_interrupt for id_ in ("count", "tell", "judge", "stop")} == {"retry"}


def test_joins(full: Plan) -> None:
    assert step(full, "shout").join == Join("at_least", threshold=1, cancel_rest=True)
    assert step(full, "judge").join == Join("expression", expression="steps.tell.state == 'failed'")
    assert step(full, "rest").join == Join("all_done")


def test_defaults_and_what_an_action_says_of_itself(full: Plan) -> None:
    look, rest, clean = (step(full, id_) for id_ in ("look", "rest", "clean"))
    assert (look.idempotent, look.on_interrupt, look.timeout, look.risk) == (True, "retry", 60.0, "low")
    assert look.retry == Retry(max_attempts=3, delay=2.0, jitter=0.5)
    assert (rest.idempotent, rest.on_interrupt, rest.uncertain, rest.risk) == (True, "retry", True, "medium")
    assert rest.compensate == Compensation("delete-files", {}, rollback_action=True)
    assert (clean.idempotent, clean.on_interrupt) == (False, "fail")
    assert step(full, "last").on_interrupt == "ask"


def test_a_plan_survives_json(full: Plan) -> None:
    assert plan_from_json(json.loads(json.dumps(plan_to_json(full)))) == full


RUNS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("run: make", {"script": "make", "shell": "sh"}, {}),
    (
        "run: echo {{ inputs.x }} '{{ inputs.x }}' {{ inputs.y }}\n    shell: bash\n    cwd: '{{ inputs.y }}'",
        {
            "script": 'echo "${TREADLE_V1}" \'\'"${TREADLE_V1}"\'\' "${TREADLE_V2}"',
            "shell": "bash",
            "cwd": "{{ inputs.y }}",
        },
        {"TREADLE_V1": "{{ inputs.x }}", "TREADLE_V2": "{{ inputs.y }}"},
    ),
    (
        "run: [git, commit, -m, '{{ inputs.x }}', 'a {{ inputs.y }}']",
        {"argv": ["git", "commit", "-m", "{{ (inputs.x) | string }}", "a {{ inputs.y }}"]},
        {},
    ),
    ("run: print(1)\n    shell: [perl, -e]", {"argv": ["perl", "-e", "print(1)"]}, {}),
    ("run: echo {{.Names}}", {"script": "echo {{.Names}}", "shell": "sh"}, {}),
]


@pytest.mark.parametrize(("keys", "with_", "env"), RUNS)
def test_commands(load: Callable[[str], Loaded], keys: str, with_: object, env: object) -> None:
    loaded = load(f"inputs: {{x: {{}}, y: {{}}}}\nsteps:\n  - id: a\n    {keys}\n")
    assert loaded.plan is not None, loaded.errors
    [compiled] = loaded.plan.root.steps
    assert (compiled.action, compiled.with_, compiled.env, compiled.uncertain) == ("command/run", with_, env, True)


def test_arguments_are_texts_also_when_the_value_is_not(load: Callable[[str], Loaded]) -> None:
    loaded = load("inputs: {x: {}}\nsteps:\n  - id: a\n    run: [echo, '{{ inputs.x }}', '{{ inputs.x + 1 }}']\n")
    assert loaded.plan is not None
    [compiled] = loaded.plan.root.steps
    assert compile_value(compiled.with_).evaluate({"inputs": {"x": 3}}) == {"argv": ["echo", "3", "4"]}


@pytest.mark.parametrize("value", ["a b", "$(echo x)", "'\"", "two\nlines", 3, None, ["a"]])
def test_the_command_of_a_compensation_gets_its_values(load: Callable[[str], Loaded], value: Any) -> None:
    undo = "printf '%s|%s' {{ outputs.x }} '{{ outputs.y }}'"
    loaded = load(f'steps:\n  - id: a\n    run: make\n    compensate: {{run: "{undo}"}}\n')
    assert loaded.plan is not None, loaded.errors
    compensate = loaded.plan.root.steps[0].compensate
    assert compensate is not None
    evaluated: Any = compile_value(compensate.with_).evaluate({"outputs": {"x": value, "y": "q"}})
    done = subprocess.run(evaluated["argv"], capture_output=True, text=True, check=True)
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    assert done.stdout == f"{text}|q"


def test_files_are_loaded_by_path(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(
        b"\xef\xbb\xbftreadle: 1\r\nname: a\r\nsteps:\r\n  - id: x\r\n    run: |\r\n      a\r\n      b\r\n"
    )
    loaded = load_file(path, catalogue)
    assert loaded.plan is not None
    assert loaded.plan.root.steps[0].with_ == {"script": "a\nb\n", "shell": "sh"}
    assert loaded.path == str(path)
    assert loaded.hash == hashlib.sha256(loaded.text.encode()).hexdigest()


def test_json_files_are_definitions_too(catalogue: Catalogue) -> None:
    text = json.dumps({"treadle": 1, "name": "a", "steps": [{"id": "x", "run": "make"}]}, indent="\t")
    assert load_text(text, "a.json", catalogue).plan is not None


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [(b"name: \xff", "TRD0113", 1, 7), ("a".encode("utf-16"), "TRD0113", 0, 0), (b"#" * 5_000_000, "TRD0103", 0, 0)],
)
def test_files_that_are_no_text_have_a_problem(
    tmp_path: Path, catalogue: Catalogue, content: bytes, code: str, line: int, column: int
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    [problem] = load_file(path, catalogue).problems
    assert (problem.code, problem.line, problem.column) == (code, line, column)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(TreadleError, match="No such file") as caught:
        load_file(tmp_path / "none.yaml", catalogue)
    assert caught.value.exit_code == 3
