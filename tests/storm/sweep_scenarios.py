"""What a sweep kills: definitions that write every kind of event, and how a person brings them to their ends."""

from collections.abc import Callable
from typing import Final, TypeAlias

from treadle import Treadle
from treadle.runtime.clock import now
from treadle_hookspecs import ExecutionRow, Signal

Scenario: TypeAlias = Callable[[Treadle], None]
"""Does what has not been done yet; it may be called again after it was killed."""

TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
_UNDER_WAY: Final = frozenset({"queued", "interrupted", "running", "rolling_back", "cancelling", "paused", "waiting"})
OK: Final = "uses: test/act, with: {seed: 1, say: success}"
BAD: Final = "uses: test/act, with: {seed: 1, say: failure}"
UNDO: Final = "compensate: {uses: test/undo}"

STEPS: Final = f"""
treadle: 1
name: steps
vars: {{seen: none}}
steps:
  - {{id: build, {OK}, {UNDO}}}
  - {{id: note, set: {{seen: yes}}}}
  - {{id: never, when: "false", {OK}}}
  - {{id: flaky, {BAD}, retry: {{max_attempts: 2, delay: 0.002}}, continue_on_error: true}}
  - {{id: check, {OK}, {UNDO}}}
finally:
  - {{id: closed, {OK}}}
"""
FAILING: Final = STEPS.replace("name: steps", "name: failing").replace(f"id: check, {OK}", f"id: check, {BAD}")
SCOPES: Final = f"""
treadle: 1
name: scopes
max_parallel: 2
steps:
  - id: group
    parallel:
      steps:
        - {{id: left, {OK}, {UNDO}}}
        - {{id: right, {OK}}}
  - id: again
    loop:
      until: loop.index == 2
      max: 3
      delay: 0.002
      steps: [{{id: try, {OK}, {UNDO}}}]
  - id: each
    for_each: [1, 2]
    steps: [{{id: item, {OK}, {UNDO}}}]
  - id: first
    race:
      quick: [{{id: quick, {OK}}}]
      slow: [{{id: slow, wait: 1h}}]
"""
ROUTES: Final = f"""
treadle: 1
name: routes
steps:
  - {{id: begin, {OK}, on_success: [work, other]}}
  - {{id: work, {OK}, on_success: meet}}
  - {{id: other, {OK}, on_success: meet}}
  - {{id: meet, {OK}, merge: once, max_visits: 3, switch: [{{when: steps.meet.visit < 2, goto: meet}}, {{goto: done}}]}}
  - {{id: done, {OK}}}
"""
BACK: Final = f"""
treadle: 1
name: back
steps:
  - {{id: begin, {OK}, on_success: [left, right]}}
  - {{id: left, {OK}, switch: [{{when: steps.left.visit < 2, goto: begin}}, {{goto: done}}]}}
  - {{id: right, {OK}, on_success: []}}
  - {{id: done, {OK}}}
"""
WAITS: Final = f"""
treadle: 1
name: waits
steps:
  - {{id: pause, wait: 0.002}}
  - {{id: heard, wait_for: {{signal: go}}}}
  - {{id: asked, approval: {{prompt: go on?, quorum: 2}}}}
  - {{id: act, {OK}, {UNDO}}}
"""
STOPPED: Final = f"""
treadle: 1
name: stopped
steps:
  - {{id: act, {OK}, {UNDO}}}
  - {{id: heard, wait_for: {{signal: go}}}}
  - {{id: never, {OK}}}
rollback: {{after: [cancelled]}}
on_cancel:
  - {{id: told, {OK}}}
"""
BUDGETS: Final = f"""
treadle: 1
name: budgets
budget: {{visits: 2}}
steps:
  - {{id: first, {OK}, {UNDO}}}
  - {{id: second, {OK}}}
  - {{id: own, {OK}, budget: {{visits: 0}}}}
"""
PLACES: Final = f"""
treadle: 1
name: places
concurrency: deploy
steps:
  - id: both
    parallel:
      steps:
        - {{id: left, {OK}, {UNDO}, concurrency: narrow}}
        - {{id: right, {OK}, concurrency: narrow}}
  - id: turns
    parallel:
      steps:
        - {{id: early, concurrency: preview, steps: [{{id: hold, wait_for: {{signal: never}}}}]}}
        - {{id: late, {OK}, concurrency: {{group: preview, on_conflict: cancel}}}}
"""
KEPT: Final = f"""
treadle: 1
name: kept
steps:
  - {{id: first, {OK}, {UNDO}, checkpoint: begun}}
  - {{id: second, {OK}, {UNDO}, checkpoint: true}}
"""
PAUSED: Final = f"""
treadle: 1
name: paused
steps:
  - {{id: first, {OK}}}
  - {{id: heard, wait_for: {{signal: go}}}}
  - {{id: last, {OK}}}
"""


def begun(treadle: Treadle, name: str, text: str) -> ExecutionRow:
    """The execution of a definition, as far as it goes by itself."""
    row = _row(treadle)
    if row is None:
        path = treadle.root / f"{name}.yaml"
        path.write_text(text, "utf-8")
        treadle.run(str(path))
    elif row.status == "rolling_back" or treadle.status(row.id).status in _UNDER_WAY:
        treadle.resume(row.id, interrupted={"": "retry"})
    found = _row(treadle)
    assert found is not None
    return found


