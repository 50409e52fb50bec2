"""The dialect `claude`: JSON whose steps name commands with `@`; named inputs and outputs are the data edges."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from treadle_hookspecs import DefinitionSource, Derived, Mapped, Placed, Translation

from treadle_formats._building import Building, output, whole

_TOP: Final = (
    "name", "description", "version", "steps", "error_handlers", "success_actions", "conditions", "parallel_groups",
    "rollback",
)  # fmt: skip
_OF_STEP: Final = (
    "id", "name", "command", "inputs", "outputs", "on_failure", "retry_count", "parallel", "timeout",
)  # fmt: skip
_RESETS: Final = re.compile(r"\bgit\s+(?:checkout\s+(?:--\s+)?\.|reset\s+--hard|clean\s+-)")
_WORDS: Final = ("abort", "retry", "continue", "rollback", "fix_and_retry", "escalate")
_ASKS: Final = ("request_user_input", "@request-user-input")


def load(source: DefinitionSource) -> Translation:
    """The canonical definition."""
    return _Claude(source).translation()


class _Claude:
    def __init__(self, source: DefinitionSource) -> None:
        self._source = source
        self._root = source.tree()
        self._build = Building(self._root)
        self._made_by: dict[str, str] = {}
        self._inputs: dict[str, Mapped] = {}
        self._handlers: list[Mapping[str, Mapped]] = []

    def translation(self) -> Translation:
        build, root = self._build, self._root
        build.known(root, _TOP, "a workflow")
        build.head(root.get("name"))
        steps = [step for step in _items(root, "steps") if self._has_id(step)]
        for step in steps:
            id_ = build.id(step.entries["id"])
            self._made_by |= {item.text: id_ for item in _items(step, "outputs")}
        groups = self._groups()
        for step in steps:
            build.step(self._step(step, groups))
        self._at_the_end(steps)
        for handler in self._handlers:
            build.step(handler)
        self._checkpoints()
        self._conditions()
        if self._inputs:
            build.definition["inputs"] = self._inputs
        return build.done()

    def _has_id(self, step: Placed) -> bool:
        found = step.get("id") is not None
        if not found:
            self._build.error("this step has no `id`", step)
        return found

    def _step(self, step: Placed, groups: Mapping[str, Placed]) -> dict[str, Mapped]:
        build = self._build
        build.known(step, _OF_STEP, "a step")
        found = build.named(step.entries["id"], step.get("name"))
        command = step.get("command")
        if command is None:
            build.error("this step has no `command`", step)
        else:
            found["uses"] = _action(command)
        needs: dict[str, Mapped] = {}
        given: dict[str, Mapped] = {}
        for item in _items(step, "inputs"):
            maker = self._made_by.get(item.text)
            if maker is None:
                self._inputs.setdefault(item.text, Derived({"type": "any", "required": True}, item))
                given[item.text] = Derived(f"{{{{ inputs.{item.text} }}}}", item)
            else:
                needs[maker] = Derived(maker, item)
                given[item.text] = Derived(f"{{{{ steps.{maker}.outputs.{item.text} }}}}", item)
        found["needs"] = list(needs.values())
        given = self._taken(command, given)
        if given:
            found["with"] = given
        outputs = step.get("outputs")
        if outputs is not None:
            alone = ["*"] if len(outputs.items) == 1 else []
            found["outputs"] = {item.text: Derived(output(item.text, "any", *alone), item) for item in outputs.items}
        if step.get("timeout") is not None:
            found["timeout"] = step.entries["timeout"]
        group = groups.get(step.entries["id"].text)
        limit = group.get("max_parallel") if group is not None else None
        if group is not None and limit is not None:
            name = f"{{{{ execution.id }}}}-{_text(group, 'group') or 'group'}"
            found["concurrency"] = Derived({"group": name, "limit": limit}, group)
        self._on_failure(step, found)
        return found

    def _taken(self, command: Placed | None, given: dict[str, Mapped]) -> dict[str, Mapped]:
        """Of the named inputs those that the action has; the others only say what comes first."""
        known = self._source.inputs_of(command.text.removeprefix("@")) if command is not None else None
        for name, value in given.items():
            if known is not None and name not in known and isinstance(value, Derived) and command is not None:
                self._build.note(f"{command.text} has no input `{name}`: it only says what comes first", value.of)
        return {name: value for name, value in given.items() if known is None or name in known}

    # What to do on failure

    def _on_failure(self, step: Placed, found: dict[str, Mapped]) -> None:
        word = step.get("on_failure")
        if word is None:
            return
        handler = _entry(self._root, "error_handlers", word.text)
        if word.text == "retry":
            found["retry"] = Derived({"max_attempts": (whole(step.get("retry_count")) or 1) + 1}, word)
        elif word.text == "continue":
            found["continue_on_error"] = Derived(True, word)
        elif word.text == "fix_and_retry" or (handler is not None and handler.get("max_attempts") is not None):
            self._repair(word, handler, found)
        elif word.text == "escalate" or (handler is not None and _text(handler, "action") in _ASKS):
            self._escalate(word, handler, found)
        elif word.text == "rollback" or handler is not None:
            self._handle(word, handler, found)
        elif word.text != "abort":
            hint = f"one of {', '.join(_WORDS)}, or a name of `error_handlers`"
            self._build.error(f"`{word.value}` is nothing that can be done on failure", word, hint)

    def _repair(self, word: Placed, handler: Placed | None, found: dict[str, Mapped]) -> None:
        """A step of its own that mends, then the failed step again, so many times."""
        action = handler.get("action") if handler is not None else None
        attempts = whole(handler.get("max_attempts")) if handler is not None else 0
        repair = self._beside(found, "fix", word)
        found["on_failure"] = Derived([repair], word)
        found["max_visits"] = Derived((attempts or 3) + 1, word)
        self._handlers.append(
            {
                "id": Derived(repair, word),
                "uses": _action(action) if action is not None else Derived("@auto-fix-tests", word),
                "with": Derived({"results": f"{{{{ steps.{_id(found)}.error }}}}"}, word),
                "on_success": Derived([_id(found)], word),
                "max_visits": Derived(attempts or 3, word),
            }
        )

    def _escalate(self, word: Placed, handler: Placed | None, found: dict[str, Mapped]) -> None:
        """A person is asked: approved goes on and takes the failure, rejected fails."""
        message = handler.get("message") if handler is not None else None
        asked = self._beside(found, "escalate", word)
        found["on_failure"] = Derived([asked], word)
        prompt: Mapped = message if message is not None else f"Step {_id(found)} has failed. Go on all the same?"
        approval: dict[str, Mapped] = {
            "id": Derived(asked, word),
            "approval": Derived({"prompt": prompt}, word),
            "recovers": Derived(True, word),
        }
        self._handlers.append(approval)

    def _handle(self, word: Placed, handler: Placed | None, found: dict[str, Mapped]) -> None:
        """Something is run, or all that was changed is undone; the failure stays one."""
        action = handler.get("action") if handler is not None else None
        if action is None or _RESETS.search(action.text):
            self._undo(word, action)
            return
        handled = self._beside(found, word.text, word)
        found["on_failure"] = Derived([handled], word)
        step: dict[str, Mapped] = {"id": Derived(handled, word)}
        if action.text.startswith("@") or re.fullmatch(r"[a-z_]+", action.text):
            step["uses"] = _action(action)
        else:
            step["run"] = action
        self._handlers.append(step)

    def _undo(self, word: Placed, action: Placed | None) -> None:
        """A failure undoes what the execution has changed, and nothing else."""
        self._build.definition["rollback"] = Derived({"after": ["failure", "cancelled"]}, word)
        if action is not None:
            self._build.note(
                f"`{action.text}` would throw away work that was never committed; what the execution has changed is"
                " undone instead, and nothing else",
                action,
            )

    def _beside(self, found: Mapping[str, Mapped], what: str, at: Placed) -> str:
        return self._build.id(Placed(f"{_id(found)}-{what}", at.span))

    # The rest

    def _at_the_end(self, steps: list[Placed]) -> None:
        """Success actions: one after another, behind everything that nothing else needs."""
        needed = {self._made_by.get(item.text) for step in steps for item in _items(step, "inputs")}
        last: Mapped = [id_ for step in steps if (id_ := self._build.id(step.entries["id"])) not in needed]
        for action in _items(self._root, "success_actions"):
            id_ = self._build.id(action)
            self._build.step(
                {"id": Derived(id_, action), "uses": _action(action), "needs": last, "join": "all_success"}
            )
            last = [id_]

    def _groups(self) -> Mapping[str, Placed]:
        """Which group each step is in."""
        groups = _items(self._root, "parallel_groups")
        return {item.text: group for group in groups for item in _items(group, "steps")}

    def _checkpoints(self) -> None:
        """`after` a step is its checkpoint; `before` one is that of the steps that it needs."""
        rollback = self._root.get("rollback")
        for point in _items(rollback, "checkpoints") if rollback is not None else ():
            after, before = point.get("after"), point.get("before")
            names = [self._build.id(after)] if after is not None else []
            if before is not None:
                found = next((step for step in self._build.steps if _id(step) == self._build.id(before)), None)
                names = [*_ids(found.get("needs"))] if found is not None else []
            marked = [step for step in self._build.steps if _id(step) in names]
            for step in marked:
                self._build.steps[self._build.steps.index(step)] = {**step, "checkpoint": Derived(True, point)}
            if not marked:
                self._build.error("no step of this name is there to be a checkpoint", point)
        for action in _items(rollback, "cleanup_actions") if rollback is not None else ():
            entry = {"id": Derived(self._build.id(action), action), "uses": _action(action)}
            handler = self._build.definition.setdefault("on_failure", [])
            assert isinstance(handler, list)  # noqa: S101 - it was put there a line above
            handler.append(entry)

    def _conditions(self) -> None:
        """`if` a figure is bad `then` an action, when all steps are done."""
        ids = [_id(step) for step in self._build.steps if step.get("needs") is not None]
        for number, condition in enumerate(_items(self._root, "conditions"), 1):
            tested, then = condition.get("if"), condition.get("then")
            if tested is None or then is None:
                self._build.error("a condition has `if` and `then`", condition)
                continue
            self._build.step(
                {
                    "id": Derived(self._build.id(Placed(f"{then.text}-{number}", then.span)), then),
                    "uses": _action(then),
                    "needs": ids,
                    "when": Derived(self._figure(tested), tested),
                }
            )

    def _figure(self, tested: Placed) -> str:
        """`test_coverage < 80%` over the outputs of the step that publishes it."""
        name, _, rest = tested.text.strip().partition(" ")
        maker = self._made_by.get(name)
        left = f"steps.{maker}.outputs.{name}" if maker else f"inputs.{name}"
        if maker is None:
            self._inputs.setdefault(name, Derived({"type": "any"}, tested))
        return f"{left} {rest.strip().removesuffix('%')}".strip()


def _action(name: Placed) -> Mapped:
    """A command without its `@`."""
    return Derived(name.text.removeprefix("@"), name)


def _items(of: Placed, name: str) -> tuple[Placed, ...]:
    value = of.get(name)
    return value.items if value is not None else ()


def _entry(of: Placed, name: str, key: str) -> Placed | None:
    value = of.get(name)
    return value.get(key) if value is not None else None


def _text(of: Placed, name: str) -> str:
    value = of.get(name)
    return value.text if value is not None else ""


def _id(step: Mapping[str, Mapped]) -> str:
    value = step["id"]
    return str(value.value) if isinstance(value, Derived) else str(value)


def _ids(needs: Mapped) -> Iterator[str]:
    for need in needs if isinstance(needs, list) else ():
        yield str(need.value) if isinstance(need, Derived) else str(need)
