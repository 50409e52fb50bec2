"""The kinds of events, and what each carries in `data`.

Every kind that the log will ever hold is named here. `data` holds JSON only; a key with an empty value may be left out.
"""

from typing import Final

EXECUTION_STARTED: Final = "execution_started"
"""`definition, plan` (hashes), `language, decider, expressions` (versions), `inputs, trigger, env, vars, root, origin`,
`takeover` (R13a: what an earlier execution had finished), `groups` (`{group, limit, on_conflict}`: it is queued until
it has a place in each)."""
EXECUTION_PAUSED: Final = "execution_paused"
"""`reason`."""
EXECUTION_RESUMED: Final = "execution_resumed"
"""`reason`; also after a crash, then with `recovered: true`."""
EXECUTION_CANCEL_REQUESTED: Final = "execution_cancel_requested"
"""`reason`; `undo: false` when nothing is to be undone by itself."""
EXECUTION_CLOSING: Final = "execution_closing"
"""`reason` (failure, cancelled, end, timeout), `error`, `status` (of an `end` step): nothing new starts but what R12
allows. `scope` says which scope closes."""
EXECUTION_COMPLETED: Final = "execution_completed"
"""`outputs, warnings`."""
EXECUTION_FAILED: Final = "execution_failed"
"""`error {step, type, message}, outputs, timed_out, attention, warnings`."""
EXECUTION_CANCELLED: Final = "execution_cancelled"
"""`reason, outputs`."""

VISIT_STARTED: Final = "visit_started"
"""`inputs` (evaluated), `action`, `env`, `resumed_from`; the first attempt starts with it."""
VISIT_WAITING: Final = "visit_waiting"
"""`for`: `timer`, `signal`, `event`, `condition`, `approval`, with `due`, `name` (of a signal or an event), and of an
approval `ask` (evaluated: `prompt, approvers, not_by, further`), `escalates` (when), `gate` (it stands before what the
visit is to do). `asks` (an attempt asks, and another one begins with the answer; then `snapshot` and `facts` of it so
far). `slots`: `ask {groups}`. `items`: no further one opens, and those that are open end; `error`."""
VISIT_CANCEL_REQUESTED: Final = "visit_cancel_requested"
"""`reason`: a later one needs the place that the visit has in a group."""
VISIT_SETTLED: Final = "visit_settled"
"""`outcome, state, outputs, error, routed` (targets taken), `vars`, `attempts`, `compensation` (frozen entry:
`action, inputs, rollback_action, timeout`), `irreversible` (nothing before it will be undone), `facts` (what the
runtime found out about the last attempt: `cache {hit, key, from, why, against, kept, because}`). `visit` is 0 when the
step was exhausted: none was counted."""
VISIT_SKIPPED: Final = "visit_skipped"
"""`state` (skipped, upstream_failed, cancelled), `reason` (when, dead, join, closed, cancel), `routed`. `visit` is 0:
none was counted."""
VISIT_INTERRUPTED: Final = "visit_interrupted"
"""`decision` (retry, fail, ask)."""

SCOPE_OPENED: Final = "scope_opened"
"""A visit opened the scope at the address `scope`; the steps in it may start."""

ATTEMPT_STARTED: Final = "attempt_started"
"""The second attempt of a visit and later ones; the first as well where people were asked before it."""
ATTEMPT_FAILED: Final = "attempt_failed"
"""`outcome, error, draw, due, facts`: another attempt follows at `due`."""

TIMER_SET: Final = "timer_set"
"""`timer` (an id), `due`."""
TIMER_FIRED: Final = "timer_fired"
"""`timer`; `cleared` when it stands for an approval."""
SIGNAL_RECEIVED: Final = "signal_received"
"""`sort` (signal, event, answer), `name` (of an answer: approved, rejected, pushed_back), `data, by, comment, signal`
(the inbox id), `refused` (why it changes nothing). It names the visit that it reached; none: it is kept for a wait that
starts later. `kept` is the seq of the event that brought what a new wait takes. `cleared`: the visit may begin what it
is to do."""

TOKEN_PARKED: Final = "token_parked"  # noqa: S105
"""`from, failure` (ids of the failures it carries): a re-entry waits for its region (R7)."""
TOKEN_ABSORBED: Final = "token_absorbed"  # noqa: S105
"""`from, reason` (merge, closed, exhausted)."""
REGION_REARMED: Final = "region_rearmed"
"""`steps`: they may run again."""
SLOTS_GRANTED: Final = "slots_granted"
"""`groups` (names): the visit that it names may begin; without a step the execution may."""
BUDGET_REACHED: Final = "budget_reached"
"""`budget` (time, money, tokens, visits), `limit, spent`: nothing starts until it is raised. With a step: its own."""
BUDGET_RAISED: Final = "budget_raised"
"""`by` (amounts by kind), `place` (the step whose it is, or "")."""
CHECKPOINT_TAKEN: Final = "checkpoint_taken"
"""`name`: the visit has ended and a rollback can go back to this point; `snapshot`: what the workspace kept for it."""
COMPENSATION_STARTED: Final = "compensation_started"
"""`action, inputs`; `attempt` counts tries."""
COMPENSATION_SETTLED: Final = "compensation_settled"
"""`state` (done, failed), `error`, `due` when another try follows, `told` (what a person must know beyond it)."""
ROLLBACK_STARTED: Final = "rollback_started"
"""`reason, entries` (addresses in the order of undoing), `to` (a checkpoint)."""
ROLLBACK_FINISHED: Final = "rollback_finished"
"""`state` (done, partial), `left` (addresses that could not be undone)."""
OUTPUT_BLOB: Final = "output_blob"
"""`name, payload` (hash), `size`: an output too large for an event."""

KINDS: Final = tuple(value for name, value in sorted(globals().items()) if name.isupper() and isinstance(value, str))
"""All of them."""

ALIASES: Final = {
    "workflow_started": EXECUTION_STARTED,
    "workflow_completed": EXECUTION_COMPLETED,
    "workflow_failed": EXECUTION_FAILED,
    "workflow_paused": EXECUTION_PAUSED,
    "workflow_resumed": EXECUTION_RESUMED,
    "step_execution_started": VISIT_STARTED,
    "step_execution_completed": VISIT_SETTLED,
    "step_failed": VISIT_SETTLED,
    "step_retry": ATTEMPT_FAILED,
}
"""Names by which the subscription API knows some kinds as well; `step_failed` is a settled visit that failed."""
