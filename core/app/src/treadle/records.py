"""The read side of the facade: executions as their projections and logs tell of them."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import (
    Event,
    ExecutionQuery,
    ExecutionRow,
    ExitCode,
    Figure,
    FileChange,
    Finding,
    Json,
    JsonObject,
    Slot,
    StepRow,
    StoreBackend,
    TreadleError,
)

from treadle.lookup import project_root
from treadle.status import TERMINAL, Status, at_work, live_status, status_of

if TYPE_CHECKING:
    from treadle_engine.plan import Plan

    from treadle.elsewhere import Elsewhere
    from treadle.moving import Moved, Told
    from treadle.plugins import PluginHost
    from treadle.runtime.agents.roster import KnownAgent, Roster
    from treadle.runtime.step_cache import StepCache
    from treadle.seeing import Explanation, Record
    from treadle.seeing.changing import Changes
    from treadle.seeing.durations import UsualTimes
    from treadle.seeing.pruning import Pruning
    from treadle.seeing.reused import Reused
    from treadle.settings import Settings
    from treadle.tailing import LogTail
    from treadle.trust import TrustFile


_LOOK_AGAIN: Final = 0.2
"""Seconds between two looks at what another runtime drives."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a step's log. `stream` is `stdout`, `stderr` or `log`."""

    address: str
    stream: str
    text: str


