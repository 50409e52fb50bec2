"""How one run differs from what its definition says: who is asked, how strict gates are, how much, how long."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from treadle_engine.plan import WAITING_KINDS, Approval, Gate, Plan, ScopePlan, StepPlan, bodies, opens_scopes
from treadle_hookspecs import Json

Mode: TypeAlias = Literal["autopilot", "supervised", "hybrid"]
MODES: Final[tuple[Mode, ...]] = ("autopilot", "supervised", "hybrid")
_SMALL: Final = frozenset({"set", "cancel", "end", "emit"}) | WAITING_KINDS
"""Kinds that nobody is asked about: they change no file and start no program, or ask somebody themselves."""


LOCAL: Final = "local"
"""The runtime that drives executions in the process that was asked."""


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """What drives executions: a runtime's name, and what is laid over the settings of the section of that name."""

    name: str = LOCAL
    options: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the caller of a run decides.

    Args:
        mode: `supervised` asks before each step, `hybrid` before each of high risk; "" leaves it to the definition.
        gates: a file of gates, over the definition's.
        strictness: `strict` makes failures of gates that only warn, `lenient` warnings of those that fail.
        max_parallel: steps at a time; 0 leaves it to the definition.
        timeout: seconds; None leaves it to the definition.
        checkpoint: a rollback can go back to after each step.
        runtime: what drives it; None leaves it to the settings.
    """

    mode: Mode | Literal[""] = ""
    gates: Path | None = None
    strictness: Literal["", "strict", "lenient"] = ""
    max_parallel: int = 0
    timeout: float | None = None
    checkpoint: bool = False
    runtime: RuntimeChoice | None = None

    def applied(self, plan: Plan) -> Plan:
        """The plan as this run has it."""
        if self == NOTHING_CHOSEN:
            return plan
        if self.max_parallel:
            plan = replace(plan, root=replace(plan.root, max_parallel=self.max_parallel))
        if self.timeout is not None:
            plan = replace(plan, timeout=self.timeout)
        if self.checkpoint:
            from treadle.checkpoints import checkpointed

            plan = checkpointed(plan)
        gates = tuple(self._gate(gate) for gate in plan.gates)
        return replace(plan, mode=self.mode or plan.mode, gates=gates)

    def _gate(self, gate: Gate) -> Gate:
        if self.strictness == "strict" and gate.verdict == "warn":
            return replace(gate, verdict="fail")
        if self.strictness == "lenient" and gate.verdict == "fail":
            return replace(gate, verdict="warn")
        return gate


NOTHING_CHOSEN: Final = RunOptions()


def supervised(plan: Plan, default: Mode) -> Plan:
    """The plan with a question before each step that its mode asks about; handlers are not asked about."""
    mode = plan.mode or default
    if mode == "autopilot":
        return replace(plan, mode=mode)
    children = tuple((key, replace(child, root=_asking(child.root, mode), mode=mode)) for key, child in plan.children)
    return replace(plan, root=_asking(plan.root, mode), children=children, mode=mode)


def _asking(scope: ScopePlan, mode: Mode) -> ScopePlan:
    return replace(scope, steps=tuple(_asked(step, mode) for step in scope.steps))


def _asked(step: StepPlan, mode: Mode) -> StepPlan:
    """Once for what runs for each item of a list; for other groups it is each step inside that is asked about."""
    if step.items is not None:
        risky = [inner for _, body in bodies(step) for inner in body.steps if _is_risky(inner, mode)]
        return replace(step, gate=_question(step, "for each item")) if risky else step
    if step.kind == "workflow":
        return replace(step, gate=_question(step, "a workflow")) if mode == "supervised" else step
    if opens_scopes(step):
        branches = tuple((name, _asking(branch, mode)) for name, branch in step.branches)
        body = _asking(step.body, mode) if step.body is not None else None
        return replace(step, body=body, branches=branches)
    return replace(step, gate=_question(step, step.action)) if _is_risky(step, mode) else step


def _is_risky(step: StepPlan, mode: Mode) -> bool:
    """The mode asks about this step, or about one inside it."""
    if opens_scopes(step):
        return any(_is_risky(inner, mode) for _, body in bodies(step) for inner in body.steps)
    return step.kind not in _SMALL and (mode == "supervised" or step.risk == "high")


def _question(step: StepPlan, what: str) -> Approval:
    name = f"{step.name} ({step.id})" if step.name and "{" not in step.name else step.id
    return Approval(prompt=f"run {name}: {what}, {step.risk} risk?")
