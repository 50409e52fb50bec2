"""Every problem of a definition: code, place, message, hint; all of them at once."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from treadle.cli.shell import core_command
from treadle.definition import Loaded, Problem
from treadle.definition._check_inputs import RUN_OPTIONS

Problems = Callable[[str], tuple[Problem, ...]]


def told(problems: Sequence[Problem]) -> list[tuple[str, int, int, int]]:
    return [(problem.code, problem.line, problem.column, problem.length) for problem in problems]


EVERYTHING_WRONG = """\
treadle: 2
name: A b
versoin: 1
mode: hybird
inputs:
  my-input: {type: str, requird: true}
env: {"a-b": 1, TREADLE_X: 1}
triggers: [cli, {event: {}}, {x: 1, y: 2}]
steps:
  - id: a
    run: 3
    timeout: 5x
    retry: {max_attempts: 300, delay: 40d}
    depends_on: b
  - uses: x/y
  - 3
  - id: C
    run: x
    join: {at_least: 0}
  - {id: repeat, run: x,
    budget: {max: 3}}
  - id: d
    run: x {{ inputs.other }}
    needs: [cc]
    switch: [{when: x}]
    routes: {failure: 3}
    compensate: {uses: x/y, run: x}
    on_interrupt: retyr
"""


def test_all_problems_are_told_at_once_in_the_order_of_their_places(problems: Problems) -> None:
    found = problems(EVERYTHING_WRONG)
    assert told(found) == [
        ("TRD0116", 1, 10, 1),
        ("TRD0109", 2, 7, 3),
        ("TRD0104", 3, 1, 7),
        ("TRD0106", 4, 7, 6),
        ("TRD0109", 6, 3, 8),
        ("TRD0106", 6, 20, 3),
        ("TRD0104", 6, 25, 7),
        ("TRD0109", 7, 7, 5),
        ("TRD0109", 7, 17, 9),
        ("TRD0105", 8, 25, 2),
        ("TRD0106", 8, 30, 12),
        ("TRD0106", 11, 10, 1),
        ("TRD0114", 12, 14, 2),
        ("TRD0115", 13, 27, 3),
        ("TRD0115", 13, 39, 3),
        ("TRD0104", 14, 5, 10),
        ("TRD0105", 15, 5, 9),
        ("TRD0106", 16, 5, 1),
        ("TRD0109", 17, 9, 1),
        ("TRD0115", 19, 22, 1),
        ("TRD0104", 21, 14, 3),
        ("TRD0131", 23, 15, 12),
        ("TRD0107", 24, 13, 2),
        ("TRD0105", 25, 14, 9),
        ("TRD0106", 26, 23, 1),
        ("TRD0110", 27, 17, 19),
        ("TRD0106", 28, 19, 5),
    ]
    assert found == problems(EVERYTHING_WRONG)


def test_a_missing_step_shows_what_may_have_been_meant(problems: Problems) -> None:
    [problem] = problems("steps:\n  - id: test\n    run: x\n  - id: report\n    needs: [tset]\n    run: x\n")
    assert problem.message == "step `tset` is not defined"
    assert problem.hint == "did you mean `test`? (defined at line 4)"
    assert problem.label == "no step has this id"
    assert (problem.line, problem.column, problem.length) == (7, 13, 4)


B = "  - {id: b, run: x}\n"
T = "secrets: {T: {env: T}}\n"
STEP = "steps:\n  - id: a\n    run: make\n"

CASES = [
    # keys and values
    ("", "TRD0105", "the definition lacks the key `steps`", ""),
    ("- a\n- treadle: 1", "TRD0106", "a definition is an object, not a list", ""),
    ("steps: []\n", "TRD0115", "`steps` must have at least 1 item", ""),
    ("steps: {a: 1}\n", "TRD0106", "`steps` must be a list, not an object", ""),
    (STEP + "    need: b\n", "TRD0104", "the key `need` is not known here", "did you mean `needs`?"),
    (STEP + "    if: true\n", "TRD0104", "the key `if` is not known here", "write `when`"),
    (STEP + "    rety: {}\n", "TRD0104", "the key `rety` is not known here", "did you mean `retry`?"),
    (STEP + "    retry: {attempts: 3}\n", "TRD0104", "`attempts` is not known", "did you mean `max_attempts`?"),
    (STEP + "    recovers: yes\n", "TRD0106", "`recovers` must be true or false, not a text", ""),
    (STEP + "    max_visits: 2.5\n", "TRD0106", "`max_visits` must be a whole number, not a number", ""),
    (STEP + "    max_visits: 0\n", "TRD0115", "`max_visits` must be at least 1", ""),
    (STEP + "    needs: 3\n", "TRD0106", "`needs` must be a step's id or a list of ids, not a number", ""),
    (STEP + "    merge: twice\n", "TRD0106", "`merge` must be each or once, not 'twice'", ""),
    (STEP + "    timeout: 1m1h\n", "TRD0114", "`timeout` is not a duration", ""),
    (STEP + "    timeout: true\n", "TRD0114", "`timeout` must be a duration", ""),
    (STEP + "    timeout: 32d\n", "TRD0115", "`timeout` must lie between 0 and 31 days", ""),
    (STEP + "    timeout: -1\n", "TRD0115", "`timeout` must lie between 0 and 31 days", ""),
    (STEP + "    shell: zsh\n", "TRD0106", "`shell` must be sh, bash, pwsh, python, or a list", ""),
    (STEP + "    join: all_sucess\n", "TRD0106", "`all_sucess` is not a join", "did you mean `all_success`?"),
    (STEP + "    with: {x: 1}\n", "TRD0112", "`with` has no meaning for a step with `run`", "it goes with uses"),
    ("steps:\n  - id: a\n    end: completed\n    retry: {}\n", "TRD0112", "`retry` has no meaning", "uses and run"),
    ("steps:\n  - id: a\n    run: [ls]\n    shell: bash\n", "TRD0112", "started without a shell", ""),
    ("steps:\n  - id: a\n    run: []\n", "TRD0106", "`run` must be a text or a list of texts", ""),
    ("steps:\n  - id: a\n", "TRD0110", "step `a` does not say what it does", "give it one of uses, run"),
    (STEP + "    end: failed\n", "TRD0110", "step `a` has 2 kinds: run, end", "make two steps of it"),
    (STEP + "  - id: a\n    run: x\n", "TRD0108", "the id `a` is used twice", "the first is at line 4"),
    (STEP + "finally:\n  - id: a\n    run: x\n", "TRD0108", "the id `a` is used twice", ""),
    (STEP + "vars: {a: 1, A: 2}\n", "TRD0108", "`A` and `a` differ only in case", ""),
    (STEP + f"  - id: {'x' * 65}\n    run: x\n", "TRD0109", "is not allowed: at most 64", ""),
    (STEP + "name: x\n", "TRD0102", "the key `name` stands twice", ""),
    (STEP + "secrets: {A: {env: X, file: y}}\n", "TRD0106", "exactly one of the keys env, file and keyring", ""),
    (STEP + "triggers: [{event: {name: push, mach: x}}]\n", "TRD0104", "`mach` is not known", "did you mean `match`?"),
    (STEP + "triggers: [schedule]\n", "TRD0145", "there is no trigger `schedule`", "there is cli, event"),
    (STEP + "inputs: {n: {type: integer, enum: [1, two]}}\n", "TRD0146", "the choice 'two' is not of type integer", ""),
    (STEP + "inputs: {n: {enum: [1, 2], default: 3}}\n", "TRD0146", "none of the choices", ""),
    # edges
    (STEP + "    on_success: b\n", "TRD0107", "step `b` is not defined", ""),
    (STEP + "    routes: {weird: [a, b]}\n", "TRD0107", "step `b` is not defined", ""),
    (STEP + "start: b\n", "TRD0107", "step `b` is not defined", ""),
    (STEP + "  - id: c\n    cancel: [a, b]\n", "TRD0107", "step `b` is not defined", ""),
    (STEP + "    needs: z\nfinally:\n  - id: z\n    run: x\n", "TRD0107", "step `z` stands in `finally`", ""),
    (STEP + "    needs: a\n", "TRD0121", "steps wait for each other: a -> a", ""),
    (
        STEP + "    needs: c\n  - {id: b, run: x, needs: a}\n  - {id: c, run: x, needs: b}\n",
        "TRD0121",
        "a -> c -> b -> a",
        "",
    ),
    (STEP + f"    needs: [b]\n    join: {{at_least: 2}}\n{B[:-2]}, needs: []}}\n", "TRD0115", "never hold", ""),
    # expressions
    (STEP + "    when: a = b\n", "TRD0130", "'='", ""),
    (STEP + "    when: '{{ true }}'\n", "TRD0130", "this field is an expression already", ""),
    (STEP + "    env: {A: '{{ inputs.x'}\n", "TRD0130", "this {{ has no }}", ""),
    (STEP + "    env: {A: '{% if x %}'}\n", "TRD0130", "{% … %} is a statement", ""),
    (STEP + "    when: inputs.x\n", "TRD0131", "input `x` is not declared", "declare it under `inputs`"),
    (STEP + "inputs: {speed: {}}\nvars: {v: '{{ inputs.sped }}'}\n", "TRD0131", "`sped`", "did you mean `speed`?"),
    (STEP + "inputs: {speed: {}}\nvars: {v: '{{ speed }}'}\n", "TRD0131", "`speed`", "did you mean `inputs.speed`?"),
    (STEP + "    when: vars.x\n", "TRD0131", "variable `x` is not declared", "declare it under `vars`"),
    (STEP + "    when: env.HOME\n", "TRD0131", "environment variable `HOME` is not declared", "the workflow's `env`"),
    (STEP + "    when: outputs.x\n", "TRD0131", "`outputs` is not a name", "known when the step has ended"),
    (STEP + "    when: item.x\n", "TRD0131", "`item` is not a name", "belongs to `for_each`"),
    (STEP + "    when: secrets.x\n", "TRD0131", "`secrets` is not a name", "in `with` and `env` only"),
    (STEP + "    when: workflow.state\n", "TRD0131", "`workflow` has no `state`", "it has name, status, error"),
    (STEP + "    env: {A: '{{ secrets.T }}'}\n", "TRD0131", "secret `T` is not declared", "under `secrets`"),
    (STEP + "    when: steps.b.outputs.x\n", "TRD0107", "step `b` is not defined", ""),
    (
        STEP + "  - {id: b, run: x, when: steps.a.exit_code}\n",
        "TRD0131",
        "a step has no `exit_code`",
        "steps.a.outputs.exit_code",
    ),
    (
        STEP + "  - {id: b, run: x, when: steps.a.output.x}\n",
        "TRD0131",
        "a step has no `output`",
        "did you mean `outputs`?",
    ),
    (STEP + "    when: steps.a.outputs.x\n", "TRD0134", "step `a` cannot have run before `a`", ""),
    (STEP + "    when: steps.b.state\n  - {id: b, run: x}\n", "TRD0134", "step `b` cannot have run before `a`", ""),
    (STEP + "    when: steps.z.state\nfinally: [{id: z, run: x}]\n", "TRD0107", "`z`", "stands in `finally`"),
    (
        "steps:\n  - id: a\n    run: echo $(( {{ inputs.n }} ))\ninputs: {n: {}}\n",
        "TRD0136",
        "arithmetic",
        "env: {VALUE:",
    ),
    (
        "steps:\n  - id: a\n    run: say {{ secrets.T ~ 'x' }}\nsecrets: {T: {env: T}}\n",
        "TRD0135",
        "cannot be part",
        "whole",
    ),
    (T + STEP + "    env: {A: 'x {{ secrets.T }}'}\n", "TRD0135", "cannot be part", "whole"),
    (T + "steps:\n  - {id: a, run: [echo, 'x {{ secrets.T }}']}\n", "TRD0135", "cannot be part", "whole"),
    # actions
    ("steps:\n  - {id: a, uses: example/gret}\n", "TRD0140", "`example/gret` is not installed", "`example/greet`?"),
    ("steps:\n  - {id: a, uses: testing/run-tests}\n", "TRD0140", "not installed", "run: pip install treadle-testing"),
    ("steps:\n  - {id: a, uses: broken/do}\n", "TRD0140", "the plugin `broken` raised ImportError", ""),
    ("steps:\n  - {id: a, uses: example/greet}\n", "TRD0141", "needs the input `name`", "whom to greet"),
    ("steps:\n  - {id: a, uses: example/greet, with: {name: 3}}\n", "TRD0143", "must be a text, not a number", ""),
    ("steps:\n  - {id: a, uses: example/greet, with: {name: x, mood: bad}}\n", "TRD0143", "one of glad, sad", ""),
    ("steps:\n  - {id: a, uses: example/greet, with: {name: x, tags: [1]}}\n", "TRD0143", "a list of texts", ""),
    ("steps:\n  - {id: a, uses: example/greet, with: {name: x, extra: 1}}\n", "TRD0143", "an object or nothing", ""),
    ("steps:\n  - {id: a, uses: example/greet, with: {name: x, times: 'n {{ inputs }}'}}\n", "TRD0143", "whole", ""),
    ("steps:\n  - {id: a, uses: example/greet, with: {nme: x, name: x}}\n", "TRD0142", "no input `nme`", "`name`?"),
    (STEP + "    compensate: {action: delete-file}\n", "TRD0144", "`delete-file`", "did you mean `delete-files`?"),
    (STEP + "    compensate: {uses: example/greet, with: {}}\n", "TRD0141", "needs the input `name`", ""),
]


@pytest.mark.parametrize(
    ("text", "code", "message", "hint"), CASES, ids=[f"{case[1]}-{n}" for n, case in enumerate(CASES)]
)
def test_one_problem(problems: Problems, text: str, code: str, message: str, hint: str) -> None:
    found = [problem for problem in problems(text) if problem.severity == "error"]
    assert [problem.code for problem in found] == [code], found
    assert message in found[0].message
    assert hint in found[0].hint
    assert found[0].line > 0


def test_a_definition_with_an_error_has_no_plan(load: Callable[[str], Loaded]) -> None:
    loaded = load(STEP + "    when: nothing\n")
    assert loaded.plan is None
    assert len(loaded.errors) == 1


NOTES = [
    (
        (
            "steps:\n  - {id: deploy, run: x, on_failure: fix}\n  - {id: fix, run: x, on_success: verify}\n"
            "  - {id: verify, run: x}\n"
        ),
        [("note", "TRD0123", "fix"), ("note", "TRD0123", "verify")],
    ),
    (
        (
            "steps:\n  - {id: a, run: x, on_success: [b, c]}\n  - {id: b, run: x, on_success: d}\n"
            "  - {id: c, run: x, on_success: d}\n  - {id: d, run: x}\n"
        ),
        [("warning", "TRD0124", "from `b` and `c`")],
    ),
    (
        "steps:\n  - {id: test, run: x, on_failure: fix, max_visits: 3}\n  - {id: fix, run: x, on_success: test}\n",
        [("note", "TRD0123", "fix"), ("note", "TRD0125", "step `fix` can run more than once")],
    ),
    (
        "steps:\n  - {id: a, run: x}\n  - {id: b, run: 'echo {{ steps.a.outputs.x }}', needs: []}\n",
        [("warning", "TRD0126", "nothing says that `a` has run before `b`")],
    ),
    ("steps:\n  - {id: a, run: x}\n  - {id: b, run: 'x', when: steps.a.state == 'failed', needs: []}\n", []),
    ("steps:\n  - {id: a, run: x}\ninputs: {n: {required: true, default: 1}}\n", [("warning", "TRD0127", "`n`")]),
    (STEP + "inputs: {json: {}}\n", [("note", "TRD0128", "the option --json is one of `treadle run` itself")]),
    (STEP + "inputs: {a_b: {}, _a_b: {}}\n", [("note", "TRD0128", "the option --a-b is one for the input `a_b`")]),
    (STEP + "inputs: {progress: {type: boolean}}\n", [("note", "TRD0128", "--progress")]),
]


@pytest.mark.parametrize(("text", "expected"), NOTES)
def test_notes_and_warnings_leave_a_plan(
    load: Callable[[str], Loaded], text: str, expected: list[tuple[str, str, str]]
) -> None:
    loaded = load(text)
    assert loaded.plan is not None
    assert len(loaded.problems) == len(expected), loaded.problems
    for problem, (severity, code, part) in zip(loaded.problems, expected, strict=True):
        assert (problem.severity, problem.code) == (severity, code)
        assert part in problem.message


SOUND = [
    "inputs: {n: {}}\nsteps:\n  - {id: a, run: [echo, '$(({{ inputs.n }}))']}\n",
    "steps:\n  - {id: a, run: x, retry: {max_attempts: 3, when: error.type == 'exit-code'}}\n",
    "steps:\n  - {id: a, run: x, switch: [{when: outputs.exit_code == 0, goto: b}]}\n  - {id: b, end: completed}\n",
    "steps:\n  - {id: a, run: x, compensate: {run: 'undo {{ outputs.stdout }}'}}\n",
    "steps:\n  - {id: a, run: x}\nfinally:\n  - {id: z, run: 'echo {{ steps.a.state }} {{ workflow.status }}'}\n",
    "steps:\n  - {id: a, set: {n: 1}}\n  - {id: b, run: 'echo {{ vars.n }}'}\n",
    "steps:\n  - {id: a, run: x, needs: []}\n  - {id: b, run: x, needs: a, join: steps.a.state == 'failed'}\n",
    "secrets: {T: {env: T}}\nsteps:\n  - {id: a, run: 'say {{ secrets.T }}', env: {B: '{{ secrets.T }}'}}\n",
    "steps:\n  - {id: a, uses: example/greet, with: {name: '{{ steps }}', times: '{{ 1 }}', tags: ['{{ 2 }}']}}\n",
    "steps:\n  - {id: a, uses: greet_somebody, with: {name: x, mood: glad, extra: null}}\n",
    STEP + "triggers: [cli, {cli: }, {event: {name: p, match: event.data.r == 'm', with: {a: '{{ event.name }}'}}}]\n",
    "mode: autopilot\nversion: 1.10\nenv: {PORT: 8080, FLAG: true, NONE: }\nsteps:\n  - {id: a, run: x}\n",
    "steps:\n  - {id: a, run: 'echo {{ steps.a.visit | default(0) }}', on_failure: a, max_visits: 3}\n",
    "steps:\n  - {id: a, run: \"docker ps --format '{{.Names}}'\", shell: bash}\n",
    STEP + "    outputs: {v: {}}\n  - {id: b, run: 'x {{ steps.a.outputs.w | default(1) }}'}\n",
]


@pytest.mark.parametrize("text", SOUND)
def test_sound_definitions_have_no_problems(problems: Problems, text: str) -> None:
    assert problems(text) == ()


def test_ten_thousand_steps_are_enough(problems: Problems) -> None:
    steps = "".join(f"  - {{id: s{number}, end: completed, needs: []}}\n" for number in range(10_001))
    assert [problem.code for problem in problems("steps:\n" + steps)] == ["TRD0115"]


def test_the_options_that_are_taken_are_those_of_the_command_line() -> None:
    command: Any = core_command("run")
    options = {
        name for option in command.params if not option.hidden for name in (*option.opts, *option.secondary_opts)
    }
    assert {name.removeprefix("--") for name in options if name.startswith("--")} | {"help"} == RUN_OPTIONS
