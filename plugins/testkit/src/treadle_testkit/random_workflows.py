"""Random workflows and random outcomes, made from a seed: the same seed gives the same everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from random import Random
from typing import Any, Final, Literal, TypeAlias

from treadle_engine.link import link
from treadle_engine.plan import (
    Approval,
    Case,
    Compensation,
    Concurrency,
    Escalation,
    Items,
    Join,
    JoinMode,
    Loop,
    Plan,
    Retry,
    RollbackPolicy,
    ScopePlan,
    StepPlan,
    WaitFor,
)
from treadle_engine.protocol import Address
from treadle_engine.state import graph_of
from treadle_engine.waits import Wait
from treadle_hookspecs import JsonObject

from treadle_testkit.scripted import ASKS, Choice, Ending, Script, Speech, Try

_ORDERLY_JOINS: Final[tuple[JoinMode, ...]] = ("none_failed_min_one_success", "all_success", "none_failed", "all_done")
_EAGER_JOINS: Final[tuple[JoinMode, ...]] = ("one_success", "one_failed", "at_least")
_OUTCOMES: Final = ("success", "success", "success", "success", "failure", "failure", "timeout", "rejected", "other")
_AFTER: Final[tuple[tuple[Literal["failure", "cancelled"], ...] | None, ...]] = (
    None,
    None,
    (),
    ("failure", "cancelled"),
)
_GROUPED: Final = frozenset({"call", "parallel", "steps", "loop", "for_each", "matrix", "race"})
Fields: TypeAlias = dict[str, Any]
"""Fields of a `StepPlan`."""


@dataclass(frozen=True, slots=True)
class Features:
    """What a random workflow may hold.

    Args:
        steps: at most so many.
        routes: routes between steps.
        cycles: routes back, too.
        needs: explicit needs.
        eager_joins: joins that may hold before every need has ended.
        small_steps: `set`, `emit`, `cancel` and `end`.
        closing: `fail_fast` may be on.
        handlers: `on_failure`, `on_cancel` and `finally`.
        conditions: `when` and `switch`.
        undo: `compensate` and `irreversible`.
        retries: more than one attempt.
        forks: routes with several targets, `merge`.
        repairs: `recovers` and `continue_on_error`.
        depth: scopes inside scopes, at most so deep.
        children: so many workflows that steps may run; each may run those before it.
        outer: retries, time-outs and undoing of steps that hold scopes.
        groups: steps that need a place in a group.
        waits: steps that wait for time, signals, events and people, and people who are asked before others.
    """

    steps: int = 8
    routes: bool = True
    cycles: bool = True
    needs: bool = True
    eager_joins: bool = True
    small_steps: bool = True
    closing: bool = True
    handlers: bool = True
    conditions: bool = True
    undo: bool = True
    retries: bool = True
    forks: bool = True
    repairs: bool = True
    depth: int = 0
    children: int = 0
    outer: bool = False
    groups: bool = True
    waits: bool = False


EVERYTHING: Final = Features()
ORDERLY: Final = Features(
    cycles=False, eager_joins=False, small_steps=False, closing=False, forks=False, handlers=False
)
"""Acyclic, and nothing in it depends on what ends first (P4)."""
NESTED: Final = replace(EVERYTHING, steps=5, depth=2, groups=False)
NESTED_ORDERLY: Final = replace(ORDERLY, steps=5, depth=2, groups=False)
"""The same with scopes inside scopes."""
NESTED_GROUPED: Final = replace(NESTED, groups=True)
"""And with places that its steps wait for, where more depends on what ends first."""
WAITING: Final = replace(NESTED, steps=6, depth=1, waits=True)
"""The same with steps that wait."""
FAMILIES: Final = replace(NESTED, steps=4, children=2, outer=True)
FAMILIES_ORDERLY: Final = replace(NESTED_ORDERLY, steps=4, children=2, outer=True)
"""The same with workflows that run others, and with all that goes with steps that hold scopes."""


@lru_cache(maxsize=256)
def random_plan(seed: int, features: Features = EVERYTHING) -> Plan:
    """A workflow that can run: its needs have no cycle and something starts."""
    rng = Random(seed)  # noqa: S311 - a test's dice
    children = [
        (f"c{number}", _plan(rng, f"child-{number}", replace(features, steps=3, depth=1, children=number)))
        for number in range(features.children)
    ]
    return replace(_plan(rng, f"random-{seed}", features), children=tuple(children))


def _plan(rng: Random, name: str, features: Features) -> Plan:
    root = _sound_scope(rng, features)
    if features.groups:
        root = _with_groups(Random(f"{name}/groups"), root)  # noqa: S311 - a test's dice
    if features.waits:
        root = _with_waits(Random(f"{name}/waits"), root)  # noqa: S311 - a test's dice
    small = replace(features, steps=3)
    handlers = [_sound_scope(rng, small) if features.handlers and rng.random() < 0.3 else None for _ in range(3)]
    policy = RollbackPolicy(
        after=rng.choice(_AFTER), parallel=rng.random() < 0.2, on_error=rng.choice(("continue", "continue", "stop"))
    )
    return Plan(
        name,
        root,
        rollback=policy if features.undo else RollbackPolicy(),
        on_failure=handlers[0],
        on_cancel=handlers[1],
        finally_=handlers[2],
    )


def _with_groups(rng: Random, scope: ScopePlan) -> ScopePlan:
    """Some of the steps share a group; one group only, so that nobody waits for another in a circle."""
    steps = tuple(_grouped(rng, step) for step in scope.steps)
    return replace(scope, steps=steps)


def _grouped(rng: Random, step: StepPlan) -> StepPlan:
    body = None if step.body is None else _with_groups(rng, step.body)
    branches = tuple((name, _with_groups(rng, branch)) for name, branch in step.branches)
    groups = (Concurrency("random", rng.choice((1, 1, 2))),) if rng.random() < 0.15 and step.kind in _GROUPED else ()
    return replace(step, body=body, branches=branches, concurrency=groups)


def _with_waits(rng: Random, scope: ScopePlan) -> ScopePlan:
    """Some of the steps wait instead of doing something, and some wait for people before they do it."""
    return replace(scope, steps=tuple(_waiting(rng, step) for step in scope.steps))


def _waiting(rng: Random, step: StepPlan) -> StepPlan:
    body = None if step.body is None else _with_waits(rng, step.body)
    branches = tuple((name, _with_waits(rng, branch)) for name, branch in step.branches)
    step, chance = replace(step, body=body, branches=branches), rng.random()
    if chance < 0.12 and step.items is None:
        return replace(step, gate=_approval(rng))
    if chance > 0.4 or step.kind != "call":
        return step
    plain = replace(step, action="", with_={}, compensate=None, irreversible=False, uncertain=False, retry=Retry())
    if chance < 0.2:
        return replace(plain, kind="wait", with_={"for": rng.choice([0, 2, "3s"])})
    if chance < 0.3:
        return replace(plain, kind="approval", approval=_approval(rng))
    timeout = rng.choice([None, 4.0])
    wanted = rng.choice(
        [
            WaitFor(signal="go", timeout=timeout),
            WaitFor(event="pushed", timeout=4.0),
            WaitFor(condition=f"steps.{step.id}.visit > 1", timeout=timeout),
        ]
    )
    return replace(plain, kind="wait_for", wait_for=wanted)


def _approval(rng: Random) -> Approval:
    return Approval(
        quorum=rng.choice((1, 1, 2)),
        timeout=rng.choice((None, 6.0)),
        on_timeout=rng.choice(("timeout", "reject", "approve")),
        escalate=rng.choice((None, None, Escalation(2.0, ("boss",), "late"))),
    )


def random_speech(seed: int) -> Speech:
    """What is said to waits: it depends on nothing but the wait. Where nothing ends a wait by itself, something is."""

    def speech(place: str, wait: Wait) -> tuple[str, str] | None:
        rng = Random(f"{seed}/{place}/{len(wait.answers)}")  # noqa: S311 - a test's dice
        if wait.due and rng.random() < 0.3:
            return None
        if wait.kind != "approval":
            return "somebody", wait.name
        return f"person-{len(wait.answers)}", "rejected" if rng.random() < 0.25 else "approved"

    return speech


def random_script(seed: int, *, failing: float = 1.0, by_visit: bool = True, asking: float = 0.0) -> Script:
    """Outcomes that depend on nothing but the try: neither on order nor on what happened before.

    Args:
        seed: of the dice.
        failing: how many of the tries roll the dice; the others succeed.
        by_visit: False lets every visit of a step end alike. Where two threads meet, their order says which visit is
            whose; with this it does not matter.
        asking: how many of the visits ask people in the middle, with their first try.
    """

    def script(attempt: Try) -> Ending:
        attempt = attempt if by_visit else attempt._replace(visit=1)
        rng = Random(f"{seed}/{attempt}")  # noqa: S311 - a test's dice
        if attempt.undo:
            return Ending("success" if rng.random() < 0.8 else "failure")
        if attempt.number == 1 and asking and Random(f"{seed}/asks/{attempt}").random() < asking:  # noqa: S311
            return Ending(ASKS, {"key": "only", "expect": "changes"})
        outcome = rng.choice(_OUTCOMES) if rng.random() < failing else "success"
        return Ending(outcome, {"flag": rng.random() < 0.5}, draw=rng.random())

    return script


def random_choice(seed: int) -> Choice:
    """An order of completion that depends on which attempts run, and on nothing else."""

    def choose(running: Sequence[Address]) -> int:
        return min(range(len(running)), key=lambda n: Random(f"{seed}/{running[n][:3]}").random())  # noqa: S311

    return choose


def _sound_scope(rng: Random, features: Features, *, ordered: bool = True) -> ScopePlan:
    while True:
        scope = link(replace(_scope(rng, features), ordered=ordered))
        if _can_run(scope):
            return scope


def _can_run(scope: ScopePlan) -> bool:
    """The needs have no cycle, and something starts."""
    try:
        TopologicalSorter({step.id: step.needs or () for step in scope.steps}).prepare()
    except CycleError:
        return False
    return bool(graph_of(scope).initial)


def _scope(rng: Random, features: Features) -> ScopePlan:
    ids = [f"s{number}" for number in range(rng.randint(1, features.steps))]
    steps = tuple(StepPlan(**_step(rng, features, ids, at)) for at in range(len(ids)))
    return ScopePlan(
        steps,
        start=(rng.choice(ids),) if rng.random() < 0.05 else (),
        max_parallel=rng.choice([0, 0, 1, 2]),
        fail_fast=rng.choice([None, True, False]) if features.closing else False,
    )


def _step(rng: Random, features: Features, ids: Sequence[str], at: int) -> Fields:
    fields: Fields = {"id": ids[at], "action": "test/act", "max_visits": rng.randint(1, 3)}
    if features.needs:
        fields |= _needs(rng, features, ids, at)
    if features.routes:
        fields |= _routes(rng, features, ids, at)
    if features.conditions and rng.random() < 0.12:
        fields["when"] = rng.choice(["true", "false", f"steps.{ids[at]}.visit == 0"])
    if features.repairs:
        fields |= {"recovers": rng.random() < 0.15, "continue_on_error": rng.random() < 0.1}
    if features.undo:
        fields |= _undo(rng)
    if features.small_steps and rng.random() < 0.15:
        fields |= _small(rng, ids)
    if features.depth and rng.random() < 0.35:
        return {**fields, **_nest(rng, features)}
    if features.retries and rng.random() < 0.2:
        fields["retry"] = Retry(rng.randint(2, 3), delay=rng.choice([0.0, 1.0, 5.0]), jitter=0.5)
    return fields


def _needs(rng: Random, features: Features, ids: Sequence[str], at: int) -> Fields:
    chance = rng.random()
    if chance < 0.4:
        return {}
    if chance < 0.55:
        return {"needs": ()}
    others = [id_ for number, id_ in enumerate(ids) if number < at or (number > at and rng.random() < 0.1)]
    needs = tuple(sorted(rng.sample(others, min(len(others), rng.randint(1, 3)))))
    if not features.eager_joins:
        return {"needs": needs, "join": Join(rng.choice(_ORDERLY_JOINS))}
    mode = rng.choice(_ORDERLY_JOINS + _EAGER_JOINS)
    return {"needs": needs, "join": Join(mode, threshold=rng.randint(1, 2), cancel_rest=rng.random() < 0.3)}


def _routes(rng: Random, features: Features, ids: Sequence[str], at: int) -> Fields:
    allowed = ids if features.cycles else ids[at + 1 :]

    def targets() -> tuple[str, ...]:
        if not allowed or rng.random() < 0.65:
            return ()
        return tuple(rng.sample(allowed, min(len(allowed), rng.randint(1, 2) if features.forks else 1)))

    names = ("other", "exhausted", "skipped", "timeout")
    return {
        "on_success": targets() or None,
        "on_failure": targets() or None,
        "routes": tuple((name, found) for name in names if (found := targets())),
        "switch": (Case(found, "outputs.flag"),) if features.conditions and (found := targets()) else (),
        "merge": "once" if features.forks and rng.random() < 0.15 else "each",
    }


def _undo(rng: Random) -> Fields:
    retry = Retry(rng.randint(1, 2), delay=rng.choice([0.0, 1.0]))
    compensate = Compensation("test/undo", when=rng.choice(["settled", "started"]), retry=retry)
    return {
        "compensate": compensate if rng.random() < 0.3 else None,
        "irreversible": rng.random() < 0.05,
        "uncertain": rng.random() < 0.2,
    }


def _nest(rng: Random, features: Features) -> Fields:
    """What makes a step one that opens scopes: those call nothing."""
    inner = replace(features, steps=3, depth=features.depth - 1)
    kinds = ("parallel", "steps", "loop", "for_each", *(("race",) if features.eager_joins else ()))
    kind = rng.choice((*kinds, *(("workflow", "workflow") if features.children else ())))
    fields: Fields = {"action": "", "with_": {}, "compensate": None, "irreversible": False, "uncertain": False}
    if features.outer:
        fields |= _outer(rng, features)
    if kind == "workflow":
        return fields | {"kind": kind, "workflow": f"c{rng.randrange(features.children)}"}
    body = _sound_scope(rng, inner, ordered=kind != "parallel")
    if kind == "race":
        return fields | {"kind": kind, "branches": (("left", body), ("right", _sound_scope(rng, inner)))}
    fields |= {"kind": kind, "body": body}
    if kind == "for_each":
        return fields | {"with_": {"items": list(range(rng.randint(0, 3)))}, "items": _items(rng, features)}
    return fields | {"loop": _loop(rng)} if kind == "loop" else fields


def _outer(rng: Random, features: Features) -> Fields:
    """What goes with a step that holds scopes as with one that calls something."""
    fields = _undo(rng) if features.undo else {}
    if features.retries and rng.random() < 0.3:
        fields["retry"] = Retry(rng.randint(2, 3), delay=rng.choice([0.0, 1.0]))
    if features.eager_joins and rng.random() < 0.2:
        fields["timeout"] = rng.choice([0.002, 3.0])
    return fields


def _items(rng: Random, features: Features) -> Items:
    stop_when = rng.choice(["", "items[0].state == 'failed'", "items[1].outputs.s0.flag"])
    return Items(
        rng.randint(0, 2),
        min_success=rng.choice([None, None, 1, 2]),
        stop_when=stop_when if features.eager_joins else "",
    )


def _loop(rng: Random) -> Loop:
    condition = rng.choice(["true", "loop.index == 2", "steps.s0.state == 'succeeded'", "loop.previous == null"])
    key = rng.choice(("until", "while_"))
    return Loop(
        rng.randint(1, 3),
        delay=rng.choice([0.0, 0.0, 1.0]),
        on_exhausted=rng.choice(("fail", "continue")),
        **{key: condition},
    )


def _small(rng: Random, ids: Sequence[str]) -> Fields:
    kind = rng.choice(("set", "emit", "cancel", "end"))
    values: dict[str, JsonObject] = {
        "set": {"x": 1},
        "emit": {"event": "done", "data": 1},
        "cancel": {"steps": [rng.choice(ids)]},
        "end": {"status": rng.choice(["completed", "failed"])},
    }
    return {"kind": kind, "with_": values[kind]}
