"""The dialect `kad`: modules and actions, routes in camel case, `trigger.x` for inputs."""

import re
from collections.abc import Mapping
from typing import Final

from treadle_hookspecs import DefinitionSource, Derived, Mapped, Placed, Translation

from treadle_formats._building import Building, bare, output, rewritten, snake, whole

_TRIGGER: Final = re.compile(r"\btrigger\.([A-Za-z_][A-Za-z0-9_]*)")
_STEP: Final = re.compile(r"\bsteps\.([A-Za-z_][A-Za-z0-9_-]*)")
_TOP: Final = ("name", "version", "description", "triggers", "steps")
_OF_STEP: Final = (
    "id", "name", "module", "action", "inputs", "outputs", "onSuccess", "onFailure", "maxRetries", "timeout", "when",
    "needs",
)  # fmt: skip
_OF_ROUTE: Final = ("condition", "then", "else")


def load(source: DefinitionSource) -> Translation:
    """The canonical definition."""
    return _Kad(source).translation()


class _Kad:
    def __init__(self, source: DefinitionSource) -> None:
        self._source = source
        self._root = source.tree()
        self._build = Building(self._root)

    def translation(self) -> Translation:
        build, root = self._build, self._root
        build.known(root, _TOP, "a workflow")
        build.head(root.get("name"))
        self._triggers(root.get("triggers"))
        steps = root.get("steps")
        for step in steps.items if steps is not None else ():
            if step.get("id") is None:
                build.error("this step has no `id`", step)
            else:
                build.id(step.entries["id"])
        for step in steps.items if steps is not None else ():
            if step.get("id") is not None:
                build.step(self._step(step))
        return build.done()

    def _triggers(self, triggers: Placed | None) -> None:
        inputs: dict[str, Mapped] = {}
        found: list[Mapped] = []
        for trigger in triggers.items if triggers is not None else ():
            kind, params = trigger.get("type"), trigger.get("params")
            if kind is None or not kind.text:
                self._build.error("this trigger has no `type`", trigger)
                continue
            for param in params.items if params is not None else ():
                name = param.get("name")
                if name is not None and name.text:
                    kept = {key: value for key, value in param.entries.items() if key != "name"}
                    inputs[name.text] = Derived(kept, param)
            found.append(Derived({kind.text: self._trigger(kind.text, trigger)}, trigger))
        if inputs:
            self._build.definition["inputs"] = inputs
        if found:
            self._build.definition["triggers"] = found

    def _trigger(self, kind: str, trigger: Placed) -> Mapping[str, Mapped]:
        rest: dict[str, Mapped] = {
            key: value for key, value in trigger.entries.items() if key not in ("type", "params")
        }
        command = trigger.get("command")
        if kind == "cli" and command is not None and command.text.split():
            rest["command"] = Derived(command.text.split()[-1], command)
        return rest

    def _step(self, step: Placed) -> Mapping[str, Mapped]:
        build = self._build
        build.known(step, _OF_STEP, "a step")
        found = build.named(step.entries["id"], step.get("name"))
        module, action = step.get("module"), step.get("action")
        if module is None or action is None:
            build.error("a step needs `module` and `action`", step)
        else:
            found["uses"] = Derived(f"{module.text}/{action.text}", action)
        for old, new in (("inputs", "with"), ("timeout", "timeout"), ("needs", "needs")):
            value = step.get(old)
            if value is not None:
                found[new] = self._given(value, found.get("uses")) if old == "inputs" else value
        when = step.get("when")
        if when is not None:
            found["when"] = Derived(self._names(bare(when.text)), when)
        outputs = step.get("outputs")
        if outputs is not None:
            found["outputs"] = Derived(self._outputs(outputs), outputs)
        self._routes(step, found)
        self._retries(step, found)
        return found

    def _given(self, inputs: Placed, action: Mapped) -> Mapped:
        """Names of inputs as the file has them, or in snake case where the action has them so."""
        known = self._source.inputs_of(str(action.value)) if isinstance(action, Derived) else None
        return Derived(
            {
                snake(name) if known and name not in known and snake(name) in known else name: rewritten(
                    value, self._expression
                )
                for name, value in inputs.entries.items()
            },
            inputs,
        )

    def _outputs(self, outputs: Placed) -> Mapping[str, Mapped]:
        """Names of outputs as the file has them: from the same in snake case, a lone one from the whole result."""
        alone = len(outputs.items) == 1
        found: dict[str, Mapped] = {}
        for item in outputs.items:
            name, type_ = item.get("name"), item.get("type")
            if name is None or not name.text:
                self._build.error("this output has no `name`", item)
                continue
            declared = output(name.text, type_.text if type_ else "any", snake(name.text), *(["*"] if alone else []))
            found[name.text] = Derived(declared, item)
        return found

    def _routes(self, step: Placed, found: dict[str, Mapped]) -> None:
        success, failure = step.get("onSuccess"), step.get("onFailure")
        if failure is not None:
            found["on_failure"] = self._build.targets(failure)
        if success is None:
            return
        condition = success.get("condition")
        if condition is None:
            found["on_success"] = self._build.targets(success)
            return
        self._build.known(success, _OF_ROUTE, "a route")
        own = re.compile(rf"\bsteps\.{re.escape(step.entries['id'].text)}\.(?=outputs\b)")
        when = Derived(self._names(own.sub("", bare(condition.text))), condition)
        cases: list[Mapped] = []
        then, otherwise = success.get("then"), success.get("else")
        if then is not None:
            cases.append(Derived({"when": when, "goto": self._build.targets(then)}, success))
        if otherwise is not None:
            cases.append(Derived({"goto": self._build.targets(otherwise)}, success))
        found["switch"] = Derived(cases, success)

    def _retries(self, step: Placed, found: dict[str, Mapped]) -> None:
        """On a cycle the bound of its visits, else further attempts."""
        retries = step.get("maxRetries")
        if retries is None:
            return
        if self._on_cycle(step.entries["id"].text):
            found["max_visits"] = retries
        else:
            found["retry"] = Derived({"max_attempts": whole(retries) + 1}, retries)

    def _on_cycle(self, start: str) -> bool:
        edges = {step.entries["id"].text: _leads_to(step) for step in self._steps()}
        seen: set[str] = set()
        waiting = list(edges.get(start, ()))
        while waiting:
            at = waiting.pop()
            if at == start:
                return True
            if at not in seen:
                seen.add(at)
                waiting += edges.get(at, ())
        return False

    def _steps(self) -> list[Placed]:
        steps = self._root.get("steps")
        return [step for step in (steps.items if steps is not None else ()) if step.get("id") is not None]

    def _expression(self, text: str) -> str:
        return self._names(text) if "{{" in text else text

    def _names(self, text: str) -> str:
        return _STEP.sub(self._step_name, _TRIGGER.sub(r"inputs.\1", text))

    def _step_name(self, match: re.Match[str]) -> str:
        return f"steps.{self._build.id(Placed(match.group(1), (0, 0)))}"


def _leads_to(step: Placed) -> list[str]:
    routes = [step.get("onSuccess"), step.get("onFailure")]
    found = [route.get(key) or route for route in routes if route is not None for key in ("then", "else")]
    return [target.text for target in found if target.text]
