from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from treadle.seeing import Explanation, Reason, Record
from treadle.seeing.why import explain
from treadle_engine.plan import Plan, StepPlan
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow


class Run:
    """A workflow that was driven by a script, and what is said of it."""

    def __init__(self, plan: Plan, endings: Mapping[str, Sequence[str | Ending]], inputs: Mapping[str, Any]) -> None:
        self.plan = plan
        self.runtime = ScriptedRuntime(plan, endings, execution="run-1")
        self.runtime.start(inputs)

    @property
    def record(self) -> Record:
        return Record("run-1", self.plan, list(self.runtime.log))

    def to_end(self) -> "Run":
        self.runtime.run()
        return self

    def turns(self, count: int) -> "Run":
        for _ in range(count):
            assert self.runtime.step()
        return self

    def why(self, address: str, *, driven: bool = True) -> Explanation:
        record = self.record
        return explain(Record(record.execution, record.plan, record.events, driven), address)

    def rules(self, address: str) -> list[str]:
        return [reason.rule for reason in self.why(address).reasons]

    def told(self, address: str, rule: str) -> Reason:
        """The last reason by a rule."""
        found = [reason for reason in self.why(address).reasons if reason.rule == rule]
        assert found, f"{address} has no reason by {rule}: {self.why(address).reasons}"
        return found[-1]


@pytest.fixture
def run() -> Callable[..., Run]:
    """Make a run of these steps: `run(steps, {step: outcomes}, inputs=…, scope=…, **plan fields)`."""

    def make(
        steps: Sequence[StepPlan],
        endings: Mapping[str, Sequence[str | Ending]] | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Run:
        return Run(workflow(*steps, **fields), endings or {}, inputs or {})

    return make
