"""The dialect `cloi`: everything under `workflow`, `depends_on`, `${context.x}` and `${outputs.step.x}`."""

import re
from collections.abc import Mapping
from typing import Final

from treadle_hookspecs import DefinitionSource, Derived, Mapped, Placed, Translation

from treadle_formats._building import Building, output, rewritten

_REFERENCE: Final = re.compile(r"\$\{\s*(context|outputs)\.([A-Za-z0-9_-]+)((?:\.[A-Za-z0-9_]+)*)\s*\}")
_TOP: Final = ("name", "version", "description", "inputs", "steps")
_OF_STEP: Final = (
    "name", "type", "plugin", "inputs", "outputs", "depends_on", "parallel_group", "rollback_action", "timeout",
)  # fmt: skip


def load(source: DefinitionSource) -> Translation:
    """The canonical definition."""
    return _Cloi(source.tree()).translation()


class _Cloi:
    def __init__(self, root: Placed) -> None:
        self._workflow = root.entries["workflow"]
        self._build = Building(self._workflow)
        self._inputs: dict[str, Mapped] = {}
        self._build.known(root, ("workflow",), "a file of this dialect")

    def translation(self) -> Translation:
        build, workflow = self._build, self._workflow
        build.known(workflow, _TOP, "a workflow")
        build.head(workflow.get("name"))
        declared = workflow.get("inputs")
        self._inputs |= declared.entries if declared is not None else {}
        steps = workflow.get("steps")
        for step in steps.items if steps is not None else ():
            name = step.get("name")
            if name is None or not name.text:
                build.error("this step has no `name`", step)
            else:
                build.step(self._step(step, name))
        if self._inputs:
            build.definition["inputs"] = self._inputs
        return build.done()

    def _step(self, step: Placed, name: Placed) -> Mapping[str, Mapped]:
        build = self._build
        build.known(step, _OF_STEP, "a step")
        found = build.named(name, None)
        action = step.get("plugin") or step.get("type")
        if action is None:
            build.error("a step needs `plugin` or `type`", step)
        else:
            found["uses"] = action
        needs = step.get("depends_on")
        found["needs"] = build.targets(needs) if needs is not None else []
        inputs, outputs = step.get("inputs"), step.get("outputs")
        if inputs is not None:
            found["with"] = rewritten(inputs, lambda text: self._expression(text, inputs))
        if outputs is not None:
            found["outputs"] = Derived(
                {key: Derived(output(key, "any", value.text), value) for key, value in outputs.entries.items()}, outputs
            )
        undo, timeout = step.get("rollback_action"), step.get("timeout")
        if undo is not None:
            found["compensate"] = Derived({"action": undo}, undo)
        if timeout is not None:
            found["timeout"] = timeout
        return found

    def _expression(self, text: str, at: Placed) -> str:
        """`${…}` as an expression of treadle's; a name of `context` that nobody declared is a required text."""

        def reference(match: re.Match[str]) -> str:
            kind, name, rest = match.groups()
            if kind == "outputs":
                return f"{{{{ steps.{self._build.id(Placed(name, at.span))}.outputs{rest} }}}}"
            self._inputs.setdefault(name, Derived({"type": "string", "required": True}, at))
            return f"{{{{ inputs.{name}{rest} }}}}"

        return _REFERENCE.sub(reference, text)
