"""What treadle-agents-command contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Agent, hookimpl


@hookimpl
def treadle_agents() -> Iterable[Agent]:
    """Programs."""
    yield Agent("command", "treadle_agents_command._agent:CommandAgent", "a program that gets the task and works")
