"""Making an execution: from its row and state to all that is worked with, and what its first event says of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from treadle_engine.budgets import left
from treadle_engine.plan import LANGUAGE_VERSION, plan_from_json
from treadle_engine.state import State, fold
from treadle_hookspecs import Claim, Event, ExecutionRow, ExitCode, JsonObject, StoreBackend, TreadleError

from treadle.runtime.clock import now
from treadle.runtime.codec import Codec
from treadle.runtime.context import Surroundings
from treadle.runtime.environment import Environment
from treadle.runtime.execution import Execution
from treadle.runtime.guard import SecretGuard
from treadle.runtime.launch import Launch
from treadle.runtime.projection import Projector
from treadle.runtime.provisions import kept_files, places_of, reuse_of
from treadle.runtime.sealed import inner_sensitive_inputs, secret_sources, sensitive_inputs, sensitive_outputs, steps_of
from treadle.runtime.step_cache import StepCache
from treadle.secrets import Masker, SecretResolver, Vault

if TYPE_CHECKING:
    from treadle.runtime.logs import StepLog
    from treadle.settings import Settings


def execution_of(
    row: ExecutionRow,
    state: State,
    claim: Claim,
    codec: Codec,
    logs: Masker,
    environment: Environment,
    cache: Callable[[], StepCache],
) -> Execution:
    """All that is worked with for an execution that stands in `row` and is folded up to `state`."""
    plan = state.plan
    guard = SecretGuard(logs)
    return Execution(
        row.id,
        state,
        claim,
        Projector(row),
        codec,
        guard,
        _surroundings(row, state, logs, guard, environment),
        environment.plugins.resolve,
        environment.plugins.resolve_rollback,
        sensitive_outputs(plan),
        inner_sensitive_inputs(plan) if plan.children else {},
        any(step.limits is not None for step in steps_of(plan)),
        reuse_of(row, state, environment, cache),
        isolated=any(step.isolation is not None for step in steps_of(plan)),
        places=places_of(row, state, claim, environment),
    )


def _surroundings(
    row: ExecutionRow, state: State, logs: Masker, guard: SecretGuard, environment: Environment
) -> Surroundings:
    from treadle.workspace import FolderWorkspace

    root, settings = Path(row.root), environment.settings
    folder = environment.home / "logs" / row.id
    return Surroundings(
        row.id,
        root,
        environment.home / "scratch" / row.id,
        FolderWorkspace(root),
        SecretResolver(secret_sources(state.plan), os.environ, root, guard),
        environment.host,
        lambda address: _open_log(folder, address, logs, settings.log_limit),
        environment.plugins.resolve,
        lambda *told: environment.progressed(row.id, *told),
        settings.grace,
        settings.output_limit,
        kept_files(row, state.plan, environment),
        environment.roster,
        lambda address: state.step_plan(address.scope, address.step).agents,
        lambda address: left(state, address.scope, address.step),
    )


def _open_log(folder: Path, address: str, masker: Masker, limit: int) -> "StepLog":
    from treadle.runtime.logs import StepLog, log_path

    return StepLog(log_path(folder, address), masker, limit)


def codec_of(home: Path, settings: "Settings", store: StoreBackend, logs: Masker) -> Codec:
    """What stands between an execution's memory and the store; `logs` mask what it seals."""
    vault = Vault(home, os.environ, settings.secrets.key_source)
    return Codec(vault.seal, vault.unseal, store.payload, settings.payload_threshold, logs.add)


def read_state(store: StoreBackend, row: ExecutionRow, codec: Codec) -> tuple[State, list[Event]]:
    """The state of an execution, folded from its log, and that log; with plain values.

    Raises:
        TreadleError: its plan is missing from the store.
    """
    content = store.payload(row.plan)
    if content is None:
        raise TreadleError(f"the plan of execution {row.id} is missing", exit_code=ExitCode.STORAGE)
    state = State(plan_from_json(orjson.loads(content)), row.id)
    events = [codec.reveal(event) for event in store.read(row.id)]
    for event in events:
        fold(state, event)
    return state, events


def new_row(launch: Launch, id: str, plan: str, codec: Codec) -> ExecutionRow:
    """The row of an execution that starts now; `plan` is its plan's hash. What has to be sealed, `codec` knows then."""
    for value in (*launch.sensitive, *sensitive_inputs(launch.plan, launch.inputs)):
        codec.add_sensitive(value)
    return ExecutionRow(
        id,
        launch.plan.name,
        launch.plan.version,
        "queued",
        str(launch.root),
        launch.trigger_type,
        codec.protect_json(launch.trigger_data, id),
        now(),
        definition=launch.definition.hash,
        plan=plan,
        origin=launch.origin,
    )


def header_of(launch: Launch, row: ExecutionRow, host: str) -> JsonObject:
    """What the first event says of an execution, beside its inputs and trigger. `host` is this machine's name."""
    header: dict[str, object] = {
        "definition": row.definition,
        "plan": row.plan,
        "language": LANGUAGE_VERSION,
        "root": row.root,
        "host": host,
    }
    if launch.origin:
        header["origin"] = launch.origin
    if launch.children:
        header["children"] = dict(launch.children)
    if launch.takeover is not None:
        header["takeover"] = launch.takeover
    return header  # type: ignore[return-value]
