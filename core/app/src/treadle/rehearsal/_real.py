"""Actions that a case asks to be real: run as a run would, in the project, with a scratch folder of their own."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_engine.addresses import scope_at
from treadle_engine.plan import Plan, StepPlan
from treadle_engine.protocol import Address, AttemptEnded, Compensate, StartAttempt, StartWorkflow
from treadle_hookspecs import JsonObject, TreadleError

from treadle.rehearsal._stage import EXECUTION, Asked, Ending

if TYPE_CHECKING:
    from treadle.api import Treadle
    from treadle.runtime.context import Surroundings


class RealActions:
    """Runs actions, one at a time, to their ends."""

    def __init__(self, treadle: "Treadle", plan: Plan, surroundings: "Surroundings") -> None:
        self._treadle = treadle
        self._plan = plan
        self._surroundings = surroundings

    def __call__(self, command: Asked) -> Ending:
        """Run it and wait for its end. A workflow of its own is another execution: none is started here."""
        if isinstance(command, StartWorkflow):
            return Ending()
        ended = asyncio.run(self._attempt(command))
        return Ending(ended.outcome, ended.outputs, ended.error)

    async def _attempt(self, command: StartAttempt | Compensate) -> AttemptEnded:
        from treadle.runtime.attempts import attempt
        from treadle.runtime.context import StepContext, reveal
        from treadle.runtime.declared import COMMAND, typed

        undo = isinstance(command, Compensate)
        env: JsonObject = {} if isinstance(command, Compensate) else command.env
        context = StepContext(self._surroundings, command.address, env, purpose="undo" if undo else "")
        plugins = self._treadle.plugins
        try:
            rollback = isinstance(command, Compensate) and command.rollback_action
            action = (plugins.resolve_rollback if rollback else plugins.resolve)(command.action)
            inputs = reveal(command.inputs, self._surroundings.secrets)
            ended = await attempt(command.address, action, inputs, context, command.timeout)  # type: ignore[arg-type]
            return ended if undo or command.action != COMMAND else typed(ended, self._step(command.address))
        except TreadleError as error:
            return _failed(command.address, error)
        finally:
            context.close()

    def _step(self, address: Address) -> StepPlan:
        scope = scope_at(self._plan, address.scope)
        return next(step for step in scope.steps if step.id == address.step)


@contextmanager
def real_actions(treadle: "Treadle", plan: Plan) -> Iterator[RealActions]:
    """For one case. What its actions log goes with the scratch folder when the case is over."""
    folder = Path(tempfile.mkdtemp(prefix="treadle-test-"))
    try:
        yield RealActions(treadle, plan, _surroundings(treadle, plan, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _surroundings(treadle: "Treadle", plan: Plan, folder: Path) -> "Surroundings":
    from treadle.runtime.context import Surroundings
    from treadle.runtime.logs import StepLog, log_path
    from treadle.secrets import Masker, SecretResolver
    from treadle.workspace import FolderWorkspace

    root, settings, masker = treadle.root, treadle.settings, Masker()
    return Surroundings(
        EXECUTION,
        root,
        folder / "scratch",
        FolderWorkspace(root),
        SecretResolver(plan.secrets, os.environ, root, masker),
        treadle.host(),
        lambda address: StepLog(log_path(folder / "logs", address), masker, settings.log_limit),
        treadle.plugins.resolve,
        lambda *_: None,
        settings.grace,
        settings.output_limit,
    )


def _failed(address: Address, error: TreadleError) -> AttemptEnded:
    return AttemptEnded(address, 0, "failure", {}, {"type": error.code or "error", "message": error.message})
