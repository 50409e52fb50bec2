"""What goes into the decider and what comes out: stimuli, commands, and the turn that joins them.

A runtime drives an execution like this:

    state = State(plan, execution_id)
    turn = decide(state, Start(...))       # the events are folded into `state` already
    append(turn.events)                    # durable first
    for command in turn.commands: ...      # then act
    turn = decide(state, AttemptEnded(...))

and recovers it like this:

    for event in log: fold(state, event)
    turn = decide(state, Recover(at, ...))

Times (`at`, `due`) are microseconds since 1970 UTC. A stimulus that no longer matters (the end of an attempt that was
given up, a timer that was replaced, a pause of a finished execution) gives an empty turn.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from treadle_hookspecs import Event, Json, JsonObject

from treadle_engine.plan import OnInterrupt


class Address(NamedTuple):
    """One attempt of one visit of a step in a scope instance."""

    scope: str
    step: str
    visit: int
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Start:
    """Begin. `header` goes into `execution_started` as it is (hashes, root, env, origin, takeover).

    `env` in it is the environment that was read; the workflow's own is laid over it. `takeover` is what
    `treadle_engine.takeover.takeover_of` made of an execution that this one continues (R13a).
    """

    at: int
    inputs: JsonObject = field(default_factory=dict)
    trigger: JsonObject = field(default_factory=dict)
    header: JsonObject = field(default_factory=dict)
    actor: str = ""
    groups: tuple[JsonObject, ...] = ()
    """`{group, limit, on_conflict}`: groups in which it needs a place beside those that the workflow names."""


class AttemptEnded(NamedTuple):
    """The end of an attempt, by itself or because it was cancelled or timed out.

    Args:
        address: which.
        at: when.
        outcome: `success`, `failure`, `timeout`, `cancelled`, `rejected`, or a name that the action chose.
        outputs: what it published.
        error: `{type, message, …}` or None. `retryable: false` in it forbids retries.
        draw: one random number in [0, 1), for the jitter of a retry.
        snapshot: what was kept of the files that it changed, so that a rollback can restore them; None for none.
        facts: what the log is to hold besides, by subject: `cache`, `usage {tokens, money}`.
    """

    address: Address
    at: int
    outcome: str
    outputs: JsonObject = {}  # noqa: RUF012 - a named tuple's default; nobody changes it
    error: JsonObject | None = None
    draw: float = 0.0
    snapshot: JsonObject | None = None
    facts: JsonObject = {}  # noqa: RUF012 - as above


class AttemptAsks(NamedTuple):
    """A running attempt cannot go on before a person has answered: its visit waits, and then begins another attempt.

    Args:
        address: which.
        at: when.
        ask: what people have to know: `key` (by which the next attempt knows the answer), `prompt, approvers, …`. With
            `budget` true nobody is asked: the next attempt begins, after `timeout`, once there is budget for it.
        timeout: seconds after which the visit goes on without an answer; None: any time.
        snapshot, facts: as those of `AttemptEnded`, so far.
    """

    address: Address
    at: int
    ask: JsonObject
    timeout: float | None = None
    snapshot: JsonObject | None = None
    facts: JsonObject = {}  # noqa: RUF012 - a named tuple's default; nobody changes it


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that `StartTimer` asked for is due."""

    timer: str
    at: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Something said from outside to what waits: a signal, an event of the bus, or a person's answer.

    Args:
        at: when.
        sort: which of these.
        name: of the signal or event; of an answer `approved`, `rejected` or `pushed_back`.
        data: what it carries; of an answer the values of the form.
        by: who says it, as the log and the outputs have it.
        step: the wait that is meant, `scope/step`, with `#visit` if wanted; "" for the oldest that it suits.
        comment: of an answer.
        signal: its id in the inbox.
        actor: who caused it.
    """

    at: int
    sort: Literal["signal", "event", "answer"]
    name: str
    data: Json = None
    by: str = ""
    step: str = ""
    comment: str = ""
    signal: int = 0
    actor: str = ""


@dataclass(frozen=True, slots=True)
class SlotsTaken:
    """The places that `AcquireSlots` asked for were got."""

    at: int
    holder: str


@dataclass(frozen=True, slots=True)
class SlotsRefused:
    """They were not, and the holder is not to wait for them."""

    at: int
    holder: str
    error: JsonObject


@dataclass(frozen=True, slots=True)
class CancelVisit:
    """A visit, `scope/step#visit`, has to give up its places for a later one."""

    at: int
    holder: str
    actor: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RaiseBudget:
    """The budget that is used up, else the workflow's, is larger by these amounts; `time` is seconds."""

    at: int
    by: dict[str, float]
    actor: str = ""


