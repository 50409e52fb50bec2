"""One task and the agents that are asked to do it, until one has.

What an agent says counts for nothing: its outcome is the difference between two snapshots, and the declared check.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import ActionError, AgentAnswer, AgentResult, AgentTask, TreadleError

from treadle.runtime.agents.human import HumanAgent
from treadle.runtime.agents.repository import Repository
from treadle.runtime.agents.roster import HUMAN, AgentEntry, Roster
from treadle.runtime.agents.wanted import PersonWanted

if TYPE_CHECKING:
    from treadle.runtime.context import StepContext
    from treadle.workspace.snapshots import Changed, Snapshot, SnapshotStore

_REPLIES: Final = "agents"
_LAST_LINES: Final = 40
_LONGEST: Final = 2_000_000
"""Characters of a transcript that are kept, of its beginning and of its end."""
_TOLD: Final = frozenset({"check", "rejected"})
"""Failures whose words the next agent gets to read."""
_ROUNDS: Final = 10
"""How often a person is asked at most, where the check fails again and again."""


class Asking:
    """One call of `ActionContext.agent`.

    Args:
        roster: who can be asked.
        context: the attempt that asks.
        store: takes snapshots of the folder that the agents work in.
        number: the how many-th call of its attempt; it names what is kept.
        check: a program that has to succeed afterwards.
        commits: the agents may commit.
    """

    def __init__(
        self,
        roster: Roster,
        context: "StepContext",
        store: "SnapshotStore",
        number: int,
        check: Sequence[str],
        *,
        commits: bool = False,
    ) -> None:
        self._roster = roster
        self._context = context
        self._store = store
        self._label = f"agent-{number}"
        self._check = tuple(check)
        self._commits = commits
        self._tried: list[tuple[str, str]] = []
        self._transcripts: list[Path] = []
        self._money = 0.0
        self._tokens = 0
        self._told = ""

    async def answer(self, task: AgentTask, names: Sequence[str]) -> AgentAnswer:
        """Ask one after the other. Raises `ActionError` when none did it; its class is the last one's."""
        last = ActionError("no agent was named", error_class="unavailable", retryable=False)
        for name in self._left(names):
            task = replace(task, feedback=self._told or task.feedback)
            self._rest_without_budget()
            try:
                return await self._asked(name, task)
            except ActionError as error:
                self._context.log.warning(f"agent {name}: {error.message}")
                self._tried.append((name, f"{error.error_class}: {error.message}"))
                self._told = error.message if error.error_class in _TOLD else self._told
                last = error
        if len(self._tried) < 2:
            raise last
        listed = "\n".join(f"  {name}: {reason}" for name, reason in self._tried)
        raise ActionError(f"no agent did it:\n{listed}", error_class=last.error_class, retryable=last.retryable)

    def _left(self, names: Sequence[str]) -> Sequence[str]:
        """Those who were not asked before the visit waited; the person whom it waited for is asked what was said."""
        if not any(key.startswith(f"{self._label}/") for key in self._context.replies):
            return names
        self._recall()
        asked = [at for at, name in enumerate(names) if self._rounds(name)]
        return names[max([len(self._tried), *asked[-1:]]) :]

    def _rest_without_budget(self) -> None:
        """Between two agents: what the last one used may have been all there was. The visit waits until there is more.

        Not in a second call of one attempt: the next attempt would begin with the first call again.
        """
        used, left = self._context.usage if self._label == "agent-1" else {}, self._context.left
        if any(used.get(kind, 0) >= amount for kind, amount in left.items() if kind in used):
            self._note()
            number = sum(key.startswith(f"{self._label}/budget/") for key in self._context.replies) + 1
            raise PersonWanted({"key": f"{self._label}/budget/{number}", "budget": True}, 0.0)

    def _rounds(self, name: str) -> int:
        """How many answers there are of this person to what this call asked."""
        mine = f"{self._label}/{name}/"
        return sum(key.startswith(mine) for key in self._context.replies)

    def _recall(self) -> None:
        """What was known when a person was asked."""
        try:
            known: Any = json.loads(self._notes.read_text("utf-8"))
        except (OSError, ValueError):
            return
        self._tried = [(str(name), str(reason)) for name, reason in known["tried"]]
        self._money, self._tokens = known["money"], known["tokens"]
        self._transcripts = [Path(path) for path in known["transcripts"]]
        self._told = known["told"]

    def _note(self) -> None:
        paths = [str(path) for path in self._transcripts]
        known = {"tried": self._tried, "money": self._money, "tokens": self._tokens, "transcripts": paths}
        known["told"] = self._told
        text = self._context.step_log.masker.mask(json.dumps(known))
        self._notes.parent.mkdir(parents=True, exist_ok=True)
        self._notes.write_text(text, "utf-8")

    @property
    def _notes(self) -> Path:
        return self._context.scratch / _REPLIES / f"{self._label}.json"

    async def _found(self, visit: str, moment: str) -> "Snapshot | None":
        return await asyncio.to_thread(self._store.find, self._context.execution, visit, moment)

    @property
    def _visit(self) -> str:
        return f"{self._context.visit}:{self._label}"

    async def _asked(self, name: str, task: AgentTask) -> AgentAnswer:
        entry = self._known(name)
        health = await self._roster.health(name)
        if not health.ok:
            raise ActionError(f"it cannot be asked: {health.message}", error_class="unavailable")
        if entry.kind == HUMAN:
            return await self._person_asked(name, task)
        if task.expect != "text":
            self._context.work_alone(self._store.git.folder)
        repository = self._repository()
        self._put_back(repository)  # what an agent moved that was killed with treadle
        before = await self._before()
        await asyncio.to_thread(repository.look)
        self._context.progress(None, f"{name} is working")
        try:
            try:
                result = await self._performed(entry, task)
            finally:
                self._put_back(repository)
            return await self._judged(name, task, result, before)
        except ActionError:
            await self._undone(before)
            raise

    def _repository(self) -> Repository:
        kept = self._context.scratch / f"{self._label}-repository"
        return Repository(self._context.workspace.root, kept, self._context.execution, commits=self._commits)

    def _put_back(self, repository: Repository) -> None:
        """At once, also when the step is being cancelled."""
        for sentence in repository.put_back():
            self._context.log.warning(sentence)
            self._context.host.console.say(f"step {self._context.visit}: {sentence}")

    async def _person_asked(self, name: str, task: AgentTask) -> AgentAnswer:
        """A person whose work fails the check is asked again, with what the check said; nothing of it is undone."""
        person, number = self._roster.backend(name), self._rounds(name)
        if not isinstance(person, HumanAgent):
            raise ActionError(f"agent {name} is no person", error_class="unavailable", retryable=False)
        await self._context.look()
        visit = f"{self._visit}:{name}"
        before = await self._found(visit, "asked") or await self._taken(visit, "asked")
        self._note()
        if not number:
            raise person.question(task, self._context, f"{self._label}/{name}/1", self._tried)
        key = f"{self._label}/{name}/{number}"
        reply: Any = self._context.replies[key]
        result = person.result(reply, self._context, key)
        try:
            return await self._judged(name, task, result, before)
        except ActionError as error:
            if error.error_class != "check" or number >= _ROUNDS:
                raise
            told = replace(task, feedback=error.message)
        raise person.question(told, self._context, f"{self._label}/{name}/{number + 1}", self._tried)

    def _known(self, name: str) -> AgentEntry:
        try:
            return self._roster.entry(name)
        except TreadleError as error:
            hints = "; ".join(error.suggestions)
            raise ActionError(f"{error.message} ({hints})", error_class="unavailable", retryable=False) from error

    async def _performed(self, entry: AgentEntry, task: AgentTask) -> AgentResult:
        seconds = min(task.seconds or entry.timeout, entry.timeout)
        try:
            async with asyncio.timeout(seconds) as clock:
                result = await self._roster.backend(entry.name).perform(task, self._context)
        except TimeoutError as error:
            if not clock.expired():
                raise ActionError(str(error) or "TimeoutError", error_class="agent") from error
            raise ActionError(f"no result after {seconds:g} s", error_class="timeout") from error
        except ActionError:
            raise
        except TreadleError as error:
            raise ActionError(error.message, error_class="unavailable", retryable=False) from error
        except Exception as error:
            raise ActionError(f"{type(error).__name__}: {error}", error_class="agent") from error
        self._money += result.money
        self._tokens += result.tokens
        self._context.spend(tokens=result.tokens, money=result.money)
        self._keep(entry.name, task, result)
        return result

    async def _judged(self, name: str, task: AgentTask, result: AgentResult, before: "Snapshot") -> AgentAnswer:
        found, text = await asyncio.to_thread(self._difference, before)
        if task.expect == "changes" and not found:
            said = f"; it said: {result.summary}" if result.summary else ""
            raise ActionError(f"it changed nothing{said}", error_class="no-change")
        if task.expect == "text" and not result.text.strip():
            raise ActionError("it gave no answer", error_class="no-answer")
        if task.expect == "either" and not (found or result.text.strip()):
            raise ActionError("it neither changed nor answered anything", error_class="no-change")
        if self._check:
            await self._passed()
        elif result.failure:
            raise ActionError(result.failure, error_class="agent")
        return AgentAnswer(
            name,
            result.summary,
            result.text,
            {it.path: it.how for it in found},
            text,
            self._money,
            self._tokens,
            tuple(self._tried),
            tuple(self._transcripts),
        )

    async def _passed(self) -> None:
        result = await self._context.run(self._check)
        if not result.ok:
            last = (result.stdout + result.stderr).strip().splitlines()[-_LAST_LINES:]
            told = f"{' '.join(self._check)} exited with {result.exit_code}"
            raise ActionError("\n".join([told, *last]), error_class="check")

    async def _before(self) -> "Snapshot":
        """The tree as it was."""
        context = self._context
        await context.look()
        earlier, seen = await self._found(self._visit, "before"), await self._found(self._visit, "after")
        if earlier is not None and context.attempt > 1 and (seen is None or seen.at < earlier.at):
            await self._undone(earlier, known=False)  # what an agent left that was killed with treadle
        return await self._taken(self._visit, "before")

    async def _taken(self, visit: str, moment: str) -> "Snapshot":
        return await asyncio.to_thread(self._store.take, self._context.execution, visit, moment)

    async def _undone(self, before: "Snapshot", *, known: bool = True) -> None:
        """What was not taken is undone, so that the next agent begins where this one did."""
        from treadle.workspace.snapshots import restore

        def back() -> tuple[str, ...]:
            left = self._store.take(before.execution, before.visit, "after") if known else None
            return restore(self._store, f"{before.execution}/{before.visit}", before, left).told()

        try:
            for sentence in await asyncio.to_thread(back):
                self._context.log.warning(sentence)
        except TreadleError as error:
            raise ActionError(f"what an agent left cannot be undone: {error.message}", error_class="undo") from error

    def _difference(self, before: "Snapshot") -> "tuple[tuple[Changed, ...], str]":
        from treadle.workspace.snapshots import changes, difference

        now = self._store.take(before.execution, before.visit, "after")
        return changes(self._store.git, before, now), difference(self._store.git, before, now)

    def _keep(self, name: str, task: AgentTask, result: AgentResult) -> None:
        """The transcript, with the execution; secrets are masked before anything is written."""
        folder = self._context.scratch / _REPLIES
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._label}-attempt-{self._context.attempt}-{name}.md"
        said = result.transcript or result.text
        if len(said) > _LONGEST:
            said = f"{said[: _LONGEST // 2]}\n\n… {len(said) - _LONGEST} characters …\n\n{said[-_LONGEST // 2 :]}"
        parts = [f"# {name}\n", "## Task\n", task.prompt, "## Transcript\n", said]
        parts += ["## Summary\n", result.summary, f"\nmoney: {result.money:g}, tokens: {result.tokens}\n"]
        path.write_text(self._context.step_log.masker.mask("\n".join(parts)), "utf-8")
        self._transcripts.append(path)
