"""The dialect `task-master`: an object of JavaScript, agents for steps, milliseconds."""

import re
from collections.abc import Mapping
from typing import Final

from treadle_hookspecs import DefinitionSource, Derived, Mapped, Placed, Translation

from treadle_formats._building import Building, whole

_LITERAL: Final = re.compile(
    r"(?m)^\s*(?:export\s+)?(?:default|(?:const|let|var)\s+[A-Za-z_$][\w$]*\s*=|module\.exports\s*=)\s*(?=\{)"
)
_TOP: Final = ("id", "name", "description", "version", "steps", "error_handling")
_OF_STEP: Final = (
    "id", "name", "type", "agent", "dependencies", "timeout", "retry_count", "parallel", "config", "error_handling",
)  # fmt: skip
_STRATEGIES: Final = ("retry_with_fallback", "retry", "fallback", "fail_fast", "continue")


def load(source: DefinitionSource) -> Translation:
    """The canonical definition."""
    literal = _LITERAL.search(source.text)
    return _TaskMaster(source.json5(literal.end() if literal else 0)).translation()


class _TaskMaster:
    def __init__(self, root: Placed) -> None:
        self._build = Building(root)
        self._root = root
        self._handling = root.get("error_handling")

    def translation(self) -> Translation:
        build, root = self._build, self._root
        build.known(root, _TOP, "a workflow")
        build.head(root.get("id") or root.get("name"), root.get("name"))
        retries = whole(self._handling.get("max_retries")) if self._handling else 0
        if self._handling is not None:
            self._check(self._handling)
        if retries and self._handling is not None:
            at = self._handling.entries["max_retries"]
            build.definition["defaults"] = {"retry": Derived({"max_attempts": retries + 1}, at)}
        steps = root.get("steps")
        for step in steps.items if steps is not None else ():
            id_ = step if step.text else step.get("id")
            if id_ is None:
                build.error("this step has no `id`", step)
            else:
                build.step(self._step(step, id_))
        return build.done()

    def _check(self, handling: Placed) -> None:
        self._build.known(handling, ("strategy", "max_retries", "fallback_agents"), "error handling")
        strategy = handling.get("strategy")
        if strategy is not None and strategy.value not in _STRATEGIES:
            known = ", ".join(_STRATEGIES)
            self._build.error(f"the strategy `{strategy.value}` is not known", strategy, f"one of {known}")
        if strategy is not None and strategy.value == "continue":
            self._build.definition["fail_fast"] = Derived(False, strategy)

    def _step(self, step: Placed, id_: Placed) -> Mapping[str, Mapped]:
        """A step that is a text is an action by that name."""
        build = self._build
        found = build.named(id_, step.get("name"))
        if step.text:
            return {**found, "uses": step}
        build.known(step, _OF_STEP, "a step")
        action, needs = step.get("type"), step.get("dependencies")
        found["uses"] = action if action is not None else id_
        found["needs"] = build.targets(needs) if needs is not None else []
        for old, new in (("config", "with"), ("agent", "agent")):
            value = step.get(old)
            if value is not None and value.value:
                found[new] = value
        fallback = self._handling.get("fallback_agents") if self._handling else None
        if "agent" in found and fallback is not None and fallback.items:
            found["fallback"] = fallback
        timeout, retries = step.get("timeout"), step.get("retry_count")
        if timeout is not None:
            found["timeout"] = Derived(whole(timeout) / 1000, timeout)
        if retries is not None:
            found["retry"] = Derived({"max_attempts": whole(retries) + 1}, retries)
        return found
