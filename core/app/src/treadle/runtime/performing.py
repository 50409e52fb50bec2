"""What a runtime does for one command: an attempt with what surrounds it on disk, or the undoing of a visit."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from treadle_engine.compensation import UNDO_CHANGES
from treadle_engine.graph import FAILURE_OUTCOMES
from treadle_engine.plan import Isolation
from treadle_engine.protocol import Address, AttemptAsks, AttemptEnded, Compensate, StartAttempt, StartWorkflow
from treadle_hookspecs import ActionError, JsonObject, TreadleError

from treadle.runtime.agents.wanted import PersonWanted
from treadle.runtime.attempts import attempt
from treadle.runtime.clock import now
from treadle.runtime.context import StepContext, reveal
from treadle.runtime.declared import COMMAND, typed
from treadle.workspace import FolderWorkspace

if TYPE_CHECKING:
    from treadle.plugins import ResolvedAction
    from treadle.runtime.execution import Execution

UNKNOWN: Final[JsonObject] = {"unknown": True}
"""What was kept of a visit whose end nobody saw, or whose files could not be looked at."""


class Performer:
    """Carries out the attempts and compensations of one execution."""

    def __init__(self, execution: "Execution") -> None:
        self._execution = execution

    async def visit(
        self, command: StartAttempt, context: StepContext, *, interrupted: Callable[[], bool]
    ) -> AttemptEnded | AttemptAsks:
        """Run an attempt. Never raises.

        Args:
            command: which.
            context: what its action is handed.
            interrupted: asked when it was cancelled: true when nobody may say how the visit ended.
        """
        files, isolation = context.files, self._isolation(command.address)
        if files is None:
            return await self._called(command, context)
        looks = files.snapshots or (isolation is not None and isolation.merge)
        try:
            if looks:
                await context.look()
            elif command.address.attempt > 1:
                await files.undo_journaled(context.visit)  # what a killed attempt left
            if isolation is None:
                ended = await self._called(command, context)
            else:
                ended = await self._apart(command, context, isolation)
        except TreadleError as error:
            return _refused(command.address, "snapshot", error)
        except asyncio.CancelledError:
            return cancelled(command.address)
        except PersonWanted as wanted:
            return await self._asking(command.address, context, wanted)
        if not (context.looked or context.changed):
            return ended
        keep = ended.outcome == "cancelled" and interrupted()
        failed = ended.error is not None and not self._keeps(command.address)
        return ended._replace(snapshot=await self._kept(context, undo=failed and not keep))

    async def _asking(self, address: Address, context: StepContext, wanted: PersonWanted) -> AttemptAsks:
        """What the attempt changed by then is kept: it is undone, should nobody ever answer."""
        kept = await self._kept(context, undo=False) if context.looked or context.changed else None
        facts: JsonObject = {"usage": {**context.usage}} if context.usage else {}
        return AttemptAsks(address, now(), wanted.ask, wanted.timeout, kept, facts)

    async def _called(self, command: StartAttempt, context: StepContext) -> AttemptEnded:
        resolve, (scope, step, *_) = self._execution.resolve, command.address
        ended = await self._attempt(command.address, resolve, command.action, command.inputs, context, command.timeout)
        if command.action != COMMAND:
            return ended
        return typed(ended, self._execution.state.step_plan(scope, step))

    async def _apart(self, command: StartAttempt, context: StepContext, isolation: Isolation) -> AttemptEnded:
        """In a worktree; what a success changed there is merged if the step says so."""
        files, (scope, step, *_) = context.files, command.address
        if files is None:
            raise RuntimeError("there is nowhere to put a worktree")
        ended: AttemptEnded | None = None
        try:
            name = f"{scope}/{isolation.worktree}" if scope else isolation.worktree
            worktree = await files.enter(name, f"{scope}/{step}" if scope else step)
            context.move_to(FolderWorkspace(worktree.path))
            ended = await self._called(command, context)
            if ended.error is None and ended.outcome != "cancelled":
                if isolation.check:
                    await _checked(isolation.check, context)
                if isolation.merge:
                    if len(context.replies) + 1 == context.attempt:  # no attempt was cut off, perhaps in a merge
                        await files.begin_late(context.visit)  # what others did in the root meanwhile is theirs
                    for sentence in await files.merge(worktree):
                        context.log.warning(sentence)
        except ActionError as error:
            return AttemptEnded(
                command.address,
                now(),
                "failure",
                {**(ended.outputs if ended is not None else {}), **error.outputs},
                {"type": error.error_class, "message": error.message, "retryable": error.retryable},
            )
        return ended

    def _isolation(self, address: Address) -> Isolation | None:
        execution = self._execution
        return execution.state.step_plan(address.scope, address.step).isolation if execution.isolated else None

    async def start_workflow(self, command: StartWorkflow) -> AttemptEnded:
        """Start an execution that is not waited for. Raises what keeps the storage from writing it."""
        try:
            outputs: JsonObject = {"execution": self._execution.start_workflow(command)}
        except TreadleError as problem:
            error = {"type": problem.code or "error", "message": str(problem)}
            return AttemptEnded(command.address, now(), "failure", {}, error)
        return AttemptEnded(command.address, now(), "success", outputs)

    def unseen(self, address: Address) -> AttemptEnded:
        """The end of an attempt that another process ran, which is gone. What it journaled is undone."""
        ended, files = cancelled(address), self._execution.surroundings.files
        if files is None:
            return ended
        context = StepContext(self._execution.surroundings, address, {})
        try:
            if not self._keeps(address):
                files.undo_journaled_now(context.visit)
        except TreadleError:  # a rollback tries it again, and says why it could not be done
            return ended._replace(snapshot=UNKNOWN)
        return ended._replace(snapshot=UNKNOWN if files.snapshots else None)

    def _keeps(self, address: Address) -> bool:
        return self._execution.state.step_plan(address.scope, address.step).keep_changes

    async def undo(self, command: Compensate, context: StepContext) -> AttemptEnded:
        """Undo a visit: what its step says, then what it changed on disk. Never raises.

        The fact `told` is what a person must know beyond that it was undone, a list of sentences.
        """
        ended = AttemptEnded(command.address, now(), "success")
        if command.action != UNDO_CHANGES:
            resolve = self._execution.resolve_rollback if command.rollback_action else self._execution.resolve
            try:
                ended = await self._attempt(
                    command.address, resolve, command.action, command.inputs, context, command.timeout
                )
            except PersonWanted:
                return _refused(command.address, "unavailable", TreadleError("what undoes a step cannot ask a person"))
        files = self._execution.surroundings.files
        if ended.outcome in FAILURE_OUTCOMES or ended.error is not None or files is None:
            return ended
        try:
            told = await files.undo(context.visit)
        except TreadleError as error:
            return _refused(command.address, "undo-changes", error)
        except asyncio.CancelledError:
            return cancelled(command.address)
        for sentence in told:
            context.log.warning(sentence)
        return ended._replace(facts={"told": list(told)}) if told else ended

    async def _attempt(
        self,
        address: Address,
        resolve: "Callable[[str], ResolvedAction]",
        action: str,
        inputs: JsonObject,
        context: StepContext,
        seconds: float | None,
    ) -> AttemptEnded:
        try:
            resolved = resolve(action)
            plain = reveal(inputs, self._execution.surroundings.secrets) if inputs else inputs
        except TreadleError as error:
            return _refused(address, error.code or "error", error)
        try:
            return await attempt(address, resolved, plain, context, seconds)  # type: ignore[arg-type]
        except asyncio.CancelledError:
            return cancelled(address)

    async def _kept(self, context: StepContext, *, undo: bool) -> JsonObject | None:
        """What is kept of the files that an attempt changed; `undo`: those that it journaled go with its failure."""
        files = self._execution.surroundings.files
        if files is None:
            return None
        context.closed = True
        try:
            if undo and context.changed:
                for sentence in await files.undo_journaled(context.visit):
                    context.log.warning(sentence)
            return await files.end(context.visit, looked=context.looked)
        except TreadleError as error:
            context.log.warning(f"what the step changed on disk is not known: {error.message}")
        except asyncio.CancelledError:
            pass
        return UNKNOWN


async def _checked(check: str, context: StepContext) -> None:
    """Raises `ActionError` (`check`) when the command does not succeed."""
    result = await context.run(["sh", "-e", "-c", check])
    if not result.ok:
        last = "\n".join((result.stderr or result.stdout).strip().splitlines()[-5:])
        raise ActionError(f"the check exited with {result.exit_code}: {check}\n{last}".rstrip(), error_class="check")


def cancelled(address: Address) -> AttemptEnded:
    """The end of an attempt that was called off."""
    return AttemptEnded(address, now(), "cancelled", {}, {"type": "cancelled", "message": "the step was cancelled"})


def _refused(address: Address, kind: str, error: TreadleError) -> AttemptEnded:
    return AttemptEnded(address, now(), "failure", {}, {"type": kind, "message": str(error)})