def _row(treadle: Treadle) -> ExecutionRow | None:
    rows = treadle.executions(all_roots=True)
    return rows[0] if rows else None


def _to_its_end(name: str, text: str, *, undo: bool = False, to: str = "") -> Scenario:
    """Run; and go back from there, to a checkpoint or to the beginning."""

    def scenario(treadle: Treadle) -> None:
        row = begun(treadle, name, text)
        if undo and treadle.status(row.id).rollback == "none":
            treadle.rollback(row.id, to=to)

    return scenario


def _raised(treadle: Treadle) -> None:
    """Its own budget is used up, then that of a step: each is raised once."""
    row = begun(treadle, "budgets", BUDGETS)
    for _ in range(2):
        if treadle.resolve(row.id).status not in TERMINAL:
            treadle.resume(row.id, interrupted={"": "retry"}, budget=["+9visits"])


def _paused(treadle: Treadle) -> None:
    """Paused while it waits for a signal, and resumed before that comes."""
    row = begun(treadle, "paused", PAUSED)
    if row.status not in TERMINAL and not _happened(treadle, row.id, "execution_paused"):
        treadle.pause(row.id)
    if treadle.resolve(row.id).status == "paused":
        treadle.resume(row.id)
    if treadle.resolve(row.id).status not in TERMINAL:
        treadle.store.send([Signal(row.id, "signal", {"name": "go"}, "user:test", now())])
        treadle.resume(row.id, interrupted={"": "retry"})


def _stopped(treadle: Treadle) -> None:
    """Paused while it waits for a signal, cancelled then, and undone by that."""
    row = begun(treadle, "stopped", STOPPED)
    if row.status not in TERMINAL and not _happened(treadle, row.id, "execution_paused"):
        treadle.pause(row.id)
    if treadle.resolve(row.id).status not in TERMINAL:
        treadle.cancel(row.id)


def _waiting(treadle: Treadle) -> None:
    """A signal and two answers, each from a process that does not drive; what was said before a kill is said again."""
    row = begun(treadle, "waits", WAITS)
    for said in ({"name": "go"}, {"name": "approved", "by": "ada"}, {"name": "approved", "by": "ben"}):
        if treadle.resolve(row.id).status not in TERMINAL:
            sort = "answer" if "by" in said else "signal"
            treadle.store.send([Signal(row.id, sort, said, "user:test", now())])
            treadle.resume(row.id, interrupted={"": "retry"})


def _happened(treadle: Treadle, id_: str, kind: str) -> bool:
    return any(event.type == kind for event in treadle.history(id_))


SCENARIOS: Final[dict[str, Scenario]] = {
    "steps": _to_its_end("steps", STEPS),
    "failing": _to_its_end("failing", FAILING),
    "undone": _to_its_end("steps", STEPS, undo=True),
    "scopes": _to_its_end("scopes", SCOPES, undo=True),
    "routes": _to_its_end("routes", ROUTES),
    "back": _to_its_end("back", BACK),
    "stopped": _stopped,
    "waits": _waiting,
    "budgets": _raised,
    "places": _to_its_end("places", PLACES, undo=True),
    "kept": _to_its_end("kept", KEPT, undo=True, to="begun"),
    "paused": _paused,
}

_RUN: Final = frozenset({"execution_started", "execution_completed", "visit_started", "visit_settled"})
_UNDONE: Final = frozenset({"rollback_started", "compensation_started", "compensation_settled", "rollback_finished"})
_STEPS: Final = _RUN | {"visit_skipped", "attempt_started", "attempt_failed"}
WRITES: Final = {
    "steps": _STEPS,
    "failing": _STEPS - {"execution_completed"} | _UNDONE | {"execution_closing", "execution_failed"},
    "undone": _STEPS | _UNDONE,
    "scopes": _RUN | _UNDONE | {"scope_opened", "timer_set", "timer_fired", "visit_waiting", "execution_closing"},
    "routes": _RUN | {"region_rearmed", "token_absorbed"},
    "back": _RUN | {"region_rearmed", "token_parked"},
    "stopped": _UNDONE
    | {"execution_started", "visit_started", "visit_settled", "visit_skipped", "visit_waiting"}
    | {"execution_paused", "execution_cancel_requested", "execution_closing", "execution_cancelled"},
    "waits": _RUN | {"timer_set", "timer_fired", "visit_waiting", "signal_received"},
    "budgets": _RUN | {"budget_reached", "budget_raised"},
    "places": _RUN
    | _UNDONE
    | {
        "scope_opened",
        "slots_granted",
        "attempt_started",
        "visit_waiting",
        "visit_cancel_requested",
        "execution_closing",
    },
    "kept": _RUN | _UNDONE | {"checkpoint_taken"},
    "paused": _RUN | {"visit_waiting", "execution_paused", "execution_resumed", "signal_received"},
}
"""The kinds of events that each of them writes when nobody kills it."""
