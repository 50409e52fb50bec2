"""What treadle-agents-llm contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Agent, hookimpl


@hookimpl
def treadle_agents() -> Iterable[Agent]:
    """Language models."""
    yield Agent("llm", "treadle_agents_llm._agent:LlmAgent", "a language model behind an OpenAI-compatible endpoint")
