"""The plan: an immutable, compiled definition. All that the decider knows of a workflow.

A `Value` is JSON data whose texts may hold `{{ … }}`; an `Expression` is a bare expression's text. Both are compiled
once per plan by `treadle_engine.expressions`. Durations are seconds. Step references are step ids of the same scope.
The order of `ScopePlan.steps` is the order written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from treadle_hookspecs import Json, JsonObject, Risk

from treadle_engine._plan_codec import PlanFormatError as PlanFormatError
from treadle_engine._plan_codec import from_json, to_json
from treadle_engine.plan_bounds import Budget as Budget
from treadle_engine.plan_bounds import Cache as Cache
from treadle_engine.plan_bounds import Concurrency as Concurrency
from treadle_engine.plan_bounds import Limits as Limits

LANGUAGE_VERSION: Final = 1
PLAN_VERSION: Final = 1
HANDLERS: Final = ("on_failure", "on_cancel", "finally")
"""The names of the handlers, which are the addresses of their scopes as well."""

Value: TypeAlias = Json
Expression: TypeAlias = str

JoinMode: TypeAlias = Literal[
    "none_failed_min_one_success",
    "all_success",
    "none_failed",
    "all_done",
    "one_success",
    "one_failed",
    "at_least",
    "expression",
]
StepKind: TypeAlias = Literal[
    "call",
    "set",
    "emit",
    "cancel",
    "end",
    "parallel",
    "steps",
    "loop",
    "for_each",
    "matrix",
    "race",
    "workflow",
    "wait",
    "wait_for",
    "approval",
]
"""`uses` and `run` are both `call`. `parallel` and `steps` open a scope, their `body`; `loop` opens one an iteration,
`for_each` and `matrix` one an item, `race` one of each of its `branches`, `workflow` that of the workflow it runs and
those of its handlers. `wait`, `wait_for` and `approval` wait.

