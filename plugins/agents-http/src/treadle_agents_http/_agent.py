"""The agent kind `http`."""

import asyncio
import contextlib
import os
from typing import Any, Final
from urllib.parse import quote, urlsplit

from treadle_hookspecs import (
    ActionContext,
    ActionError,
    AgentHealth,
    AgentResult,
    AgentTask,
    JsonObject,
    TreadleError,
)

from treadle_agents_http._requests import Reply, send

_SETTINGS: Final = ("endpoint", "path", "health", "token", "poll")
_HEALTHY: Final = frozenset({"", "healthy", "ok", "up", "pass"})
_QUICK: Final = 5.0
_WHOLE_TASK: Final = 86_400.0
"""Seconds that a server may take over one request: the host ends the task when its time is up."""
_DONE: Final = 200
_ACCEPTED: Final = 202
_RUNNING: Final = frozenset({"running", "queued", "pending", "accepted", "in_progress"})


class HttpAgent:
    """A server that takes tasks; see the README for what it is asked.

    Raises:
        TreadleError: the settings are wrong.
    """

    def __init__(self, name: str, settings: JsonObject) -> None:
        self._name = name
        unknown = [key for key in settings if key not in _SETTINGS]
        if unknown:
            raise self._wrong(f"there is no setting {', '.join(unknown)}; known: {', '.join(_SETTINGS)}")
        self._endpoint = str(settings.get("endpoint", "")).rstrip("/")
        parts = urlsplit(self._endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise self._wrong("`endpoint` is an address such as http://localhost:3001")
        self._path = str(settings.get("path", "/tasks"))
        self._health = str(settings.get("health", "/health"))
        self._variable = str(settings.get("token", ""))
        poll = settings.get("poll", 1.0)
        if isinstance(poll, bool) or not isinstance(poll, int | float) or poll < 0:
            raise self._wrong("`poll` is a number of seconds")
        self._poll = float(poll)

    async def check(self) -> AgentHealth:
        """Ask for its health."""
        try:
            reply = await self._send("GET", self._health, seconds=_QUICK)
        except OSError as error:
            return AgentHealth(ok=False, message=f"nobody answers at {self._endpoint}: {_reason(error)}")
        status = str(reply.data.get("status", "")).lower()
        if not 200 <= reply.status < 300 or status not in _HEALTHY:
            return AgentHealth(ok=False, message=f"{self._endpoint}{self._health} says {status or reply.status}")
        return AgentHealth(ok=True, message=self._endpoint)

    async def perform(self, task: AgentTask, context: ActionContext) -> AgentResult:
        """Send the task and wait for its result; a cancellation is passed on."""
        id_ = task.idempotency_key or context.idempotency_key
        body: dict[str, Any] = {
            "id": id_,
            "instructions": task.instructions,
            "prompt": task.prompt,
            "files": list(task.files),
            "root": str(context.workspace.root),
            "expect": task.expect,
            "feedback": task.feedback,
        }
        try:
            reply = await self._send("POST", self._path, body, seconds=_WHOLE_TASK)
            place = f"{self._path}/{quote(str(reply.data.get('id') or id_), safe='')}"
            while reply.status == _ACCEPTED or str(reply.data.get("status", "")).lower() in _RUNNING:
                await asyncio.sleep(self._poll)
                context.progress(_fraction(reply), str(reply.data.get("message", "")))
                reply = await self._send("GET", place)
        except OSError as error:
            raise ActionError(f"{self._endpoint} is gone: {_reason(error)}", error_class="unavailable") from error
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._send("DELETE", f"{self._path}/{quote(id_, safe='')}", seconds=_QUICK)
            raise
        return self._result(reply)

    def _result(self, reply: Reply) -> AgentResult:
        if reply.status != _DONE:
            said = str(reply.data.get("error") or reply.text)[:500]
            raise ActionError(f"{self._endpoint} answered {reply.status}: {said}", error_class="unavailable")
        data = reply.data
        failed = str(data.get("status", "")).lower() in ("failed", "error", "cancelled")
        return AgentResult(
            str(data.get("summary", "")),
            str(data.get("text", "")),
            _figure(data.get("money")),
            int(_figure(data.get("tokens"))),
            str(data.get("transcript") or reply.text),
            str(data.get("error") or "it says that it failed") if failed else "",
        )

    async def _send(self, method: str, path: str, body: Any = None, *, seconds: float = 30.0) -> Reply:
        token = os.environ.get(self._variable, "") if self._variable else ""
        return await send(method, self._endpoint + path, body, token=token, seconds=seconds)

    def _wrong(self, what: str) -> TreadleError:
        return TreadleError(f"agent {self._name}: {what}")


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", "") or error)


def _figure(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _fraction(reply: Reply) -> float | None:
    value = reply.data.get("progress")
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None
