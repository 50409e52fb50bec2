"""The keys of a definition, as pydantic reads them. The reference table and the JSON Schema are made from here.

A field's description is its rule in the reference.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from treadle.definition._fields import (
    ACTION,
    EVENT,
    FIGURE,
    JOINS,
    MAX_ATTEMPTS,
    MAX_GATES,
    MAX_SECONDS,
    MAX_STEPS,
    MAX_VISITS,
    NAME,
    AgentName,
    AgentNames,
    Checkpoint,
    Command,
    Delay,
    Duration,
    Expression,
    Listing,
    RawText,
    Risk,
    Shell,
    Short,
    StepId,
    Targets,
    Text,
    Type,
    Variables,
    Word,
)
from treadle.definition._model_base import Input as Input
from treadle.definition._model_base import Keys as Keys
from treadle.definition._model_bounds import Budget as Budget
from treadle.definition._model_bounds import Cache as Cache
from treadle.definition._model_bounds import Concurrency as Concurrency
from treadle.definition._model_bounds import Groups, Isolation, cached, isolated
from treadle.definition._model_bounds import Limits as Limits
from treadle.definition._model_recovery import Recovery
from treadle.definition._model_triggers import CliTrigger as CliTrigger
from treadle.definition._model_triggers import EventTrigger as EventTrigger
from treadle.definition._model_triggers import Trigger as Trigger
from treadle.definition._model_triggers import typed
from treadle.definition._model_waits import Approval as Approval
from treadle.definition._model_waits import Escalate as Escalate
from treadle.definition._model_waits import WaitFor as WaitFor


class Output(Keys):
    """A step's output."""

    type: Type = Field(
        "any",
        description="What the step publishes under this name; null when it does not. A text that a command publishes "
        "is read as this type; one that cannot be fails the attempt.",
    )
    sensitive: bool = Field(False, description="Encrypted at rest, masked wherever it would be shown.")
    description: str = Field("", description="One line.")
    figure: Annotated[str, Field(pattern=FIGURE)] | None = Field(
        None, description="The figure that it is, e.g. `test_coverage`: `gates` judge it, reports show it."
    )
    from_: Targets = Field(
        default_factory=list,
        alias="from",
        description="What it is taken from where it is not published under its own name: the first that is; "
        "`*` is everything.",
    )


class Secret(Keys):
    """Where a secret comes from. Exactly one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    env: str | None = Field(None, description="An environment variable.")
    file: str | None = Field(None, description="A file that holds nothing else.")
    keyring: str | None = Field(None, description="`SERVICE/USER` in the system's keyring.")

    @model_validator(mode="after")
    def _one(self) -> "Secret":
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("TRD0106", "must have exactly one of the keys env, file and keyring")
        return self


class Retry(Keys):
    """Further attempts within a visit."""

    max_attempts: int = Field(1, ge=1, le=MAX_ATTEMPTS, description="Attempts in all, the first included.")
    delay: Duration = Field(0.0, description="Before the second attempt.")
    backoff: float = Field(1.0, ge=1, le=100, description="Each delay is the one before times this.")
    max_delay: Duration = Field(float(MAX_SECONDS), description="No delay is longer.")
    jitter: float = Field(0.0, ge=0, le=1, description="The share of a delay that chance decides.")
    when: Expression | None = Field(None, description="An expression over `error`: retry only where it is true.")


class AtLeast(Keys):
    """A join that a number of successes satisfies."""

    at_least: int = Field(ge=1, description="So many needs must have succeeded.")
    cancel_rest: bool = Field(False, description="Cancel the needs that are still running then.")


class NamedJoin(AtLeast):
    """A join that was written as a text: a mode's name, or an expression."""

    text: str = ""


class Case(Keys):
    """One line of `switch`."""

    when: Expression | None = Field(None, description="An expression that also sees the step's own `outputs`.")
    goto: Targets = Field(description="Where to go on.")


