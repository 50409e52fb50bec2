"""The facade: everything the command line does, for programs.

`Treadle` is cheap to make; the store is opened and the plugins are discovered when first needed. Methods that drive an
execution come twice, as `run` and `run_async`; the others answer at once. A workflow that fails is a `Status`, not an
exception; exceptions are `TreadleError`s and say what to do.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_hookspecs import (
    Definition,
    EventListener,
    ExecutionQuery,
    ExecutionRow,
    ExitCode,
    Json,
    JsonObject,
    TreadleError,
)

from treadle.answering import Answering
from treadle.modes import NOTHING_CHOSEN, RunOptions, RuntimeChoice
from treadle.preview import DryRun, PreviewedStep
from treadle.records import LogLine
from treadle.status import TERMINAL, Status
from treadle.workflows import DefinitionError, WorkflowEntry

if TYPE_CHECKING:
    from treadle.rehearsal import FileResult
    from treadle.runtime.spoken import Addressed
    from treadle.seeing.retrying import Present

__all__ = ["DefinitionError", "DryRun", "LogLine", "PreviewedStep", "RunOptions", "Status", "Treadle", "WorkflowEntry"]


class Treadle(Answering):
    """treadle in one project folder.

    Args:
        root: the project; default: the git top level above the current folder, or that folder.
        overrides: settings that win over every file and variable, e.g. `{"store": "sqlite:///tmp/x.db"}`.
        plugins: a plugin host to use instead of discovering one.
    """

    def rehearse(self, names: Sequence[str] = (), *, only: str = "") -> "Sequence[FileResult]":
        """Play test files in virtual time: those named, or all of the project; see `treadle.rehearsal`."""
        from treadle.rehearsal import rehearse

        return rehearse(self, names, only)

    def write_test(self, workflow: str, *, force: bool = False) -> Path:
        """Write a first test file beside a workflow; its path. Raises `TreadleError` when one is there."""
        from treadle.rehearsal import write_first

        return write_first(self, workflow, force=force)

    # Driving

    def run(
        self,
        workflow: str,
        inputs: Mapping[str, Json] | None = None,
        *,
        options: RunOptions = NOTHING_CHOSEN,
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
    ) -> Status:
        """Run a workflow to its end or rest; `options` say how this run differs from what the definition says."""
        return self._sync(self.run_async(workflow, inputs, options=options, listener=listener, on_start=on_start))

    async def run_async(
        self,
        workflow: str,
        inputs: Mapping[str, Json] | None = None,
        *,
        options: RunOptions = NOTHING_CHOSEN,
        trigger: Mapping[str, Json] | None = None,
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
        stay_paused: bool = False,
    ) -> Status:
        """As `run`. `stay_paused` waits through a pause instead of returning the status `paused`."""
        found = self._find(workflow)
        plan, text = self._chosen(found, options)
        launch = self._launch(found, text, plan, self._inputs(plan, inputs), "cli", trigger or {})
        return await self._start(
            launch, listener=listener, on_start=on_start, stay_paused=stay_paused, choice=options.runtime
        )

    execute = run_async

    def resume(
        self,
        id: str,
        *,
        interrupted: Mapping[str, str] | None = None,
        reason: str = "",
        budget: Sequence[str] = (),
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
    ) -> Status:
        """Continue what was interrupted or paused; of what failed, start a linked execution (R13a).

        `interrupted` says what becomes of interrupted visits: `retry` or `fail` by address, or for all under "".
        `budget` raises the one that is used up: `+1h`, `+5usd`, `+1000tokens`, `+10visits`.
        """
        return self._sync(
            self.resume_async(
                id, interrupted=interrupted, reason=reason, budget=budget, listener=listener, on_start=on_start
            )
        )

    async def resume_async(
        self,
        id: str,
        *,
        interrupted: Mapping[str, str] | None = None,
        reason: str = "",
        budget: Sequence[str] = (),
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
    ) -> Status:
        """As `resume`."""
        from treadle.runtime.again import checked_answers, go_on, launch_again
        from treadle.runtime.raising import RAISE, raised

        answers, more = checked_answers(interrupted or {}), raised(budget)
        row = self.resolve(id)
        if row.status == "completed":
            raise TreadleError(f"execution {row.id} has completed: there is nothing to resume")
        if row.status in TERMINAL:
            state, sensitive = self._local().folded(row)
            launch = launch_again(row, state, self._definition(row), sensitive, self._actor)
            return await self._start(launch, listener=listener, on_start=on_start)
        if not self.settings.recovery and row.status != "paused":
            raise TreadleError(
                f"execution {row.id} was interrupted, and recovery is switched off",
                exit_code=ExitCode.NOT_ALLOWED,
                suggestions=(f"recovery was set by {self.settings.origin('recovery')}", f"treadle cancel {row.id}"),
            )
        if row.status == "paused" and self.store.claimed(row.id):
            return self._say(row, "resume", reason)
        if more and self.store.claimed(row.id):
            return self._say(row, RAISE, reason, {"by": list(budget)})
        return await self._go_on(
            row, lambda driver: go_on(driver, answers, self._actor, reason, more), listener, regain=True
        )

    def retry(
        self,
        id: str,
        steps: Sequence[str],
        *,
        present_definition: bool = False,
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
    ) -> Status:
        """Run steps of an execution that has ended again, and all that follows them, as a new linked one (R13a).

        `steps` are `step`, `scope/step` or `step#visit`. `present_definition` runs them as the file has them now, if
        the steps that are taken over are still the same there.
        """
        return self._sync(
            self.retry_async(id, steps, present_definition=present_definition, listener=listener, on_start=on_start)
        )

    async def retry_async(
        self,
        id: str,
        steps: Sequence[str],
        *,
        present_definition: bool = False,
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
    ) -> Status:
        """As `retry`."""
        from treadle.seeing.retrying import launch_retry

        row = self.resolve(id)
        definition, (state, sensitive) = self._definition(row), self._local().folded(row)
        present = self._present(definition, state.inputs) if present_definition else None
        launch = launch_retry(row, state, definition, sensitive, self._actor, steps, self._local().log_of(row), present)
        return await self._start(launch, listener=listener, on_start=on_start)

    def rollback(
        self,
        id: str,
        *,
        reason: str = "",
        again: bool = False,
        to: str = "",
        listener: EventListener | None = None,
    ) -> Status:
        """Undo an execution, or what came after the checkpoint `to`; `again` tries what an earlier rollback left."""
        return self._sync(self.rollback_async(id, reason=reason, again=again, to=to, listener=listener))

    async def rollback_async(
        self,
        id: str,
        *,
        reason: str = "",
        again: bool = False,
        to: str = "",
        listener: EventListener | None = None,
    ) -> Status:
        """As `rollback`. One that nobody drives and that has not ended is cancelled first."""
        from treadle.runtime.again import undo

        row = self.resolve(id)
        self._refuse_if_continued(row)
        if row.status not in TERMINAL:
            await self._go_on(row, lambda driver: self._stop_for_undo(driver, reason or "rollback", to), listener)
            row = self.resolve(row.id)
            if row.rollback == "done":
                self._drop_worktrees(row, to)
                return self.status(row.id)
        status = await self._go_on(row, lambda driver: undo(driver, self._actor, reason, again=again, to=to), listener)
        self._drop_worktrees(row, to)
        return status

    def rollback_plan(self, id: str, *, to: str = "") -> Sequence[JsonObject]:
        """What `rollback` would undo, in order: `{address, action, inputs}`."""
        return self._sync(self._undo_plan(self.resolve(id), to))

    def pause(self, id: str, *, reason: str = "") -> Status:
        """Ask for a pause; the driving process obeys after its running steps."""
        from treadle.runtime.again import pause

        row = self._not_ended(id)
        if self.store.claimed(row.id):
            return self._say(row, "pause", reason)
        return self._sync(self._go_on(row, lambda driver: pause(driver, self._actor, reason), None))

    def cancel(self, id: str, *, reason: str = "", listener: EventListener | None = None) -> Status:
        """Ask for the end; running steps are ended, handlers run. Drives the execution when nobody does."""
        row = self._not_ended(id)
        if self.store.claimed(row.id):
            return self._say(row, "cancel", reason)
        return self._sync(self._go_on(row, lambda driver: self._cancel(driver, reason), listener))

    def worker(
        self,
        *,
        once: bool = False,
        max_concurrent: int = 0,
        all_roots: bool = True,
        told: Callable[[Status], None] = lambda _: None,
    ) -> Sequence[Status]:
        """Drive all that is due: queued executions, timers, signals, events, and what a crash cut off.

        Several workers share the work by claims. SIGTERM and SIGINT let what runs come to its next rest; the second one
        ends it there.

        Args:
            once: come back when nothing is due any more.
            max_concurrent: executions at a time; 0: as the settings have it.
            all_roots: of every project; else of this one.
            told: called with each execution when it has come to rest or ended.
        """
        return asyncio.run(self.worker_async(once=once, max_concurrent=max_concurrent, all_roots=all_roots, told=told))

    async def worker_async(
        self,
        *,
        once: bool = False,
        max_concurrent: int = 0,
        all_roots: bool = True,
        told: Callable[[Status], None] = lambda _: None,
    ) -> Sequence[Status]:
        """As `worker`."""
        from treadle.working import Worker

        at_once = max_concurrent or self.settings.max_concurrent_executions
        try:
            return await Worker(self, at_once, told, all_roots=all_roots).work(once=once)
        finally:
            self._close_runtime()

    def work_for(self, choice: RuntimeChoice) -> None:
        """Be a worker of another runtime, in this project's folder, until SIGINT or SIGTERM; the second one kills.

        Raises:
            TreadleError: nobody offers that runtime, or it cannot be reached.
        """
        from treadle.elsewhere import blobs_of
        from treadle.runtime.performances import Performances
        from treadle.working import until_told

        performances = Performances(self._environment(), self._root, blobs_of(self.settings))
        try:
            with until_told() as stopped:
                self.elsewhere.backend(choice).work(performances, stopped)
        finally:
            performances.close()

    def beside(self, root: Path) -> "Treadle":
        """Another project's facade on the same store, with that project's settings."""
        other = Treadle(root, overrides=self._overrides, plugins=self.plugins)
        other.rest_when(patience=self._patience, ask=self._asks)
        return other

    # Inside

    def _present(self, old: Definition, inputs: JsonObject) -> "Present":
        """What the file of a definition says by now, and whether these inputs suit it."""
        from treadle.seeing.retrying import Present

        found = self._find(old.path)
        plan, text = self._sound(found)
        return Present(self._pinned(found, text, plan), self._settled(plan), self._inputs(plan, inputs))

    def _refuse_if_continued(self, row: ExecutionRow) -> None:
        """R13a: what a later execution took over is undone there."""
        from treadle.runtime.detached import continued_by

        for later in self.store.executions(ExecutionQuery(workflow=row.workflow)):
            if continued_by(later) == row.id:
                raise TreadleError(
                    f"execution {row.id} was continued by {later.id}, which has taken over what can be undone",
                    exit_code=ExitCode.CONFLICT,
                    suggestions=(f"treadle rollback {later.id}",),
                )

    async def _undo_plan(self, row: ExecutionRow, to: str) -> Sequence[JsonObject]:
        from treadle.runtime.again import undo_plan

        return undo_plan(self._local().folded(row)[0], to)

    def _stop_for_undo(self, driver: "Addressed", reason: str, to: str) -> None:
        from treadle.runtime.again import cancel, check_checkpoint

        check_checkpoint(driver.execution.state, to)
        cancel(driver, self._actor, reason, undo=not to)

    def _cancel(self, driver: "Addressed", reason: str) -> None:
        from treadle.runtime.again import cancel

        cancel(driver, self._actor, reason)
