"""Steps that wait: what of their keys is understood, what is refused and where, and what becomes of it."""

from collections.abc import Callable

import jsonschema
import pytest
from treadle.definition import Loaded, json_schema, load_yaml
from treadle_engine.plan import Approval, Escalation, InputSpec, Plan, StepPlan, WaitFor

HEAD = "treadle: 1\nname: waits\n"
FULL = (
    HEAD
    + """inputs: {pause: {type: string, default: 5m}}
steps:
  - id: draft
    run: echo {{ steps.review.outputs.comment | default('') }}
  - id: cool
    wait: "{{ inputs.pause }}"
  - id: nap
    wait: 90
  - id: ready
    wait_for: {signal: go, match: signal.data.n > 1 and signal.by != 'me', timeout: 1h, buffered: false}
    outputs: {n: {type: integer}}
  - id: pushed
    wait_for: {event: git.push, match: event.data.branch == 'main'}
  - id: calm
    wait_for: {condition: steps.draft.visits | length > 0}
  - id: review
    approval:
      prompt: Ship {{ steps.ready.outputs.n }}?
      approvers: [ann, bob]
      not_by: "{{ execution.started_by }}"
      quorum: 2
      form:
        version: {type: string, required: true}
        token: {type: string, sensitive: true}
      timeout: 3d
      on_timeout: reject
      escalate: {after: 1d, approvers: [eve], event: unanswered}
      push_back: draft
  - id: short
    approval: Really?
  - id: ship
    run: echo {{ steps.review.outputs.version }} {{ steps.review.outputs.by }}
"""
)


Told = Callable[[str], list[tuple[str, int, str]]]


@pytest.fixture
def plan_of(load: Callable[[str], Loaded]) -> Callable[[str], Plan]:
    def read(text: str) -> Plan:
        loaded = load(text)
        assert loaded.plan is not None, [(problem.line, problem.message) for problem in loaded.problems]
        return loaded.plan

    return read


@pytest.fixture
def told(load: Callable[[str], Loaded]) -> Told:
    return lambda text: [(each.code, each.line, each.message) for each in load(text).problems]


def test_every_key_reaches_the_plan(plan_of: Callable[[str], Plan]) -> None:
    steps: dict[str, StepPlan] = {step.id: step for step in plan_of(FULL).root.steps}
    assert steps["cool"].with_ == {"for": "{{ inputs.pause }}"}
    assert (steps["nap"].kind, steps["nap"].with_) == ("wait", {"for": 90.0})
    match = "signal.data.n > 1 and signal.by != 'me'"
    assert steps["ready"].wait_for == WaitFor("go", match=match, buffered=False, timeout=3600.0)
    assert [name for name, _ in steps["ready"].outputs] == ["n"]
    assert steps["pushed"].wait_for == WaitFor(event="git.push", match="event.data.branch == 'main'")
    assert steps["calm"].wait_for == WaitFor(condition="steps.draft.visits | length > 0")
    assert steps["review"].approval == Approval(
        "Ship {{ steps.ready.outputs.n }}?",
        ["ann", "bob"],
        "{{ execution.started_by }}",
        2,
        (InputSpec("version", "string", required=True), InputSpec("token", "string", sensitive=True)),
        259_200.0,
        "reject",
        Escalation(86_400.0, ["eve"], "unanswered"),
        push_back=True,
    )
    assert steps["review"].routes == (("pushed_back", ("draft",)),)
    assert {name: spec.sensitive for name, spec in steps["review"].outputs} == {
        **dict.fromkeys(("decision", "by", "comment", "answers", "version"), False),
        "token": True,
    }
    assert steps["short"].approval == Approval("Really?", [], [])