class Compensate(Keys):
    """How a visit is undone. Exactly one of `uses`, `run` and `action`."""

    uses: Annotated[str, Field(pattern=ACTION)] | None = Field(None, description="An action.")
    run: Text | None = Field(None, description="A command.")
    action: Annotated[str, Field(pattern=ACTION)] | None = Field(None, description="A rollback action, by its type.")
    with_: dict[str, Any] = Field(
        default_factory=dict, alias="with", description="Inputs; they see the step's own `outputs`."
    )
    when: Literal["settled", "started"] = Field("settled", description="`started` undoes a clean failure as well.")

    @model_validator(mode="after")
    def _one(self) -> "Compensate":
        if sum(kind is not None for kind in (self.uses, self.run, self.action)) != 1:
            raise PydanticCustomError("TRD0110", "must have exactly one of the keys uses, run and action")
        return self


class Emit(Keys):
    """An event for the bus."""

    name: Annotated[str, Field(pattern=EVENT)] = Field(description="The event's name.")
    data: dict[str, Any] = Field(default_factory=dict, description="What it carries.")


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _join(value: object) -> object:
    return NamedJoin.model_construct(at_least=1, text=value) if isinstance(value, str) else value


_JOIN_TEXT: Final = {"anyOf": [{"enum": list(JOINS)}, {"type": "string", "pattern": "[^a-z_]", "maxLength": 8000}]}


class Parallel(Keys):
    """A group of steps that start at once, in a scope of its own."""

    max_parallel: int | None = Field(
        None, ge=1, le=MAX_STEPS, description="Visits at a time, in the group and the scopes inside it. Default: all."
    )
    steps: "Body" = Field(description="The steps; those without `needs` start at once (R0 does not apply).")


class Loop(Keys):
    """A body repeated, each iteration in a scope of its own. Exactly one of `until` and `while`."""

    until: Expression | None = Field(
        None, description="Judged after each iteration, over its steps: true ends the loop."
    )
    while_: Expression | None = Field(
        None, alias="while", description="Judged after each iteration, over its steps: false ends the loop."
    )
    max: int = Field(ge=1, le=MAX_VISITS, description="Iterations at most (R10).")
    delay: Duration = Field(0.0, description="Between the end of an iteration and the next.")
    on_exhausted: Literal["fail", "continue"] = Field(
        "fail", description="When it would go on after `max` iterations: fail with the outcome `exhausted`, or succeed."
    )
    steps: "Body" = Field(description="The body; its steps also see `loop.index` and `loop.previous`.")

    @model_validator(mode="after")
    def _one(self) -> "Loop":
        if (self.until is None) == (self.while_ is None):
            raise PydanticCustomError("TRD0110", "must have exactly one of the keys until and while")
        return self


def _prompted(value: object) -> object:
    return {"prompt": value} if isinstance(value, str) else value


