"""What is asked of a Temporal service about executions, and what its answers mean."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import QueryRejectCondition, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode
from treadle_hookspecs import ExitCode, Json, JsonObject, RuntimeHost, TreadleError

from treadle_temporal._names import HEARD, INTERPRETER, LOG, SAY, Segment
from treadle_temporal._payloads import converter

_PATIENCE: Final = timedelta(seconds=5)
"""How long a query may take: without a worker nobody answers it."""
_CONNECTING: Final = timedelta(seconds=10)
_AWAY: Final = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.UNKNOWN, RPCStatusCode.RESOURCE_EXHAUSTED})
_UNANSWERED: Final = frozenset(
    {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION}
)
"""Of a query for which there is no worker."""
_NO_EVENT: Final = 2**53
_LOOKED: Final = 65.0
"""Seconds within which a worker that is there asks for work again."""


async def connected(host: RuntimeHost, address: str, namespace: str) -> Client:
    """A client. Raises `TreadleError` (exit code 6) when nobody answers at that address."""
    try:
        return await Client.connect(
            address,
            namespace=namespace,
            data_converter=converter(host),
            tls=bool(host.options.get("tls")),
            api_key=os.environ.get("TEMPORAL_API_KEY") or None,
            connect_timeout=_CONNECTING,
        )
    except RuntimeError as error:
        raise _unreachable(address, error) from error


class ExecutionClient:
    """Asks about executions at one address and in one namespace."""

    def __init__(self, host: RuntimeHost, client: Client, address: str) -> None:
        self._host = host
        self._client = client
        self._address = address

    @classmethod
    async def connect(cls, host: RuntimeHost, address: str, namespace: str) -> "ExecutionClient":
        """Connect. Raises `TreadleError` (exit code 6) when nobody answers."""
        return cls(host, await connected(host, address, namespace), address)

    async def begin(self, location: JsonObject, beginning: Mapping[str, Any], stimuli: Any) -> None:
        """Begin a run, or say the stimuli to the one that goes on."""
        with self._errors():
            await self._client.start_workflow(
                INTERPRETER,
                beginning,
                id=str(location["workflow"]),
                task_queue=str(location["task_queue"]),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=SAY,
                start_signal_args=[stimuli],
                static_summary=f"{beginning['workflow']} {beginning['version']}".rstrip(),
            )

    async def tell(self, location: JsonObject, stimuli: Sequence[JsonObject]) -> None:
        """Say something. Raises `TreadleError` (exit code 5) when the last run has ended, or there is none."""
        with self._errors():
            await self._handle(location).signal(SAY, stimuli)

    async def heard(self, location: JsonObject, tokens: list[str]) -> bool:
        """All of it was heard, or the run has ended."""
        try:
            return bool(await self._asked(location, HEARD, tokens))
        except WorkflowQueryRejectedError:
            return True
        except TreadleError as error:
            if error.exit_code != ExitCode.CONFLICT:
                raise
            return True

    async def events(self, location: JsonObject, after: int) -> list[Mapping[str, Any]]:
        """Events after one, of the last run and those before it; none when no worker answers, or nothing is there."""
        try:
            part = await self._asked(location, LOG, after)
        except WorkflowQueryRejectedError as rejected:
            part = {"segments": (await self._ended(location, rejected.status))["segments"], "events": []}
        except TreadleError as error:
            if error.exit_code != ExitCode.CONFLICT:
                raise
            part = None
        if part is None:
            return []
        found = [event for segment in part["segments"] for event in self._segment(segment)]
        return [event for event in (*found, *part["events"]) if event["seq"] > after]

    async def logs(self, location: JsonObject) -> Mapping[str, str]:
        """What attempts printed: hashes by address."""
        try:
            part = await self._asked(location, LOG, _NO_EVENT)
        except WorkflowQueryRejectedError as rejected:
            part = await self._ended(location, rejected.status)
        found: Mapping[str, str] = part["logs"] if part is not None else {}
        return found

    async def attended(self, location: JsonObject) -> bool:
        """A worker has asked for work in the last minute."""
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=str(location["task_queue"])),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        with self._errors():
            answer = await self._client.workflow_service.describe_task_queue(request)
        return any(time.time() - poller.last_access_time.seconds < _LOOKED for poller in answer.pollers)

    async def _asked(self, location: JsonObject, query: str, argument: Json) -> Any:
        """The answer, None when no worker gives one. Raises `WorkflowQueryRejectedError` for a run that has ended."""
        try:
            with self._errors():
                return await self._handle(location).query(
                    query, argument, reject_condition=QueryRejectCondition.NOT_OPEN, rpc_timeout=_PATIENCE
                )
        except RPCError as error:
            if error.status not in _UNANSWERED:
                raise
            return None
        except WorkflowQueryFailedError:  # the run has just begun, and has not been taken up
            return None

    async def _ended(self, location: JsonObject, status: WorkflowExecutionStatus | None) -> Any:
        try:
            with self._errors():
                return await self._handle(location).result()
        except WorkflowFailureError as error:
            how = status.name.lower() if status is not None else "ended"
            raise TreadleError(
                f"the Temporal workflow {location['workflow']} was {how} there, and not by treadle: {error.cause}",
                exit_code=ExitCode.FAILED,
                suggestions=("treadle resume goes on with what was seen of it",),
            ) from error

    def _segment(self, segment: Segment) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = json.loads(self._host.blobs.get(segment["hash"]))
        return found

    def _handle(self, location: JsonObject) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(str(location["workflow"]))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise TreadleError(
                    "Temporal knows no such execution that goes on", exit_code=ExitCode.CONFLICT
                ) from error
            if error.status in _AWAY:
                raise _unreachable(self._address, error) from error
            raise


def _unreachable(address: str, error: Exception) -> TreadleError:
    return TreadleError(
        f"Temporal cannot be reached at {address}: {error}",
        exit_code=ExitCode.STORAGE,
        suggestions=("is it running? `temporal server start-dev` starts one on this machine", "--address HOST:PORT"),
    )