What `StepPlan.with_` holds: `call`: the action's inputs; `set`: `{name: value, …}`; `emit`: `{event: name, data:
value}`; `cancel`: `{steps: [ids]}`; `end`: `{status: completed | failed, message: text}`, the message may be missing;
`workflow`: the inputs; `for_each`: `{items: value}`; `matrix`: `{matrix: {name: values}, include: list, exclude:
list}`; `wait`: `{for: duration}`, in seconds or as a text such as `1h30m`.
"""

WAITING_KINDS: Final = frozenset({"wait", "wait_for", "approval"})
"""Kinds whose visits do nothing but wait."""

OnInterrupt: TypeAlias = Literal["retry", "fail", "ask"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """A declared input. `type` is one of string, integer, number, boolean, array, object, any."""

    name: str
    type: str = "any"
    required: bool = False
    default: Json = None
    sensitive: bool = False
    enum: tuple[Json, ...] = ()
    description: str = ""
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A declared output of a step; one that is not published is null.

    `source` names what it is taken from where it was not published under its own name: the first that was; `*` stands
    for everything that was published.
    """

    type: str = "any"
    sensitive: bool = False
    description: str = ""
    figure: str = ""
    """The name under which gates and reports know it, if any."""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Attempts within a visit.

    The n-th retry is due `min(max_delay, delay * backoff ** (n - 1)) * (1 + jitter * (2 * draw - 1))` seconds after the
    attempt's end, where `draw` in [0, 1) comes with that end. `when` sees `error` and decides; "" means always.
    """

    max_attempts: int = 1
    delay: float = 0.0
    backoff: float = 1.0
    max_delay: float = 2_678_400.0
    jitter: float = 0.0
    when: Expression = ""


@dataclass(frozen=True, slots=True)
class Join:
    """When a step with needs may start (R5). `threshold` belongs to `at_least`, `expression` to `expression`."""

    mode: JoinMode = "none_failed_min_one_success"
    threshold: int = 0
    cancel_rest: bool = False
    expression: Expression = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of `switch`; the last may have no `when`."""

    targets: tuple[str, ...]
    when: Expression = ""


@dataclass(frozen=True, slots=True)
class Compensation:
    """How a visit is undone.

    Args:
        action: full name of an action, or a rollback action's type when `rollback_action` is set.
        with_: evaluated when the visit settles, over its own `outputs` and everything it saw.
        when: `settled` (default) or `started`: a clean failure is undone as well.
    """

    action: str
    with_: Value = field(default_factory=dict)
    rollback_action: bool = False
    when: Literal["settled", "started"] = "settled"
    retry: Retry = field(default_factory=lambda: Retry(max_attempts=3, delay=1.0, backoff=2.0))
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """R10: how often the body runs. `until` and `while_` are judged after each iteration, and see its steps.

    Args:
        max: iterations at most.
        until: ends the loop when it is true; "" when `while_` is given.
        while_: ends the loop when it is false.
        delay: between the end of an iteration and the next.
        on_exhausted: what the loop ends as when it would go on after `max` iterations: `exhausted`, or `success`.
    """

    max: int
    until: Expression = ""
    while_: Expression = ""
    delay: float = 0.0
    on_exhausted: Literal["fail", "continue"] = "fail"


@dataclass(frozen=True, slots=True)
class Items:
    """How the items of `for_each` and `matrix` are run.

    Args:
        max_parallel: items at a time; 0: as many as the scopes around allow.
        min_success: so many successes make the step succeed, whatever the other items do; None: none may fail.
        stop_when: judged after each item, over `items` (`{state, outputs}` each); true starts no further one.
        single: the body is one step, whose outputs are the item's; else an item's outputs are its steps', by id.
    """

    max_parallel: int = 0
    min_success: int | None = None
    stop_when: Expression = ""
    single: bool = False


@dataclass(frozen=True, slots=True)
class WaitFor:
    """What a step of kind `wait_for` waits for: exactly one of `signal`, `event` and `condition`.

    Args:
        signal: a signal's name.
        event: the name of an event on the bus.
        condition: judged when the visit starts and after whatever happens then.
        match: judged over `signal` or `event` (`{name, data, by}`); false lets the wait go on.
        buffered: what came before the visit started and nobody took counts as well.
        timeout: seconds until the outcome is `timeout`; None: any time.
    """

    signal: str = ""
    event: str = ""
    condition: Expression = ""
    match: Expression = ""
    buffered: bool = True
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens when nobody has answered after some time.

    Args:
        after: seconds.
        approvers: a list of further people who may answer from then on.
        event: the name of an event that is published then, "" for none.
    """

    after: float
    approvers: Value = ()
    event: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to people: a step of kind `approval`, or one that is asked before a step of any kind begins.

    Args:
        prompt: what they read.
        approvers: who may answer, as a list of names; an empty one: everybody.
        not_by: who may not.
        quorum: so many have to approve; one rejection, or one push back, decides.
        form: what an approval comes with, typed as inputs are.
        timeout: seconds until `on_timeout` says the outcome; None: any time.
        on_timeout: the outcome then: `timeout`, `rejected`, or that of an approval.
        escalate: what happens before that.
        push_back: the execution can be sent back: the outcome is `pushed_back`, which has to have a route.
    """

    prompt: Value = ""
    approvers: Value = ()
    not_by: Value = ()
    quorum: int = 1
    form: tuple[InputSpec, ...] = ()
    timeout: float | None = None
    on_timeout: Literal["timeout", "reject", "approve"] = "timeout"
    escalate: Escalation | None = None
    push_back: bool = False


@dataclass(frozen=True, slots=True)
class Isolation:
    """A step works in a git worktree instead of the root.

    Args:
        worktree: its name; steps of one scope that name the same one share it.
        merge: once the step has succeeded, the worktree's changes are brought into the root.
        check: a shell command that has to succeed in the worktree before that; "" for none.
    """

    worktree: str
    merge: bool = False
    check: str = ""


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step.

    `needs` None means that the key was not written: R0 gives the step its place in the sequence (`link` does it,
    and `ScopePlan` as it is stored has it done: `needs` and `join` are resolved and `sequential` is True).
    """

    id: str
    kind: StepKind = "call"
    name: str = ""
    action: str = ""
    with_: Value = field(default_factory=dict)
    env: JsonObject = field(default_factory=dict)
    needs: tuple[str, ...] | None = None
    join: Join | None = None
    sequential: bool = False
    when: Expression = ""
    on_success: tuple[str, ...] | None = None
    on_failure: tuple[str, ...] | None = None
    routes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    switch: tuple[Case, ...] = ()
    max_visits: int = 10
    recovers: bool = False
    merge: Literal["each", "once"] = "each"
    continue_on_error: bool = False
    retry: Retry = Retry()
    timeout: float | None = None
    outputs: tuple[tuple[str, OutputSpec], ...] = ()
    compensate: Compensation | None = None
    irreversible: bool = False
    idempotent: bool = False
    on_interrupt: OnInterrupt = "ask"
    """R14. The compiler resolves the default: `retry` where the step is idempotent."""
    uncertain: bool = False
    """A failure of it may have had an effect (a command, an agent): it enters the compensation log."""
    risk: Risk = "low"
    checkpoint: str = ""
    """The name of the point in the log to which a rollback can go back once a visit has succeeded."""
    figures: tuple[tuple[str, str], ...] = ()
    """`(figure, path)`: which outputs are figures; see `treadle_hookspecs.read_figures`."""
    line: int = 0
    """Where it stands in the definition, for messages."""
    body: "ScopePlan | None" = None
    """What a step that opens scopes runs in them."""
    branches: "tuple[tuple[str, ScopePlan], ...]" = ()
    """Of a step of kind `race`: the scopes that it opens instead of `body`, by name."""
    loop: Loop | None = None
    """Of a step of kind `loop`."""
    items: Items | None = None
    """Of a step of kind `for_each` or `matrix`."""
    workflow: str = ""
    """Of a step of kind `workflow`: what it runs, by its key in `Plan.children`."""
    detached: bool = False
    """Of a step of kind `workflow`: an execution of its own, which is not waited for."""
    undoes: bool = False
    """Of a step of kind `workflow`: something of what it runs can be compensated."""
    concurrency: tuple[Concurrency, ...] = ()
    """A visit begins once it has a place in each of these groups."""
    budget: Budget | None = None
    limits: Limits | None = None
    keep_changes: bool = False
    """What a failed visit changed through its workspace stays."""
    isolation: Isolation | None = None
    agents: tuple[str, ...] = ()
    """Who is asked for what needs judgement, in order; () leaves it to the user's settings."""
    wait_for: WaitFor | None = None
    """Of a step of kind `wait_for`."""
    approval: Approval | None = None
    """Of a step of kind `approval`."""
    gate: Approval | None = None
    """Of any other step: people are asked when a visit starts, and it does nothing before they have approved."""
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class ScopePlan:
    """One body of steps: the workflow's, a handler's, or that of a step which opens scopes."""

    steps: tuple[StepPlan, ...]
    start: tuple[str, ...] = ()
    max_parallel: int = 0
    """Visits at a time, in the scope and the scopes inside it; a step that opens scopes counts for nothing itself.
    0: as many as are ready."""
    fail_fast: bool | None = None
    """None: True where some step of the scope, or of one inside it, can be compensated."""
    ordered: bool = True
    """R0 holds. False inside `parallel`: steps without `needs` start at once."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A rule over figures, judged when a visit succeeds that published one of them.

    Args:
        name: how people call it; `gate:NAME` is the route of a visit that does not meet it.
        rule: as it was written, for people.
        when: the rule as an expression over the figures' names; true means that it is not met.
        figures: the names that `when` refers to; it is judged once all are known.
        verdict: what becomes of a visit that does not meet it: `warn` leaves it a success; `fail` makes it a failure;
            `route` and `approval` make it a failure that goes along its route.
        severity: how much it matters.
        message: what to do about it, "" for the rule itself.
    """

    name: str
    rule: str
    when: Expression
    figures: tuple[str, ...]
    verdict: Literal["fail", "warn", "route", "approval"] = "fail"
    severity: Risk = "medium"
    message: str = ""


@dataclass(frozen=True, slots=True)
class RollbackPolicy:
    """`rollback:` of a definition. `after` None: `failure` where a step has `compensate`, else never."""

    after: tuple[Literal["failure", "cancelled"], ...] | None = None
    parallel: bool = False
    on_error: Literal["continue", "stop"] = "continue"


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret comes from: `env:NAME`, `file:PATH` or `keyring:SERVICE/USER`."""

    kind: Literal["env", "file", "keyring"]
    reference: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled workflow."""

    name: str
    root: ScopePlan
    title: str = ""
    version: str = ""
    description: str = ""
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[tuple[str, Value], ...] = ()
    triggers: tuple[tuple[str, JsonObject], ...] = ()
    """`(type, entry)` in the order written."""
    env: JsonObject = field(default_factory=dict)
    secrets: tuple[tuple[str, SecretSource], ...] = ()
    vars: JsonObject = field(default_factory=dict)
    timeout: float | None = None
    concurrency: tuple[Concurrency, ...] = ()
    """The execution begins once it has a place in each of these groups."""
    budget: Budget | None = None
    """An empty one where only steps have some."""
    rollback: RollbackPolicy = field(default_factory=RollbackPolicy)
    on_failure: ScopePlan | None = None
    on_cancel: ScopePlan | None = None
    finally_: ScopePlan | None = None
    children: "tuple[tuple[str, Plan], ...]" = ()
    """The workflows that steps of this one run, and those that these run, by key; only the execution's own has any."""
    mode: Literal["", "autopilot", "supervised", "hybrid"] = ""
    """Who decides that a step may start; "" leaves it to the settings. What it means stands in the steps' `gate`."""
    gates: tuple[Gate, ...] = ()
    snapshots: bool = False
    """The root's files are looked at before and after each visit that calls an action, so that all can be restored."""
    language: int = LANGUAGE_VERSION
    v: int = PLAN_VERSION

    @property
    def keeps_files(self) -> bool:
        """Snapshots are taken, for this workflow or one that it runs."""
        return self.snapshots or any(child.snapshots for _, child in self.children)


def workflows_of(plan: Plan) -> Iterator[Plan]:
    """An execution's own workflow and all that its steps, or theirs, run."""
    yield plan
    for _, child in plan.children:
        yield child


def scopes_of(plan: Plan) -> Iterator[tuple[str, ScopePlan]]:
    """The scopes of a workflow that are inside no other, by address: its own under "", then its handlers'."""
    yield "", plan.root
    for name, scope in zip(HANDLERS, (plan.on_failure, plan.on_cancel, plan.finally_), strict=True):
        if scope is not None and scope.steps:
            yield name, scope


def bodies(step: StepPlan) -> Iterator[tuple[str, ScopePlan]]:
    """The scopes that a step opens, as plans, each with what its address has behind the step's: `.left` in a race."""
    if step.body is not None:
        yield "", step.body
    for name, branch in step.branches:
        yield f".{name}", branch


def steps_within(scope: ScopePlan, inside: str = "") -> Iterator[tuple[str, StepPlan]]:
    """Every step of a scope and of the scopes inside it, with its path such as `group/step`, in the order written."""
    for step in scope.steps:
        path = f"{inside}{step.id}"
        yield path, step
        for behind, body in bodies(step):
            yield from steps_within(body, f"{path}{behind}/")


def compensates(scope: ScopePlan) -> bool:
    """Some step of the scope, or of one inside it, can be compensated."""
    return any(
        step.compensate is not None or step.undoes or any(compensates(body) for _, body in bodies(step))
        for step in scope.steps
    )


def opens_scopes(step: StepPlan) -> bool:
    """Visits of the step open scopes."""
    return step.body is not None or bool(step.branches) or (step.kind == "workflow" and not step.detached)


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """The plan as JSON data. Fields that have their default are left out."""
    return to_json(plan, keep=("v", "language"))


def plan_from_json(data: Json) -> Plan:
    """The plan that `plan_to_json` wrote.

    Raises:
        PlanFormatError: an unknown field, a missing one, one of a wrong type, or a version that is not `PLAN_VERSION`.
    """
    version = data.get("v") if isinstance(data, dict) else None
    if version != PLAN_VERSION:
        raise PlanFormatError("plan.v", f"version {version!r} cannot be read; this treadle reads {PLAN_VERSION}")
    return from_json(Plan, data, "plan")
