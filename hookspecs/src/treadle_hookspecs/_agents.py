"""The contract with agents: who does work that needs judgement, what they are asked, and what they give back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from treadle_hookspecs._json import Json, JsonObject

if TYPE_CHECKING:
    from treadle_hookspecs._protocols import ActionContext

Expectation: TypeAlias = Literal["changes", "text", "either"]
"""What makes an answer one: changed files, a text, or one of the two."""


@dataclass(frozen=True, slots=True)
class AgentTask:
    """What an agent is asked.

    Attributes:
        instructions: what is to be done, for a person or a model to read.
        files: paths below the workspace's root that matter, relative.
        expect: what counts as an answer.
        feedback: why an earlier answer was not taken: a rejection's reason, a failed check's output; "" at first.
        money: what it may cost at most, in the currency of the agent's own figures; 0 for no bound.
        tokens: how many tokens it may use at most; 0 for no bound.
        seconds: how long it may take; 0 for no bound. The host ends it then.
        idempotency_key: the same for each try of one visit.
    """

    instructions: str
    files: tuple[str, ...] = ()
    expect: Expectation = "changes"
    feedback: str = ""
    money: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    idempotency_key: str = ""

    @property
    def prompt(self) -> str:
        """Everything as one text."""
        parts = [self.instructions.strip()]
        if self.files:
            parts.append("Files that matter:\n" + "\n".join(f"- {name}" for name in self.files))
        if self.feedback:
            parts.append(f"An earlier answer was not taken:\n{self.feedback.strip()}")
        return "\n\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class AgentResult:
    """What an agent says it did. What it did to files is seen in the diff, and not taken from here.

    Attributes:
        summary: a sentence or two.
        text: the answer, where a text was asked for.
        money: what it cost, as far as it tells.
        tokens: how many it used, as far as it tells.
        transcript: what was said and done; kept with the execution, secrets masked.
        failure: why it says that it failed; "" when it does not. An exit code other than 0 is one.
    """

    summary: str = ""
    text: str = ""
    money: float = 0.0
    tokens: int = 0
    transcript: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """Whether an agent could be asked now. `message` says what is missing and how to get it, or what was found."""

    ok: bool
    message: str = ""


class AgentBackend(Protocol):
    """The class that an `Agent` names; made with `Class(name: str, settings: Mapping)` for each agent of its kind.

    It raises `TreadleError` when the settings are wrong. It may have a method `async def version(self) -> str` besides:
    what `treadle agents --check` shows of the agent's own version.
    """

    async def check(self) -> AgentHealth:
        """Look, within a few seconds and without costs, whether it could be asked."""

    async def perform(self, task: AgentTask, context: "ActionContext") -> AgentResult:
        """Do the task below `context.workspace.root`. Programs are started with `context.run`, so that they end.

        A cancellation ends the work at once.

        Raises:
            ActionError: it could not be asked, or gave up: the next agent is tried. The class `unavailable` says that
                nothing was done.
        """


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """What came of `ActionContext.agent`.

    Attributes:
        agent: who did it.
        summary: what it said about it.
        text: its answer, where a text was asked for.
        files: paths that it changed, relative, with `added`, `deleted`, `modified` or `mode`.
        diff: the changes as a unified diff.
        money, tokens: of all agents that were tried.
        tried: agents that were tried before, each with the reason why it was not taken.
        transcripts: files in which what was said is kept with the execution.
    """

    agent: str
    summary: str = ""
    text: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    diff: str = ""
    money: float = 0.0
    tokens: int = 0
    tried: tuple[tuple[str, str], ...] = ()
    transcripts: tuple[Path, ...] = ()

    def to_json(self) -> JsonObject:
        """As outputs of a step: without the diff, which `treadle diff` shows."""
        tried: list[Json] = [{"agent": name, "reason": reason} for name, reason in self.tried]
        return {
            "agent": self.agent,
            "summary": self.summary,
            "text": self.text,
            "changes": [{"path": path, "how": how} for path, how in self.files.items()],
            "money": self.money,
            "tokens": self.tokens,
            "tried": tried,
        }