class Step(Keys):
    """A step. Exactly one kind: what it does, which scopes it opens, or what it waits for."""

    id: StepId = Field(description="Lower case letters, digits, `_`, `-`; up to 64; unique in the file.")
    name: str = Field("", description="What people see instead of the id.")

    uses: Annotated[str, Field(pattern=ACTION)] | None = Field(None, description="Kind: an action, `module/action`.")
    run: Command | None = Field(None, description="Kind: a command for the shell, or a list: program and arguments.")
    emit: Annotated[Emit, Short(_named, {"type": "string", "pattern": EVENT})] | None = Field(
        None, description="Kind: put an event on the bus; a text is its name."
    )
    set: dict[Word, Any] | None = Field(None, description="Kind: give variables new values (`vars`).")
    cancel: Targets | None = Field(None, description="Kind: cancel these steps.")
    end: Literal["completed", "failed"] | None = Field(None, description="Kind: end the execution so.")
    parallel: Parallel | None = Field(None, description="Kind: a group in a scope of its own, joined when all end.")
    loop: Loop | None = Field(None, description="Kind: a body repeated, one scope an iteration.")
    race: Annotated[dict[StepId, "Body"], Field(min_length=2)] | None = Field(
        None, description="Kind: branches by name; the first to finish wins, however it ends, the others are cancelled."
    )
    wait: Delay | None = Field(None, description="Kind: let time pass; also an expression that gives a duration.")
    wait_for: WaitFor | None = Field(None, description="Kind: wait for a signal, an event or a condition.")
    approval: Annotated[Approval, Short(_prompted, {"type": "string"})] | None = Field(
        None, description="Kind: ask people; a text is the prompt."
    )
    steps: "Body | None" = Field(None, description="Kind: a sequence in a scope of its own.")
    workflow: Annotated[str, Field(min_length=1, max_length=400)] | None = Field(
        None, description="Kind: another workflow, by its path from this file or by its name."
    )

    with_: dict[str, Any] | None = Field(None, alias="with", description="The action's or the workflow's inputs.")
    detached: bool = Field(
        False, description="Of `workflow`: an execution of its own that is started and not waited for."
    )
    shell: Shell | None = Field(None, description="What runs a command that is a text. Default: sh.")
    cwd: str | None = Field(None, description="The command's folder, relative to the execution's root.")
    env: Variables = Field(default_factory=dict, description="Environment variables, over the workflow's.")

    needs: Targets | None = Field(None, description="Steps to wait for (R0-R3). Without the key: order as written.")
    join: Annotated[AtLeast, Short(_join, _JOIN_TEXT)] | None = Field(
        None, description="When the needs suffice (R5): a mode's name, `{at_least: n}` or an expression."
    )
    when: Expression | None = Field(None, description="An expression; false skips the step (R2).")

    on_success: Targets | None = Field(None, description="Where to go on after success (R6); `[]` ends the thread.")
    on_failure: Targets | None = Field(
        None,
        description="Where to go on after failure, timeout, rejection (R6). An action, `module/action`, judges the "
        "failure: short for `recovery` with the one choice `retry`, which enters the step again.",
    )
    recovery: Recovery | None = Field(None, description="Instead of `on_failure`: judge the failure, then recover.")
    routes: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")], Targets] = Field(
        default_factory=dict, description="Where to go on, by outcome; looked at first (R6)."
    )
    switch: list[Case] = Field(default_factory=list, description="Where to go on after success: the first true one.")
    max_visits: int | None = Field(
        None, ge=1, le=MAX_VISITS, description="Visits at most, where the step can be entered again (R9). Default: 10."
    )
    recovers: bool = Field(False, description="Takes the failure that its token or its needs carry (R6).")
    merge: Literal["each", "once"] = Field("each", description="Tokens that arrive while a visit runs (R8).")
    continue_on_error: bool = Field(False, description="Forgive the step's own failure (R6).")

    retry: Retry | None = Field(
        None, description="Further attempts within a visit; of calls over `defaults.retry`, key by key."
    )
    timeout: Duration | None = Field(
        None, description="Bounds one attempt. Default: of calls `defaults.timeout`, else none."
    )
    outputs: dict[Word, Output] = Field(default_factory=dict, description="Outputs that the step declares, typed.")
    compensate: Compensate | None = Field(None, description="How a visit is undone.")
    irreversible: bool = Field(False, description="Nothing before it is undone once it has run.")
    idempotent: bool | None = Field(None, description="Running it twice is as good as once. Default: the action's.")
    on_interrupt: Literal["retry", "fail", "ask"] | None = Field(
        None, description="What becomes of a visit that a crash cut off (R14). Default: retry if idempotent, else ask."
    )
    risk: Risk | None = Field(None, description="How much it can break. Default: the action's.")

    for_each: Listing | None = Field(
        None, description="Run for each item of a list, in a scope each; its steps also see `item`."
    )
    matrix: dict[Word, Listing] | None = Field(
        None, description="Run for each combination of these lists' values; its steps also see `matrix.NAME`."
    )
    include: Listing | None = Field(None, description="Of `matrix`: a list of further combinations.")
    exclude: Listing | None = Field(None, description="Of `matrix`: combinations, or parts of some, to leave out.")
    max_parallel: int | None = Field(
        None,
        ge=1,
        le=MAX_STEPS,
        description="Of `for_each` and `matrix`: items at a time. Default: the workflow's.",
    )
    min_success: int | None = Field(
        None, ge=1, le=MAX_STEPS, description="Of `for_each` and `matrix`: successes that suffice. Default: all."
    )
    stop_when: Expression | None = Field(
        None, description="Of `for_each` and `matrix`: an expression over `items`; once true, no further one starts."
    )
    checkpoint: Checkpoint | None = Field(
        None,
        description="A name: once the step has succeeded, `treadle rollback --to` goes back to here. `true`: its id.",
    )
    concurrency: Groups = Field(
        default_factory=list, description="Groups whose members run a few at a time: a name, an object, or a list."
    )
    cache: Annotated[Cache | None, Short(cached, {"type": "boolean"})] = Field(
        None, description="Reuse what an earlier run left whose action, inputs, environment and files were the same."
    )
    agent: AgentName | None = Field(
        None,
        description="Who does what needs judgement, by name (`treadle agents`). Default: the user's own.",
    )
    fallback: AgentNames = Field(default_factory=list, description="Agents to ask next when that one did not do it.")
    budget: Budget | None = Field(None, description="What its visits may use before the execution waits for more.")
    isolation: Annotated[Isolation, Short(isolated, {"const": "worktree"})] | None = Field(
        None, description="Work in a git worktree, whose changes come into the root only if the step succeeds."
    )
    limits: Limits | None = Field(
        None, description="What one attempt's processes may use; over `defaults.limits`, key by key."
    )
    keep_changes: bool = Field(
        False, description="Keep what a failed visit changed through its workspace; otherwise that is undone at once."
    )


