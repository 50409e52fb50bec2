"""A step's expressions, compiled once per plan and when first needed. A plan of literals imports nothing for them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine.plan import Approval, Join, StepPlan, bodies

if TYPE_CHECKING:
    from treadle_engine.expressions import CompiledValue


def holds_expression(value: Json) -> bool:
    """Some text in JSON data may hold an expression."""
    if not value:
        return False
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(holds_expression(item) for item in value.values())
    return isinstance(value, Sequence) and any(holds_expression(item) for item in value)


def compiled_value(value: Json) -> "CompiledValue | None":
    """The compiled value, or None where it is a literal. Raises `ExpressionError`."""
    if not holds_expression(value):
        return None
    from treadle_engine.expressions import compile_value

    return compile_value(value)


def compiled_condition(text: str) -> "CompiledValue | None":
    """The compiled bare expression, or None where there is none. Raises `ExpressionError`."""
    if not text:
        return None
    from treadle_engine.expressions import compile_expression

    return compile_expression(text)


def question_of(approval: Approval) -> JsonObject:
    """What of an approval is evaluated when people are asked."""
    further = approval.escalate.approvers if approval.escalate is not None else ()
    return {
        "prompt": approval.prompt,
        "approvers": approval.approvers,
        "not_by": approval.not_by,
        "further": further,
    }


class StepCode:
    """The expressions of one step. Every attribute raises `ExpressionError` when its text cannot be compiled."""

    def __init__(self, step: StepPlan, join: Join) -> None:
        self._step: Final = step
        self._join: Final = join

    @cached_property
    def with_(self) -> "CompiledValue | None":
        """The inputs, None for literals."""
        return compiled_value(self._step.with_)

    @cached_property
    def env(self) -> "CompiledValue | None":
        """The environment, None for literals."""
        return compiled_value(self._step.env)

    @cached_property
    def when(self) -> "CompiledValue | None":
        """The condition, if there is one."""
        return compiled_condition(self._step.when)

    @cached_property
    def retry_when(self) -> "CompiledValue | None":
        """`retry.when`, if there is one."""
        return compiled_condition(self._step.retry.when)

    @cached_property
    def join(self) -> "CompiledValue | None":
        """The join's expression, if it is one."""
        return compiled_condition(self._join.expression)

    @cached_property
    def cases(self) -> "tuple[CompiledValue | None, ...]":
        """The conditions of `switch`; None is a default."""
        return tuple(compiled_condition(case.when) for case in self._step.switch)

    @cached_property
    def compensation(self) -> "CompiledValue | None":
        """The inputs of the compensation, None for literals."""
        return compiled_value(self._step.compensate.with_) if self._step.compensate is not None else None

    @cached_property
    def compensation_retry_when(self) -> "CompiledValue | None":
        """`retry.when` of the compensation, if there is one."""
        return compiled_condition(self._step.compensate.retry.when) if self._step.compensate is not None else None

    @cached_property
    def goes_on(self) -> "CompiledValue | None":
        """What a loop asks after each iteration: `while`, or `until`."""
        loop = self._step.loop
        return compiled_condition(loop.while_ or loop.until) if loop is not None else None

    @cached_property
    def stop_when(self) -> "CompiledValue | None":
        """What ends `for_each` and `matrix` early, if there is such a condition."""
        return compiled_condition(self._step.items.stop_when) if self._step.items is not None else None

    @cached_property
    def match(self) -> "CompiledValue | None":
        """What a signal or an event has to be like, if there is such a condition."""
        return compiled_condition(self._step.wait_for.match) if self._step.wait_for is not None else None

    @cached_property
    def condition(self) -> "CompiledValue | None":
        """What the step waits for to be true, if it waits for that."""
        return compiled_condition(self._step.wait_for.condition) if self._step.wait_for is not None else None

    @cached_property
    def question(self) -> "CompiledValue | None":
        """What people are asked, None where there is no expression in it."""
        approval = self._step.gate or self._step.approval
        return compiled_value(question_of(approval)) if approval is not None else None

    @cached_property
    def groups(self) -> "CompiledValue | None":
        """The names of its own groups in which it needs a place, None for literals."""
        return compiled_value([one.group for one in self._step.concurrency if not one.inner])

    @property
    def plain(self) -> bool:
        """There is no expression in the step at all."""
        step = self._step
        conditions = (
            step.when,
            step.retry.when,
            step.switch,
            step.compensate,
            self._join.expression,
            step.body,
            step.branches,
            step.wait_for,
            step.approval,
            step.gate,
            step.concurrency,
        )
        return not any(conditions) and not holds_expression(step.with_) and not holds_expression(step.env)

    def uses(self, steps: set[str]) -> bool:
        """The inputs, the environment or a condition of the step, or of one inside it, refer to one of these steps."""
        if any(
            StepCode(inner, inner.join or Join()).uses(steps) for _, body in bodies(self._step) for inner in body.steps
        ):
            return True
        waits = (self.match, self.condition, self.question)
        codes = (self.with_, self.env, self.when, self.join, *waits, *self.cases)
        return any(
            path[0] == "steps" and (len(path) == 1 or path[1] in steps)
            for code in codes
            if code is not None
            for path in code.names
        )


_PLAIN: Final = StepCode(StepPlan(""), Join())


def code_of(step: StepPlan, join: Join) -> StepCode:
    """A step's expressions; steps without any share one object."""
    code = StepCode(step, join)
    return _PLAIN if code.plain else code