@dataclass(frozen=True, slots=True)
class CompensationEnded:
    """The end of a try to undo a visit; `told` lists what a person must know beyond that it was undone."""

    address: Address
    at: int
    error: JsonObject | None = None
    draw: float = 0.0
    told: Json = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Start nothing new."""

    at: int
    actor: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a pause."""

    at: int
    actor: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Close the execution; it ends `cancelled`. `undo` False: nothing is undone by itself afterwards."""

    at: int
    actor: str = ""
    reason: str = ""
    undo: bool = True


@dataclass(frozen=True, slots=True)
class Rollback:
    """Undo a terminal execution, or what an earlier rollback left (`again`).

    With the name of a checkpoint under `to` only what came after it; `again` keeps to that of the earlier rollback.
    """

    at: int
    actor: str = ""
    reason: str = ""
    again: bool = False
    to: str = ""


@dataclass(frozen=True, slots=True)
class Recover:
    """The process that drove the execution is gone; the log has been folded; go on.

    Args:
        at: now.
        interrupted: what to do with visits that had started and not settled: by address `scope/step#visit`,
            or for all of them under "". What is not named follows the step's `on_interrupt`; one whose answer
            is `ask` stays, and the turn holds a command `AskInterrupted`.
    """

    at: int
    interrupted: dict[str, OnInterrupt] = field(default_factory=dict)
    actor: str = ""
    attended: bool = False
    """Nothing was lost: what is under way goes on, and only what was asked about is decided."""


@dataclass(frozen=True, slots=True)
class AttemptLost:
    """Nobody will say how an attempt ended: what ran it is gone, or cannot go on without a person (`ask`).

    It is interrupted, as by a crash, while others go on; without a `decision` the step's `on_interrupt` holds.
    """

    address: Address
    at: int
    decision: OnInterrupt | None = None


Stimulus: TypeAlias = (
    Start
    | AttemptEnded
    | AttemptAsks
    | TimerFired
    | Deliver
    | SlotsTaken
    | SlotsRefused
    | CancelVisit
    | RaiseBudget
    | CompensationEnded
    | Pause
    | Resume
    | Cancel
    | Rollback
    | Recover
    | AttemptLost
)


class StartAttempt(NamedTuple):
    """Run an action. `inputs` and `env` are evaluated; `{"$secret": NAME}` is left for where it runs.

    `replies` are the answers to what earlier attempts of the visit asked: `{by, decision, comment, data}` by their key.
    """

    address: Address
    action: str
    inputs: JsonObject
    env: JsonObject
    timeout: float | None
    replies: JsonObject = {}  # noqa: RUF012 - a named tuple's default; nobody changes it


@dataclass(frozen=True, slots=True)
class CancelAttempt:
    """End a running attempt; its `AttemptEnded` is still expected."""

    address: Address
    reason: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Say `TimerFired(timer)` at `due`; one with the same id replaces the earlier."""

    timer: str
    due: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer."""

    timer: str


@dataclass(frozen=True, slots=True)
class AcquireSlots:
    """Get places in groups, `{group, limit, on_conflict}` each, all or none; answered by `SlotsTaken`, or refused.

    `holder` is a visit, `scope/step#visit`, or "" for the execution.
    """

    holder: str
    groups: tuple[JsonObject, ...]


@dataclass(frozen=True, slots=True)
class Publish:
    """Put an event on the bus (`emit:`)."""

    name: str
    data: Json


@dataclass(frozen=True, slots=True)
class StartWorkflow:
    """Start an execution of its own, linked to this one; answered by `AttemptEnded` with its id under `execution`.

    It may be asked for again after a crash: one address starts one execution. `workflow` is a key of `Plan.children`.
    """

    address: Address
    workflow: str
    inputs: JsonObject


@dataclass(frozen=True, slots=True)
class Compensate:
    """Undo a visit; answered by `CompensationEnded` with the same address. `attempt` counts tries."""

    address: Address
    action: str
    rollback_action: bool
    inputs: JsonObject
    timeout: float | None


@dataclass(frozen=True, slots=True)
class AskInterrupted:
    """A person has to say what becomes of an interrupted visit; the execution rests until `Recover` says it."""

    address: Address


@dataclass(frozen=True, slots=True)
class Finish:
    """The execution has ended."""

    status: Literal["completed", "failed", "cancelled"]


Command: TypeAlias = (
    StartAttempt
    | CancelAttempt
    | StartTimer
    | CancelTimer
    | AcquireSlots
    | Publish
    | StartWorkflow
    | Compensate
    | AskInterrupted
    | Finish
)


@dataclass(slots=True)
class Turn:
    """What one stimulus led to: events to append, folded already, and commands to carry out after that."""

    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