WAITS: Final = ("wait", "wait_for", "approval")
"""Kinds that wait."""
KINDS: Final = ("uses", "run", "emit", "set", "cancel", "end", "parallel", "steps", "loop", "race", "workflow", *WAITS)
CALLS: Final = ("uses", "run")
SCOPED: Final = ("parallel", "steps", "loop", "race")
"""Kinds that hold steps, in scopes of their own."""
BOUNDED: Final = (*CALLS, *SCOPED, "workflow")
"""Kinds whose visits have attempts that can be bounded, repeated and undone."""
REPEATABLE: Final = ("uses", "run", "emit", "set", "parallel", "steps", "loop", "race", "workflow", *WAITS)
"""Kinds that `for_each` and `matrix` go with."""
OF_ITEMS: Final = ("max_parallel", "min_success", "stop_when")
"""Fields that go with `for_each` and `matrix` only."""
OF_MATRIX: Final = ("include", "exclude")
BELONGS: Final[dict[str, tuple[str, ...]]] = {
    "with_": ("uses", "workflow"),
    "shell": ("run",),
    "cwd": ("run",),
    "env": CALLS,
    "detached": ("workflow",),
    "recovery": BOUNDED,
    "retry": BOUNDED,
    "timeout": BOUNDED,
    "outputs": (*CALLS, "wait_for"),
    "compensate": BOUNDED,
    "irreversible": BOUNDED,
    "idempotent": CALLS,
    "on_interrupt": CALLS,
    "risk": CALLS,
    "keep_changes": CALLS,
    "isolation": CALLS,
    "agent": CALLS,
    "fallback": CALLS,
    "limits": CALLS,
    "cache": CALLS,
    "concurrency": (*CALLS, *SCOPED, "workflow"),
    "for_each": REPEATABLE,
    "matrix": REPEATABLE,
}
"""Fields that only steps of these kinds have; the others go with every kind."""


class Defaults(Keys):
    """What steps have that do not say otherwise."""

    timeout: Duration | None = Field(None, description="As of a step.")
    retry: Retry | None = Field(None, description="As of a step.")
    limits: Limits | None = Field(None, description="As of a step.")
    agent: AgentName | None = Field(None, description="As of a step.")
    fallback: AgentNames = Field(default_factory=list, description="As of a step.")


class Rollback(Keys):
    """What happens to what was done when the execution fails (R12)."""

    after: list[Literal["failure", "cancelled"]] | None = Field(
        None, description="When to undo by itself. Default: failure, where a step has `compensate`."
    )
    parallel: bool = Field(False, description="Undo side by side what ran side by side.")
    on_error: Literal["continue", "stop"] = Field("continue", description="After an undoing that failed.")


class Gate(Keys):
    """A rule over figures that a step has to meet."""

    when: Annotated[str, Field(min_length=1, max_length=1000)] = Field(
        description="An expression over figures, e.g. `test_coverage < 80%`; true means that the gate is not met."
    )
    then: StepId = Field(
        "fail", description="What then: `fail`, `warn`, `approval`, or a step to go to, which repairs or `recovers`."
    )
    severity: Risk = Field("medium", description="How much it matters; shown with the verdict.")
    message: str = Field("", description="What to do about it.")


