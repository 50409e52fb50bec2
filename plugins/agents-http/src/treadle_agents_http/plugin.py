"""What treadle-agents-http contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Agent, hookimpl

VARIABLES = {
    "claude-code": "CLAUDE_CODE_ENDPOINT",
    "codegen": "CODEGEN_ENDPOINT",
    "aider": "AIDER_ENDPOINT",
    "goose": "GOOSE_ENDPOINT",
}


@hookimpl
def treadle_agents() -> Iterable[Agent]:
    """Servers."""
    yield Agent("http", "treadle_agents_http._agent:HttpAgent", "a server that takes tasks", VARIABLES)
