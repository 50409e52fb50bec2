"""A worker's part of executions that another runtime drives: attempts and compensations, one at a time, by command."""

import asyncio
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import orjson
from treadle_engine.addresses import scope_at
from treadle_engine.exchange import command_from_json, stimulus_to_json
from treadle_engine.plan import Cache, Limits, Plan, StepPlan, plan_from_json
from treadle_engine.protocol import (
    AttemptAsks,
    AttemptEnded,
    AttemptLost,
    Compensate,
    CompensationEnded,
    StartAttempt,
    Stimulus,
)
from treadle_engine.state import State
from treadle_hookspecs import Blobs, ExecutionRow, JsonObject

from treadle.runtime.clock import now
from treadle.runtime.context import StepContext
from treadle.runtime.environment import Environment
from treadle.runtime.execution import Execution
from treadle.runtime.logs import log_path
from treadle.runtime.making import codec_of, execution_of
from treadle.runtime.performing import Performer
from treadle.runtime.step_cache import StepCache, of_home
from treadle.runtime.trees import Trees
from treadle.secrets import Masker

_KEPT: Final = 64
"""Executions that a worker has at hand; one that is needed again is made again."""


class Performances:
    """Fulfils `treadle_hookspecs.Performer` for a folder of this machine.

    Args:
        environment: what the actions are handed comes from here.
        root: the folder that executions work in here, wherever they were started.
        blobs: have the plans.
    """

    def __init__(self, environment: Environment, root: Path, blobs: Blobs) -> None:
        self._environment = environment
        self._root = root
        self._blobs = blobs
        self._plan = lru_cache(maxsize=_KEPT)(self._read_plan)
        self._executions: dict[str, Execution] = {}
        self._cache: StepCache | None = None
        self._trees = Trees(blobs)

    @property
    def name(self) -> str:
        """The same for every process of this state and folder."""
        place = f"{self._environment.home}\0{self._root}"
        return hashlib.sha256(place.encode()).hexdigest()[:16]

    async def take(self, task: JsonObject) -> str:
        """An execution belongs to this worker from now on; see `treadle_hookspecs.Performer.take`."""
        id_, tree = str(task["execution"]), str(task["tree"])
        self._executions.pop(id_, None)
        if tree:
            await asyncio.to_thread(self._trees.restore, tree, self._own_folder(id_))
        return await self._kept(task)

    async def _kept(self, task: JsonObject) -> str:
        return await asyncio.to_thread(self._trees.keep, self._root_of(str(task["execution"]))) if task["keeps"] else ""

    def _own_folder(self, execution: str) -> Path:
        """Where the files of an execution lie that another worker had before."""
        return self._environment.home / "workspaces" / execution

    def _root_of(self, execution: str) -> Path:
        own = self._own_folder(execution)
        return own if own.is_dir() else self._root

    async def perform(self, task: JsonObject, *, leaving: Callable[[], bool]) -> JsonObject:
        """Carry out a command to its end; see `treadle_hookspecs.Performer.perform`."""
        command = command_from_json(task["command"])
        execution = self._execution(task)
        if isinstance(command, Compensate):
            context = StepContext(execution.surroundings, command.address, {}, purpose="undo")
            said = await self._undo(execution, command, context, leaving)
        elif isinstance(command, StartAttempt):
            context = _context(execution, command)
            said = await self._attempt(execution, command, context, leaving)
        else:
            raise TypeError(f"{command} is nothing that a worker performs")
        printed = await self._printed(execution.id, context.address)
        return {**stimulus_to_json(said), "log": printed, "tree": await self._kept(task)}

    async def _printed(self, execution: str, address: str) -> dict[str, str]:
        """The log of an attempt, put where others find it."""
        path = log_path(self._environment.home / "logs" / execution, address)
        if not path.is_file():
            return {}
        return {address: await asyncio.to_thread(lambda: self._blobs.put(path.read_bytes()))}

    def close(self) -> None:
        """Let go of the cache of steps."""
        if self._cache is not None:
            self._cache.close()

    async def _attempt(
        self, execution: Execution, command: StartAttempt, context: StepContext, leaving: Callable[[], bool]
    ) -> Stimulus:
        address = command.address
        try:
            ended = await Performer(execution).visit(command, context, interrupted=leaving)
        finally:
            context.close()
        if isinstance(ended, AttemptAsks):
            return ended._replace(ask=execution.guard.mask_json(ended.ask))
        if ended.outcome == "cancelled" and leaving():
            return AttemptLost(address, now())
        return _guarded(ended, execution)

    async def _undo(
        self, execution: Execution, command: Compensate, context: StepContext, leaving: Callable[[], bool]
    ) -> Stimulus:
        try:
            ended = await Performer(execution).undo(command, context)
        finally:
            context.close()
        if ended.outcome == "cancelled" and leaving():
            return AttemptLost(command.address, now())
        ended = _guarded(ended, execution)
        return CompensationEnded(ended.address, ended.at, ended.error, ended.draw)

    def _execution(self, task: JsonObject) -> Execution:
        id_ = str(task["execution"])
        found = self._executions.get(id_)
        if found is None:
            while len(self._executions) >= _KEPT:
                self._executions.pop(next(iter(self._executions)))
            found = self._executions[id_] = self._made(id_, task)
        return found

    def _made(self, id_: str, task: JsonObject) -> Execution:
        environment, logs = self._environment, Masker()
        row = ExecutionRow(
            id_,
            str(task["workflow"]),
            str(task["version"]),
            "running",
            str(self._root_of(id_)),
            "",
            None,
            0,
            plan=str(task["plan"]),
            origin=str(task["origin"]),
        )
        codec = codec_of(environment.home, environment.settings, environment.store, logs)
        state = PlannedState(self._plan(row.plan), id_)
        return execution_of(row, state, _Unclaimed(id_), codec, logs, environment, self._opened_cache)

    def _read_plan(self, digest: str) -> Plan:
        return plan_from_json(orjson.loads(self._blobs.get(digest)))

    def _opened_cache(self) -> StepCache:
        if self._cache is None:
            self._cache = of_home(self._environment.home, self._environment.settings.cache_limit)
        return self._cache


class PlannedState(State):
    """What is known of an execution where only its plan is: nothing has been folded."""

    def step_plan(self, scope: str, step: str) -> StepPlan:
        """A step by the address of its scope, which need not have opened."""
        return next(found for found in scope_at(self.plan, scope).steps if found.id == step)

    def limits_of(self, scope: str, step: str) -> Limits | None:
        """As for a scope that has opened."""
        return self.step_plan(scope, step).limits

    def cache_of(self, scope: str, step: str) -> Cache | None:
        """As for a scope that has opened."""
        return self.step_plan(scope, step).cache


class _Unclaimed:
    """Stands for the claim of an execution that is driven elsewhere."""

    epoch = 0

    def __init__(self, execution: str) -> None:
        self.execution = execution

    def release(self) -> None:
        """Nothing was taken."""


def _context(execution: Execution, command: StartAttempt) -> StepContext:
    address = command.address
    limits = execution.state.limits_of(address.scope, address.step) if execution.limited else None
    context = StepContext(execution.surroundings, address, command.env, limits=limits, replies=command.replies)
    if execution.reuse is not None:
        context.reuse = execution.reuse(command)
    return context


def _guarded(ended: AttemptEnded, execution: Execution) -> AttemptEnded:
    """Secrets in what an attempt gives back are masked."""
    mask = execution.guard.mask_json
    return ended._replace(outputs=mask(ended.outputs), error=mask(ended.error))
