"""The agent `human`: a person gets the task as a file, does it in the workspace, and resumes the execution."""

import hashlib
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, AgentHealth, AgentResult, AgentTask, JsonObject, TreadleError

from treadle.runtime.agents.wanted import PersonWanted

TASK: Final = "task.md"
ANSWER: Final = "answer.md"


class HumanAgent:
    """Asks a person. What was changed when the execution is resumed is the result."""

    def __init__(self, name: str, settings: JsonObject) -> None:
        if settings:
            raise TreadleError(f"the agent {name} is a person: it has no settings ({', '.join(settings)})")

    async def check(self) -> AgentHealth:
        """There is always one."""
        return AgentHealth(ok=True, message="you")

    async def perform(self, task: AgentTask, context: ActionContext) -> AgentResult:
        """Ask, and let the execution rest; asked before, take what was done."""
        folder = context.scratch / "human" / hashlib.sha256(task.prompt.encode()).hexdigest()[:12]
        question, answer = folder / TASK, folder / ANSWER
        if not question.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            question.write_text(_page(task, context, answer), "utf-8")
            raise PersonWanted(_told(task, context, question, answer))
        text = answer.read_text("utf-8") if answer.is_file() else ""
        if task.expect == "text" and not text.strip():
            raise PersonWanted(_told(task, context, question, answer))
        return AgentResult(summary=text.strip().partition("\n")[0] or "done by a person", text=text)


def _page(task: AgentTask, context: ActionContext, answer: Path) -> str:
    wanted = f"Write your answer to {answer}." if task.expect == "text" else f"Work in {context.workspace.root}."
    return f"{task.prompt}\n---\n{wanted}\nThen: treadle resume {context.execution} --interrupted retry\n"


def _told(task: AgentTask, context: ActionContext, question: Path, answer: Path) -> str:
    first = task.instructions.strip().partition("\n")[0]
    place = f"write the answer to {answer}" if task.expect == "text" else f"work in {context.workspace.root}"
    return (
        f"step {context.address} asks you: {first}\n"
        f"  the task: {question}\n"
        f"  {place}, then: treadle resume {context.execution} --interrupted retry\n"
        f"  to refuse: treadle resume {context.execution} --interrupted fail"
    )
