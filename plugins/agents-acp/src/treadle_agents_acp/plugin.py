"""What treadle-agents-acp contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Agent, hookimpl


@hookimpl
def treadle_agents() -> Iterable[Agent]:
    """Coding agents with a protocol of their own."""
    yield Agent("acp", "treadle_agents_acp._agent:AcpAgent", "a coding agent that speaks the Agent Client Protocol")
