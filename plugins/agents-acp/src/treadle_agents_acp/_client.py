"""What the agent may ask of us while it works: files below the root, and permission by kind and place."""

from pathlib import Path
from typing import Any

import acp
from acp import schema
from treadle_hookspecs import ActionContext, TreadleError

from treadle_agents_acp._agent import Configuration


class WorkspaceClient(acp.Client):
    """The client's side of one session.

    Attributes:
        said: the pieces of text that the agent has sent.
        transcript: what it did and asked, a line each.
        money: what it says the session has cost so far.
    """

    def __init__(self, configuration: Configuration, context: ActionContext) -> None:
        self.said: list[str] = []
        self.transcript: list[str] = []
        self.money = 0.0
        self._allow = configuration.allow
        self._context = context
        self._root = context.workspace.root
        self._kinds: dict[str, str] = {}

    async def request_permission(
        self, session_id: str, tool_call: schema.ToolCallUpdate, options: list[schema.PermissionOption], **_: Any
    ) -> schema.RequestPermissionResponse:
        """Once, by its kind, and only below the root. Some agents name the kind in an earlier update only."""
        del session_id  # there is one
        kind = tool_call.kind or self._kinds.get(tool_call.tool_call_id, "other")
        places = [location.path for location in tool_call.locations or ()]
        allowed = kind in self._allow and all(self._name(place) is not None for place in places)
        wanted = ("allow_once", "allow_always") if allowed else ("reject_once", "reject_always")
        chosen = next((option for option in options if option.kind in wanted), None)
        self.transcript.append(f"{'allowed' if allowed else 'rejected'}: {kind} {tool_call.title or ''}".rstrip())
        if chosen is None:
            return schema.RequestPermissionResponse(outcome=schema.DeniedOutcome(outcome="cancelled"))
        outcome = schema.AllowedOutcome(option_id=chosen.option_id, outcome="selected")
        return schema.RequestPermissionResponse(outcome=outcome)

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        """Text, tool calls and costs are noted."""
        del session_id
        if isinstance(update, schema.AgentMessageChunk):
            self.said.append(getattr(update.content, "text", ""))
        elif isinstance(update, schema.ToolCallStart | schema.ToolCallProgress):
            if update.kind:
                self._kinds[update.tool_call_id] = update.kind
            if update.title:
                self.transcript.append(f"{update.kind or 'tool'}: {update.title} {update.status or ''}".rstrip())
                self._context.progress(None, update.title)
        elif isinstance(update, schema.UsageUpdate) and update.cost is not None:
            self.money = max(self.money, update.cost.amount)

    async def read_text_file(
        self, session_id: str, path: str, line: int | None = None, limit: int | None = None, **_: Any
    ) -> schema.ReadTextFileResponse:
        """A file below the root, or some lines of it."""
        del session_id
        try:
            text = self._context.workspace.read_text(self._checked(path))
        except TreadleError as error:
            raise acp.RequestError.invalid_params({"path": path, "reason": error.message}) from error
        if line is not None or limit is not None:
            first = max(0, (line or 1) - 1)
            text = "".join(text.splitlines(keepends=True)[first : None if limit is None else first + limit])
        return schema.ReadTextFileResponse(content=text)

    async def write_text_file(
        self, session_id: str, path: str, content: str, **_: Any
    ) -> schema.WriteTextFileResponse | None:
        """A file below the root; it is journaled and can be undone."""
        del session_id
        if "edit" not in self._allow:
            raise acp.RequestError.invalid_params({"path": path, "reason": "edits are not allowed"})
        try:
            self._context.workspace.write_text(self._checked(path), content)
        except TreadleError as error:
            raise acp.RequestError.invalid_params({"path": path, "reason": error.message}) from error
        self.transcript.append(f"wrote: {path}")
        return None

    def _checked(self, path: str) -> str:
        """A path below the root, relative to it. Raises `acp.RequestError` for another."""
        name = self._name(path)
        if name is None:
            raise acp.RequestError.invalid_params({"path": path, "reason": f"it does not lie below {self._root}"})
        return name

    def _name(self, path: str) -> str | None:
        """Relative to the root, links followed; None outside."""
        place = Path(path) if Path(path).is_absolute() else self._root / path
        try:
            return place.resolve().relative_to(self._root.resolve()).as_posix()
        except ValueError:
            return None