Gates: TypeAlias = Annotated[dict[StepId, Gate], Field(max_length=MAX_GATES)]


class Condition(Keys):
    """A gate without a name: `if`, `then`."""

    if_: Annotated[str, Field(min_length=1, max_length=1000)] = Field(alias="if", description="As `when` of a gate.")
    then: StepId = Field(
        description="A step to go to; what begins with `abort` fails; any other word is advice: it warns with it."
    )


class GateFile(Keys):
    """Gates in a file of their own, for any workflow: `treadle run … --custom-gates FILE`."""

    model_config = ConfigDict(title="treadle gates")

    treadle_gates: Literal[1] = Field(alias="treadle-gates", description="The version of this file's form.")
    gates: Gates = Field(default_factory=dict, description="Gates by name; over the workflow's of the same name.")
    conditions: list[Condition] = Field(
        default_factory=list, max_length=MAX_GATES, description="Gates without names, as a list of `if` and `then`."
    )


Body: TypeAlias = Annotated[list[Step], Field(min_length=1, max_length=MAX_STEPS)]


class Workflow(Keys):
    """A workflow: one definition a file."""

    model_config = ConfigDict(title="treadle workflow")

    treadle: Literal[1] = Field(description="The version of the language.")
    name: Annotated[str, Field(pattern=NAME), WithJsonSchema({"type": ["string", "number"], "pattern": NAME})] = Field(
        description="Lower case letters, digits, `.`, `_`, `-`."
    )
    title: RawText = Field("", description="What people see instead of the name.")
    version: RawText = Field("", description="The definition's own version.")
    description: str = Field("", description="What it is for.")
    inputs: dict[Word, Input] = Field(default_factory=dict, description="What a run is given.")
    outputs: dict[Word, Any] = Field(default_factory=dict, description="What a run gives back, by name.")
    triggers: list[Annotated[Trigger, Short(typed, {"type": "string"})]] = Field(
        default_factory=list, description="How executions start: a type, or `{type: …}`."
    )
    env: Variables = Field(default_factory=dict, description="Environment variables of all commands.")
    secrets: dict[Word, Secret] = Field(default_factory=dict, description="Secrets, by the name in `secrets.NAME`.")
    vars: dict[Word, Any] = Field(default_factory=dict, description="Variables that `set` steps may change.")
    defaults: Defaults | None = Field(None, description="What steps have that do not say otherwise.")
    max_parallel: int | None = Field(
        None, ge=1, le=MAX_STEPS, description="Steps at a time. Default: the number of processors."
    )
    timeout: Duration | None = Field(None, description="Ends the execution, with exit code 8.")
    rollback: Rollback | None = Field(None, description="Undoing (R12).")
    fail_fast: bool | None = Field(
        None, description="Close the scope at the first unhandled failure. Default: where a step has `compensate`."
    )
    start: Targets = Field(default_factory=list, description="The first steps (R1). Default: the order written.")
    steps: Body = Field(description="The steps, in order (R0).")
    on_failure: list[Step] = Field(default_factory=list, max_length=MAX_STEPS, description="Steps after a failure.")
    on_cancel: list[Step] = Field(default_factory=list, max_length=MAX_STEPS, description="Steps after a cancel.")
    finally_: list[Step] = Field(
        default_factory=list, alias="finally", max_length=MAX_STEPS, description="Steps at the end, always."
    )
    concurrency: Groups = Field(
        default_factory=list, description="Groups whose executions run a few at a time: a name, an object, or a list."
    )
    budget: Budget | None = Field(None, description="What an execution may use before it waits for more.")
    mode: Literal["autopilot", "supervised", "hybrid"] | None = Field(
        None, description="Ask a person before each step (`supervised`), or each of high risk. Default: the setting."
    )
    gates: Gates = Field(default_factory=dict, description="Rules over figures, judged when a step publishes one.")


BODIES: Final = ("steps", "on_failure", "on_cancel", "finally")
"""Top-level keys that hold steps."""
INNER_BODIES: Final = (("parallel", "steps"), ("loop", "steps"), ("steps",))
"""The keys of a step, one inside the other, that hold steps; those of `race` are named by whoever writes it."""
