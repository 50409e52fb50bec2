"""Agents of every kind, with real processes behind them, as a test casts them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from scripted_servers import ModelServer, TaskServer
from users import User

HERE: Final = Path(__file__).parent
ACP: Final = HERE.parents[1] / "plugins/agents-acp/tests/scripted_acp_agent.py"
_ACP_PLANS: Final = {"nothing": "execute", "dear": "edit"}
"""What that program calls it."""


class Cast:
    """The agents that a test asks for, each named `it` in the user's settings.

    Args:
        user: whose they are.
    """

    def __init__(self, user: User) -> None:
        self.user = user
        self.servers: list[TaskServer | ModelServer] = []
        self._prompts = user.home / "prompts"
        self._kind = ""

    def set(self, kind: str, plan: str) -> None:
        """Have `it` be an agent of a kind, which does as `plan` says. See `scripted_program.py` for plans."""
        lines = getattr(self, f"_{kind}")(plan)
        self._kind = kind
        self.user.state.mkdir(exist_ok=True)
        (self.user.state / "config.toml").write_text("\n".join(["[agents.it]", f'kind = "{kind}"', *lines, ""]))

    def environ(self) -> dict[str, str]:
        """What the programs need to know, as variables of the command that starts them."""
        return {"PROMPTS": str(self._prompts), "PROMPT": str(self._prompts), "BEGUN": str(self.user.project / "begun")}

    @property
    def prompts(self) -> list[str]:
        """What `it` was asked, oldest first."""
        if self.servers:
            return self.servers[-1].prompts
        if not self._prompts.exists():
            return []
        text = self._prompts.read_text()
        return [text] if self._kind == "acp" else [json.loads(line) for line in text.splitlines()]

    def hear(self, child: "subprocess.Popen[str]") -> None:
        """Wait until `it` has begun what it will not end."""
        if self.servers:
            assert self.servers[-1].begun.wait(60)
        else:
            self.user.hear(child, "begun")

    def close(self) -> None:
        """Close all servers."""
        for server in self.servers:
            server.close()

    def _command(self, plan: str) -> list[str]:
        return [f"argv = {json.dumps([sys.executable, str(HERE / 'scripted_program.py'), plan])}"]

    def _acp(self, plan: str) -> list[str]:
        return [f"argv = {json.dumps([sys.executable, str(ACP), _ACP_PLANS.get(plan, plan)])}"]

    def _http(self, plan: str) -> list[str]:
        self.servers.append(TaskServer(plan))
        return [f'endpoint = "{self.servers[-1].url}"', "poll = 0.05"]

    def _llm(self, plan: str) -> list[str]:
        self.servers.append(ModelServer(plan))
        return [f'endpoint = "{self.servers[-1].url}/v1"', 'model = "m"', "input_price = 1.0", "output_price = 1.0"]

    def _human(self, _: str) -> list[str]:
        return []


def git(user: User, *words: str) -> str:
    """Git, as somebody who has said who they are."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(user.home), "GIT_CONFIG_NOSYSTEM": "1"}
    name = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    done = subprocess.run(["git", *name, *words], cwd=user.project, env=environ, capture_output=True, check=True)
    return done.stdout.decode()