class Records:
    """What is known of a project's executions. Nothing here drives one.

    Args:
        root: the project; default: the git top level above the current folder, or that folder.
        overrides: settings that win over every file and variable.
        plugins: a plugin host to use instead of discovering one.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        overrides: Mapping[str, Json] | None = None,
        plugins: "PluginHost | None" = None,
    ) -> None:
        self._root = root.resolve() if root is not None else project_root(Path.cwd())
        self._overrides = dict(overrides or {})
        self._given_plugins = plugins
        self._store: StoreBackend | None = None
        self._locations: dict[str, JsonObject | None] = {}

    def close(self) -> None:
        """Close the store."""
        if "elsewhere" in self.__dict__:
            self.elsewhere.close()
        if self._store is not None:
            self._store.close()
            self._store = None
        if "step_cache" in self.__dict__:
            self.step_cache.close()

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self._root

    @cached_property
    def settings(self) -> "Settings":
        """The settings in force."""
        from treadle.settings import load_settings

        return load_settings(self._root, self._overrides, os.environ)

    @cached_property
    def plugins(self) -> "PluginHost":
        """The plugin host."""
        from treadle.plugins import PluginHost
        from treadle.project_modules import project_candidates

        return self._given_plugins or PluginHost.from_settings(self.settings, partial(project_candidates, self._root))

    @cached_property
    def roster(self) -> "Roster":
        """The agents that steps can ask."""
        from treadle.runtime.agents.roster import Roster
        from treadle.settings import user_file

        return Roster(self.plugins, user_file(os.environ))

    def agents(self, name: str = "", *, check: bool = False) -> "Sequence[KnownAgent]":
        """The agents that steps can ask, or one of them; `check` looks whether each could be asked now."""
        return asyncio.run(self.roster.listed(name, check=check))

    @property
    def store(self) -> StoreBackend:
        """The state store, opened when first asked for."""
        if self._store is None:
            self._store = self._open_store()
        return self._store

    @cached_property
    def elsewhere(self) -> "Elsewhere":
        """What other runtimes drive."""
        from treadle.elsewhere import Elsewhere

        return Elsewhere(self, self._warn, self._say_aside)

    def location(self, id: str) -> JsonObject | None:
        """Where an execution lives that another runtime drives, `runtime` included; None for one of this machine."""
        if id not in self._locations:
            first = self.store.read(id, 0, 1)
            if not first:
                return None
            found = first[0].data.get("runtime")
            self._locations[id] = found if isinstance(found, Mapping) else None
        return self._locations[id]

    def driven(self, id: str) -> bool:
        """A process drives it, or another runtime does."""
        return self.location(id) is not None or self.store.claimed(id)

    def _fresh(self, row: ExecutionRow) -> ExecutionRow:
        """The row with what another runtime has done since."""
        if row.status in TERMINAL or self.location(row.id) is None:
            return row
        return self.elsewhere.fresh(row)

    def _warn(self, message: str) -> None:
        """Where the caller can hear it."""

    def _say_aside(self, message: str) -> None:
        """Where a person can read it at once."""

    @cached_property
    def home(self) -> Path:
        """The folder of state, logs and keys; made now, for the user alone, if it is not there."""
        return private_folder(self.settings.home)

    @property
    def trust(self) -> "TrustFile":
        """What this user has allowed code of strangers to do."""
        from treadle.trust import TrustFile

        return TrustFile(self.home)

    def resolve(self, prefix: str) -> ExecutionRow:
        """The execution whose id begins so. Raises `TreadleError` (3 for none, 2 for several, with the candidates)."""
        exact = self.store.execution(prefix)
        if exact is not None:
            return self._fresh(exact)
        rows = self.store.executions(ExecutionQuery(id_prefix=prefix, limit=6)) if prefix else ()
        if len(rows) == 1:
            return self._fresh(rows[0])
        if rows:
            candidates = ", ".join(row.id for row in rows)
            raise TreadleError(f"several executions begin with {prefix!r}: {candidates}")
        raise TreadleError(
            f"no execution begins with {prefix!r}",
            exit_code=ExitCode.NOT_FOUND,
            suggestions=("treadle status --all lists every execution",),
        )

    def status(self, id: str) -> Status:
        """Where an execution stands, sensitive values masked."""
        row = self.resolve(id)
        return status_of(
            row,
            self.store.steps(row.id),
            driven=self.driven(row.id),
            display=self._display,
            log_dir=str(self.settings.home / "logs" / row.id),
            waiting=self._waits(row),
            undo_notes=self._undo_notes(row),
        )

    def _undo_notes(self, row: ExecutionRow) -> list[str]:
        """What undoing said beyond that it was done, oldest first."""
        if row.rollback == "none":
            return []
        told = (event.data.get("told") for event in self.store.read(row.id) if event.type == "compensation_settled")
        return [str(line) for lines in told if isinstance(lines, list | tuple) for line in lines]

    def _waits(self, row: ExecutionRow) -> Sequence[JsonObject]:
        """What an execution waits for; most never do."""
        if row.status in TERMINAL:
            return ()
        rows, slots = self.store.waits((row.id,)), self.store.slots(execution=row.id)
        if not rows and not slots and row.status != "waiting":
            return ()
        from treadle.open_waits import budget_of, slots_of, waiting_of

        found = (
            *waiting_of(row.workflow, rows, self._display),
            *slots_of(self.store, row),
            *budget_of(self.store, row),
        )
        return [each.to_json() for each in found]

    def slots(self, group: str = "") -> Sequence[Slot]:
        """Places in groups that executions of every project have or wait for, in the order in which they asked."""
        return self.store.slots(group=group)

    def executions(
        self, *, all_roots: bool = False, statuses: Sequence[str] = (), limit: int = 0
    ) -> Sequence[ExecutionRow]:
        """Executions of this root, newest first, with their live status and without what is sealed."""
        query = ExecutionQuery(root="" if all_roots else str(self._root), limit=0 if statuses else limit)
        rows = [self._live(row) for row in self.store.executions(query)]
        chosen = [row for row in rows if not statuses or row.status in statuses]
        return chosen[:limit] if limit else chosen

    def active(self) -> Sequence[ExecutionRow]:
        """Executions of this root that have not ended."""
        return [row for row in self.executions() if row.status not in TERMINAL]

    def steps(self, id: str) -> Sequence[StepRow]:
        """The visits of an execution in the order they started, sensitive values masked."""
        show = self._display
        return [
            step._replace(inputs=show(step.inputs), outputs=show(step.outputs), error=show(step.error))
            for step in self.store.steps(self.resolve(id).id)
        ]

    def history(self, id: str, *, after: int = 0) -> Sequence[Event]:
        """The log, sensitive values masked."""
        from treadle.runtime.codec import with_data

        events = self.store.read(self.resolve(id).id, after)
        return [with_data(event, self._display(event.data)) for event in events]

    def watch(self, id: str, *, after: int = 0) -> Iterator[Event]:
        """The log from `after` on, and what is appended to it, until the execution ends or nobody drives it."""
        execution = self.resolve(id).id
        while True:
            driven = self._goes_on(execution)
            for event in self.history(execution, after=after):
                after = event.seq
                yield event
            if not driven:
                return
            self.store.watch(1.0 if self.location(execution) is None else _LOOK_AGAIN)

    def _goes_on(self, id: str) -> bool:
        """Somebody drives it, and it has not come to rest."""
        if self.location(id) is None:
            return self.store.claimed(id)
        return self.resolve(id).status not in {*TERMINAL, "paused", "waiting", "interrupted"}

    def logs(self, id: str, step: str = "") -> Iterator[LogLine]:
        """What the steps printed, in the order of the steps' start; of one address when given."""
        from treadle.runtime.logs import read_log

        row = self.resolve(id)
        if self.location(row.id) is not None:
            self.elsewhere.fetch_logs(row)
        for address, path in self._log_files(row.id, self._step_address(row, step)):
            for stream, text in read_log(path):
                yield LogLine(address, stream, text)

    def why(self, id: str, step: str) -> "Explanation":
        """Why a step (`scope/step`, with `#visit` for an earlier one) stands where it stands, by which rules.

        Sensitive values are masked. Raises `TreadleError` (3) when there is no such step or visit.
        """
        from treadle.seeing.why import explain

        return explain(self._record(self.resolve(id)), step)

    def diff(self, id: str, step: str = "") -> "Changes":
        """What an execution, or a step of it (`scope/step`, `#visit`), changed on disk.

        Raises `TreadleError` (3) when there is no such step, or nothing was kept of it.
        """
        from treadle.seeing.changing import changes_of

        row = self.resolve(id)
        address = self._step_address(row, step)
        return changes_of(self.home, row, self.store.steps(row.id), address, self.settings.snapshot_limit)

    def pinned_plan(self, id: str) -> "Plan":
        """The plan that an execution runs by. Raises `TreadleError` (6) when it is missing from the store."""
        from treadle.seeing import plan_of

        return plan_of(self.store, self.resolve(id))

    def usual_times(self, workflow: str) -> "UsualTimes":
        """When the steps of a workflow usually start here and how long they take, by its latest completed runs."""
        from treadle.seeing.durations import usual_times

        return usual_times(self.store, str(self._root), workflow)

    def reused(self, id: str, step: str) -> "Sequence[Reused]":
        """What the cache had to say of the attempts of a step (`scope/step`, with `#visit` for one visit only)."""
        from treadle.seeing.reused import reused

        return reused(self.history(id), self._step_address(self.resolve(id), step))

    @cached_property
    def step_cache(self) -> "StepCache":
        """What steps with `cache` left."""
        from treadle.runtime.step_cache import of_home

        return of_home(self.home, self.settings.cache_limit)

    def figures(self, id: str) -> Sequence[Figure]:
        """What the visits of an execution measured, in the order they started, sensitive values masked."""
        from treadle.seeing.measures import figures_of

        return figures_of(self.pinned_plan(id), self.steps(id))

    def file_changes(self, id: str) -> Sequence[FileChange] | None:
        """The files that an execution changed, by path; None when nothing was kept that tells."""
        from treadle.seeing.changing import files_of

        row = self.resolve(id)
        return files_of(self.home, row, self.store.steps(row.id), self.settings.snapshot_limit)

    def forgiven(self, id: str) -> Mapping[str, str]:
        """Failures that nothing stands against any more, by `scope/step#visit`: `recovered` or `continue_on_error`."""
        from treadle.seeing.forgiven import forgiven

        return forgiven(self._record(self.resolve(id)))

    def tail(self, id: str) -> "LogTail":
        """The logs of an execution as they grow; of one that is about to start as well."""
        from treadle.tailing import LogTail

        return LogTail(self.settings.home / "logs" / id)

    def metrics(self) -> JsonObject:
        """Executions by status, success rate, mean duration, per workflow and in all; `queue`: waiting for places."""
        from treadle.metrics import LATEST, metrics_of, queue_figures

        if not self.settings.metrics:
            raise TreadleError("metrics are switched off", suggestions=(self.settings.origin("metrics"),))
        rows = self.executions()
        logs = (self.store.read(row.id) for row in rows[:LATEST])
        return {**metrics_of(rows), "queue": queue_figures(logs, self.store.slots())}

    def pruning(self, before: int) -> "Pruning":
        """What `prune` would delete."""
        from treadle.seeing.pruning import pruning_of

        return pruning_of(self.store, self.settings.home, before)

    def prune(self, before: int) -> int:
        """Delete executions that ended before a time (microseconds), with their logs and scratch folders; how many."""
        from shutil import rmtree

        from treadle.seeing.pruning import FOLDERS, forget_changes
        from treadle.workspace.snapshots import collect

        forget_changes(self.pruning(before).executions)
        count = self.store.prune(before)
        if count:
            known_ids = {row.id for row in self.store.executions(ExecutionQuery())}
            for kind in FOLDERS:
                folder = self.settings.home / kind
                for entry in folder.iterdir() if folder.is_dir() else ():
                    if entry.name not in known_ids:
                        rmtree(entry, ignore_errors=True)
            collect(self.settings.home)
        return count

    def doctor(self) -> Sequence[Finding]:
        """Look at the invariants I1 to I10, as far as they can be seen from outside a run."""
        from treadle.doctor import examine

        return list(examine(self.store, self.settings.home))

    def _not_ended(self, prefix: str) -> ExecutionRow:
        row = self.resolve(prefix)
        if row.status in TERMINAL:
            raise TreadleError(f"execution {row.id} has ended: it {row.status}", exit_code=ExitCode.CONFLICT)
        return row

    def clean(self, execution: str = "") -> Sequence[Path]:
        """Remove worktrees of ended executions, or of one, with what was never merged from them; where they were."""
        from treadle.doctor import idle_worktrees
        from treadle.workspace.worktrees import Worktrees

        worktrees = Worktrees(self.settings.home, self.settings.snapshot_limit)
        found = list(worktrees.of(execution) if execution else idle_worktrees(self.store, self.settings.home))
        for worktree in found:
            worktrees.remove(worktree)
        return [worktree.path for worktree in found]

    def _drop_worktrees(self, row: ExecutionRow, to: str) -> None:
        """What was made apart goes with a rollback of the whole execution."""
        if not to and (self.settings.home / "worktrees" / row.id).is_dir():
            self.clean(row.id)

    def _live(self, row: ExecutionRow) -> ExecutionRow:
        if row.status not in TERMINAL:
            row, driven = self._fresh(row), self.driven(row.id)
            row = row._replace(status=live_status(row.status, driven=driven, running=self._has_running(row)))
        return row._replace(outputs=self._display(row.outputs), error=self._display(row.error))

    def _record(self, row: ExecutionRow) -> "Record":
        from treadle.seeing import read_record

        return read_record(self.store, self.settings, row, driven=self.driven(row.id))

    def _has_running(self, row: ExecutionRow) -> bool:
        return bool(at_work(self.store.steps(row.id), self._waits(row)))

    def _display(self, value: Json) -> Json:
        from treadle.runtime.codec import displayed

        return displayed(value, self.store.payload)

    def _step_address(self, row: ExecutionRow, step: str) -> str:
        """`scope/step#visit`, also for what names a scope with one step, such as `cells[4]`; "" for "".

        Raises `TreadleError` (3) when the workflow has no such step.
        """
        if not step or any(step in {it.address, f"{it.address}#{it.visit}"} for it in self.store.steps(row.id)):
            return step
        from treadle.seeing import step_named

        return step_named(self.pinned_plan(row.id), step)

    def _log_files(self, execution: str, step: str) -> Iterator[tuple[str, Path]]:
        from treadle.runtime.logs import log_path

        folder = self.settings.home / "logs" / execution
        for row in self.store.steps(execution):
            if step and step not in {row.address, f"{row.address}#{row.visit}"}:
                continue
            for mark in ("", "!undo"):
                for attempt in range(1, max(row.attempts, 1) + 1):
                    address = f"{row.address}#{row.visit}{mark}.{attempt}"
                    path = log_path(folder, address)
                    if path.is_file():
                        yield address, path

    def migrate(self, source: str, target: str, told: "Told | None" = None) -> "Moved":
        """Copy everything from one state store into another, by their URLs, and compare; see `treadle.moving.move`."""
        from treadle.moving import move

        ours, theirs = self._opened(source), self._opened(target)
        try:
            return move(ours, theirs, told or (lambda *_: None))
        finally:
            ours.close()
            theirs.close()

    def _open_store(self) -> StoreBackend:
        return self._opened(self.settings.store)

    def _opened(self, url: str) -> StoreBackend:
        private_folder(self.settings.home)
        store = self.plugins.state_store(url.split(":", 1)[0])(url, self.settings.store_options(url))
        store.open()
        return store


def private_folder(folder: Path) -> Path:
    """Make a folder that nobody else can read, if it is not there; its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