def test_the_schema_says_the_same(plan_of: Callable[[str], Plan]) -> None:
    jsonschema.validate(load_yaml(FULL, "waits.yaml"), json_schema())
    for broken in ("wait_for: {}", "wait_for: {signal: a, event: b}", "approval: {}", "wait: soon"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(load_yaml(f"{HEAD}steps:\n  - id: a\n    {broken}\n", "a.yaml"), json_schema())


def test_items_can_wait(plan_of: Callable[[str], Plan]) -> None:
    plan = plan_of(HEAD + "steps:\n  - id: each\n    for_each: [1, 2]\n    approval: ok {{ item }}?\n")
    assert plan.root.steps[0].body is not None
    inner = plan.root.steps[0].body.steps[0]
    assert (inner.kind, inner.approval) == ("approval", Approval("ok {{ item }}?", [], []))


STEP = "steps:\n  - id: first\n    run: x\n  - id: a\n    "
FIRST = HEAD.count("\n") + STEP.count("\n")
WRONG = [
    ("wait: soon", "TRD0114", 1, "`wait` is not a duration"),
    ("wait: 40d", "TRD0115", 1, "`wait` must lie between 0 and 31 days"),
    ("wait: 5m\n    retry: {max_attempts: 2}", "TRD0112", 2, "`retry` has no meaning for a step with `wait`"),
    ("wait: '{{ inputs.no }}'", "TRD0131", 1, "input `no` is not declared"),
    ("wait_for: {}", "TRD0110", 1, "`wait_for` must have exactly one of the keys signal, event and condition"),
    ("wait_for: {signal: a, event: b}", "TRD0110", 1, "`wait_for` must have exactly one"),
    ("wait_for: {signl: a}", "TRD0104", 1, "the key `signl` is not known here"),
    ("wait_for: {signal: a b}", "TRD0109", 1, "`wait_for.signal` 'a b' is not allowed"),
    ("wait_for: {signal: a, match: event.data.x}", "TRD0131", 1, "`event` is not a name that is known here"),
    ("wait_for: {signal: a, match: signal.body}", "TRD0131", 1, "`signal` has no `body`"),
    ("wait_for: {condition: steps.none.state}", "TRD0107", 1, "step `none` is not defined"),
    ("wait_for: {condition: 'true', match: 'true'}", "TRD0112", 1, "`match` has no meaning for a wait for a condition"),
    ("approval: {prompt: x, aprovers: [a]}", "TRD0104", 1, "the key `aprovers` is not known here"),
    ("approval: {prompt: x, approvers: 3}", "TRD0106", 1, "`approval.approvers` must be a text or a list of texts"),
    ("approval: {prompt: x, quorum: 0}", "TRD0115", 1, "`approval.quorum` must be at least 1"),
    ("approval: {approvers: [b, c], quorum: 3}", "TRD0115", 1, "3 approvals are needed, and 2 people may give one"),
    ("approval: {form: {by: {}}}", "TRD0108", 1, "the name `by` is taken"),
    ("approval: {form: {n: {type: integer, default: x}}}", "TRD0146", 1, "the default is not of type integer"),
    ("approval: {prompt: x, escalate: {after: 1h}}", "TRD0105", 1, "must have one of the keys approvers and event"),
    ("approval: {timeout: 1h, escalate: {after: 2h, event: e}}", "TRD0115", 1, "only after its timeout: never"),
    ("approval: {escalate: {after: 2h, approvers: [e]}}", "TRD0112", 1, "anybody may answer from the beginning"),
    ("approval: {push_back: frist}", "TRD0107", 1, "step `frist` is not defined"),
    ("approval: {push_back: a}", "TRD0107", 1, "step `a` does not come before `a`"),
    ("for_each: [1]\n    approval: {push_back: first}", "TRD0112", 2, "asked for each item of `for_each`"),
    ("approval: {push_back: first}\n    routes: {pushed_back: first}", "TRD0112", 1, "say the same twice"),
    ("approval: x\n  - id: b\n    run: '{{ steps.a.outputs.who }}'", "TRD0133", 3, "step `a` has no output `who`"),
]


@pytest.mark.parametrize(("text", "code", "line", "message"), WRONG)
def test_what_is_wrong_is_told_with_its_place(told: Told, text: str, code: str, line: int, message: str) -> None:
    found = told(HEAD + STEP + text + "\n")
    assert [(each[0], each[1] - FIRST) for each in found if message in each[2]] == [(code, line)], found
