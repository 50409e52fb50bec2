"""A coding agent without a model: it does over the protocol what its first argument says.

    python scripted_acp_agent.py PLAN

What it was asked is in the file $PROMPT, else in prompt.txt where it works.

edit: reads calc.py through the client, asks, and writes it through the client. direct: asks and writes by itself.
execute: asks to run a command. outside: asks to edit /etc/passwd, then writes it through the client all the same.
hang: says in a file that it has begun, leaves a child behind, and never answers. auto: as edit, but would not ask.
noisy: as edit, after two megabytes on stderr and a line on stdout that is no message. broken: exits at once.
"""

import asyncio
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import acp
from acp import schema

PLAN = sys.argv[1]


class ScriptedAgent(acp.Agent):
    def __init__(self) -> None:
        self.root = Path()
        self.mode = "auto" if PLAN == "auto" else "default"
        self.cancelled = asyncio.Event()
        self.client: Any = None

    def on_connect(self, conn: Any) -> None:
        self.client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> schema.InitializeResponse:
        return schema.InitializeResponse(protocol_version=protocol_version)

    async def new_session(self, cwd: str, **_: Any) -> schema.NewSessionResponse:
        self.root = Path(cwd)
        names = ["auto", "yolo"] if PLAN == "auto" else ["default", "auto"]
        modes = schema.SessionModeState(
            current_mode_id=self.mode, available_modes=[schema.SessionMode(id=name, name=name) for name in names]
        )
        return schema.NewSessionResponse(session_id=uuid.uuid4().hex, modes=modes)

    async def set_session_mode(self, mode_id: str, **_: Any) -> schema.SetSessionModeResponse:
        self.mode = mode_id
        return schema.SetSessionModeResponse()

    async def cancel(self, **_: Any) -> None:
        (self.root / "told-to-stop").touch()
        self.cancelled.set()

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> schema.PromptResponse:
        (self.root / os.environ.get("PROMPT", "prompt.txt")).write_text(prompt[0].text)
        if PLAN == "hang":
            child = await asyncio.create_subprocess_exec("sleep", "617.5")
            (self.root / "begun.txt").touch()
            with open(os.environ["BEGUN"], "w") as pipe:  # noqa: ASYNC230, PTH123 - the test reads it
                pipe.write(str(child.pid))
            await self.cancelled.wait()
            await asyncio.sleep(3600)
        if PLAN == "noisy":
            sys.stderr.write("x" * 2_000_000)
            os.write(1, b"this is no message\n")
        await self.work(session_id)
        await self.client.session_update(session_id=session_id, update=acp.update_agent_message_text("Done."))
        cost = schema.Cost(amount=0.25, currency="USD")
        usage = schema.UsageUpdate(used=10, size=100, cost=cost, session_update="usage_update")
        await self.client.session_update(session_id=session_id, update=usage)
        used = schema.Usage(total_tokens=12, input_tokens=10, output_tokens=2)
        return schema.PromptResponse(stop_reason="end_turn", usage=used)

    async def work(self, session_id: str) -> None:
        if PLAN == "execute":
            if await self.may(session_id, "execute", None):
                (self.root / "executed").touch()
            return
        target = Path("/etc/passwd") if PLAN == "outside" else self.root / "calc.py"
        if PLAN == "direct":
            if await self.may(session_id, "edit", target):
                target.write_text(target.read_text().replace("a - b", "a + b"))
            return
        found = await self.client.read_text_file(session_id=session_id, path=str(target))
        if await self.may(session_id, "edit", target) or PLAN == "outside":
            changed = found.content.replace("a - b", "a + b")
            await self.client.write_text_file(session_id=session_id, path=str(target), content=changed)

    async def may(self, session_id: str, kind: Any, place: Path | None) -> bool:
        if self.mode != "default":
            return True
        locations = [schema.ToolCallLocation(path=str(place))] if place else None
        call = schema.ToolCallUpdate(tool_call_id="1", kind=kind, title=f"{kind} it", locations=locations)
        options = [
            schema.PermissionOption(option_id="yes", name="Yes", kind="allow_once"),
            schema.PermissionOption(option_id="no", name="No", kind="reject_once"),
        ]
        answer = await self.client.request_permission(session_id=session_id, tool_call=call, options=options)
        return getattr(answer.outcome, "option_id", "") == "yes"


if __name__ == "__main__":
    if PLAN == "broken":
        sys.exit("no")
    asyncio.run(acp.run_agent(ScriptedAgent()))
