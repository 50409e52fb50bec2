"""The agent `human`: a person gets the task as a file and does it in the workspace. Meanwhile no process is needed."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_engine.waits import APPROVED, REJECTED
from treadle_hookspecs import (
    ActionContext,
    ActionError,
    AgentHealth,
    AgentResult,
    AgentTask,
    Json,
    JsonObject,
    TreadleError,
)

from treadle.runtime.agents.wanted import PersonWanted

if TYPE_CHECKING:
    from treadle.runtime.context import StepContext

TASK: Final = "task.md"
ANSWER: Final = "answer.md"
_SETTINGS: Final = ("approvers", "timeout")
_SHOWN: Final = 2000
"""Characters of a task that are shown with the question; all of it stands in its file."""


class HumanAgent:
    """Asks a person. What was changed by the time of the answer is the result.

    Args:
        name: the agent's.
        settings: `approvers`, who may answer (default: anybody); `timeout`, seconds that are waited (default: any
            time).

    Raises:
        TreadleError: the settings are wrong.
    """

    def __init__(self, name: str, settings: JsonObject) -> None:
        unknown = [key for key in settings if key not in _SETTINGS]
        if unknown:
            known = ", ".join(_SETTINGS)
            raise TreadleError(f"the agent {name} is a person: it has no settings {', '.join(unknown)}; known: {known}")
        approvers: Any = settings.get("approvers", [])
        if not isinstance(approvers, list) or not all(isinstance(who, str) for who in approvers):
            raise TreadleError(f"agent {name}: `approvers` is a list of names")
        timeout: Any = settings.get("timeout")
        self._name = name
        self._approvers: Sequence[str] = approvers
        self._timeout = None if timeout is None else float(timeout)

    async def check(self) -> AgentHealth:
        """There is always one."""
        return AgentHealth(ok=True, message=", ".join(self._approvers) or "you")

    async def perform(self, task: AgentTask, context: ActionContext) -> AgentResult:
        """People are asked by `question`, and what they say is taken by `result`."""
        del task, context
        raise TreadleError(f"agent {self._name} is a person, and cannot be waited for here")

    def question(
        self, task: AgentTask, context: "StepContext", key: str, tried: Sequence[tuple[str, str]]
    ) -> PersonWanted:
        """Write the task down; what is raised to let the visit wait.

        Args:
            task: what is to be done.
            context: the attempt that asks.
            key: by which the answer is found.
            tried: agents that were asked before, each with the reason why it was not taken.
        """
        file = self._folder(context, key) / TASK
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_page(task, context, file.with_name(ANSWER)), "utf-8")
        ask: dict[str, Json] = {
            "key": key,
            "prompt": _shortened(task.prompt),
            "task": str(file),
            "place": str(context.workspace.root),
            "expect": task.expect,
        }
        if self._approvers:
            ask["approvers"] = list(self._approvers)
        if tried:
            ask["tried"] = [{"agent": name, "reason": _shortened(reason)} for name, reason in tried]
        return PersonWanted(ask, self._timeout)

    def result(self, reply: Mapping[str, Any], context: "StepContext", key: str) -> AgentResult:
        """What a person said. Raises `ActionError` (`rejected`, `timeout`)."""
        who, comment = str(reply.get("by", "")), str(reply.get("comment", ""))
        if reply["decision"] == REJECTED:
            told = f"rejected by {who or 'nobody known'}" + (f": {comment}" if comment else "")
            raise ActionError(told, error_class=REJECTED, retryable=False)
        if reply["decision"] != APPROVED:
            raise ActionError(f"nobody answered within {self._timeout or 0:g} s", error_class="timeout")
        answer = self._folder(context, key) / ANSWER
        given = reply.get("data") or {}
        text = str(given.get("text") or "") or (answer.read_text("utf-8") if answer.is_file() else "")
        return AgentResult(comment or text.strip().partition("\n")[0] or f"done by {who or 'a person'}", text)

    def _folder(self, context: "StepContext", key: str) -> Path:
        return context.scratch / "human" / re.sub(r"[^A-Za-z0-9._-]+", "-", key)


def _shortened(text: str) -> str:
    return text.strip() if len(text) <= _SHOWN else f"{text[:_SHOWN].strip()} …"


def _page(task: AgentTask, context: "StepContext", answer: Path) -> str:
    wanted = f"Work in {context.workspace.root}."
    if task.expect != "changes":
        where = f"Write your answer to {answer}, or give it as --data text=…"
        wanted = where if task.expect == "text" else f"{wanted} {where}"
    return (
        f"{task.prompt}\n---\n{wanted}\n"
        f"Then: treadle answer {context.execution} done\n"
        f"To refuse: treadle reject {context.execution} --comment '…'\n"
    )
