"""One session: set up, one prompt, its end."""

import asyncio
import contextlib
import json
from typing import Any, Final

import acp
from acp import schema
from treadle_hookspecs import ActionContext, ActionError, AgentResult, AgentTask, Talk

from treadle_agents_acp._agent import Configuration
from treadle_agents_acp._client import WorkspaceClient

_ASKING: Final = ("default", "ask", "plan", "manual", "read-only", "code")
"""Modes in which agents are known to ask before they change something, the first ones preferred."""
_START_SECONDS: Final = 60.0
_CANCEL_SECONDS: Final = 3.0


class Lines:
    """The protocol's messages as lines of JSON over a program's stdin and stdout."""

    def __init__(self, talk: Talk, heard: list[str]) -> None:
        self._talk = talk
        self._heard = heard

    async def send(self, message: dict[str, Any]) -> None:
        """Write a line."""
        self._talk.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def receive(self) -> dict[str, Any] | None:
        """The next message; what is none is kept for the transcript. None at the end."""
        while line := await self._talk.read_line():
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                message = None
            if isinstance(message, dict):
                return message
            self._heard.append(line.decode("utf-8", "replace").rstrip())
        return None

    async def close(self) -> None:
        """The program is ended by whoever started it."""


async def hold_session(configuration: Configuration, task: AgentTask, context: ActionContext) -> AgentResult:
    """Start the agent, ask it, and end it.

    Raises:
        ActionError: it does not speak the protocol, or would approve its own work (`unavailable`).
    """
    # Terminals and the like are not announced as capabilities, so nobody calls them.
    client = WorkspaceClient(configuration, context)  # type: ignore[abstract]
    async with context.talk(configuration.argv, env=configuration.env) as talk:
        connection = acp.connect_to_agent(client, Lines(talk, client.transcript))
        try:
            session = await _opened(connection, configuration, context)
            reply = await _prompted(connection, session, task)
        except acp.RequestError as error:
            detail = f" ({error.data})" if error.data else ""
            raise ActionError(f"{configuration.argv[0]} gave up: {error}{detail}", error_class="agent") from error
        except (ConnectionError, EOFError) as error:
            raise ActionError(f"{configuration.argv[0]} ended: {error}", error_class="unavailable") from error
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), _CANCEL_SECONDS)
    return _result(client, reply)


async def _opened(connection: Any, configuration: Configuration, context: ActionContext) -> str:
    """A session below the root, in a mode in which the agent asks."""
    capabilities = schema.ClientCapabilities(
        fs=schema.FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=False
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            await connection.initialize(protocol_version=acp.PROTOCOL_VERSION, client_capabilities=capabilities)
            session = await connection.new_session(cwd=str(context.workspace.root), mcp_servers=[])
            if mode := _mode(configuration, session.modes):
                await connection.set_session_mode(session_id=session.session_id, mode_id=mode)
    except TimeoutError as error:
        raise ActionError(
            f"{configuration.argv[0]} opened no session within {_START_SECONDS:g} s", error_class="unavailable"
        ) from error
    return str(session.session_id)


def _mode(configuration: Configuration, modes: schema.SessionModeState | None) -> str:
    """The mode to set; "" to leave it as it is. Raises `ActionError` where the agent would not ask."""
    if modes is None:
        return configuration.mode
    known = [mode.id for mode in modes.available_modes]
    wanted = configuration.mode or next((mode for mode in _ASKING if mode in known), "")
    if wanted and wanted in known:
        return "" if wanted == modes.current_mode_id else wanted
    if configuration.any_mode and not configuration.mode:
        return ""
    what = f"has no mode {wanted!r}" if wanted else f"starts in the mode {modes.current_mode_id!r}, and may not ask"
    raise ActionError(
        f"{configuration.argv[0]} {what}; its modes: {', '.join(known)}; set `mode` or `any_mode` for it",
        error_class="unavailable",
        retryable=False,
    )


async def _prompted(connection: Any, session: str, task: AgentTask) -> schema.PromptResponse:
    """Ask; a cancellation is told to the agent before it is ended."""
    asking = asyncio.ensure_future(connection.prompt(session_id=session, prompt=[acp.text_block(task.prompt)]))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await connection.cancel(session_id=session)
            await asyncio.wait_for(asking, _CANCEL_SECONDS)
        raise


def _result(client: WorkspaceClient, reply: schema.PromptResponse) -> AgentResult:
    text = "".join(client.said)
    tokens = reply.usage.total_tokens if reply.usage is not None else 0
    failure = "" if reply.stop_reason == "end_turn" else f"it stopped: {reply.stop_reason.replace('_', ' ')}"
    summary = text.strip().rpartition("\n")[2][:200]
    return AgentResult(summary, text, client.money, tokens, "\n".join([*client.transcript, text]), failure)
