"""The agent kind `llm`."""

import os
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import (
    ActionContext,
    ActionError,
    AgentHealth,
    AgentResult,
    AgentTask,
    JsonObject,
    TreadleError,
)

from treadle_agents_llm._router import Model, Router

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_QUICK: Final = 5.0
_CONTENT_LIMIT: Final = 200_000
_LISTED: Final = 10


class LlmAgent:
    """A language model that answers with text; see the README.

    Raises:
        TreadleError: the settings are wrong.
    """

    def __init__(self, name: str, settings: JsonObject) -> None:
        self._name = name
        given = dict(settings)
        seconds: Any = given.pop("seconds", 120.0)
        models: Any = given.pop("models", None)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            raise self._wrong("`seconds` is a number of seconds")
        if (models is None) == (not given):
            raise self._wrong("give it either `endpoint` and `model`, or a list of `models`")
        try:
            self._router = Router([Model.of(each) for each in (models if models is not None else [given])])
        except (TypeError, ValueError) as error:
            raise self._wrong(str(error)) from error
        self._seconds = float(seconds)

    async def check(self) -> AgentHealth:
        """One of its models is there."""
        missing = []
        for model in self._router.ordered():
            problem = await self._missing(model)
            if not problem:
                return AgentHealth(ok=True, message=f"{model.model} at {model.endpoint}")
            missing.append(problem)
        return AgentHealth(ok=False, message="; ".join(missing))

    async def perform(self, task: AgentTask, context: ActionContext) -> AgentResult:
        """Ask the best model, the next one if it fails."""
        if task.expect == "changes":
            message = f"{self._name} is a model that answers with text; it changes no files"
            raise ActionError(message, error_class="unavailable", retryable=False)
        prompt = task.prompt + "".join(self._contents(task, context))
        problems = []
        for model in self._router.ordered():
            try:
                return await self._answer(model, prompt, task)
            except ActionError as error:
                self._router.failed(model)
                problems.append(error.message)
                context.log.warning(error.message)
        raise ActionError("; ".join(problems), error_class="unavailable")

    async def _answer(self, model: Model, prompt: str, task: AgentTask) -> AgentResult:
        from openai import OpenAIError

        options: dict[str, Any] = {"max_completion_tokens": task.tokens} if task.tokens else {}
        try:
            async with self._client(model, self._seconds) as client:
                reply = await client.chat.completions.create(
                    model=model.model, messages=[{"role": "user", "content": prompt}], **options
                )
        except OpenAIError as error:
            raise ActionError(f"{model.model} at {model.endpoint}: {error}", error_class="unavailable") from error
        text = (reply.choices[0].message.content or "") if reply.choices else ""
        if not text.strip():
            raise ActionError(f"{model.model} at {model.endpoint} gave no text", error_class="no-answer")
        self._router.answered(model)
        sent, received = (reply.usage.prompt_tokens, reply.usage.completion_tokens) if reply.usage else (0, 0)
        return AgentResult(
            text.strip().partition("\n")[0][:200], text, model.cost(sent, received), sent + received, text
        )

    async def _missing(self, model: Model) -> str:
        """Why a model cannot be asked, or ""."""
        from openai import OpenAIError

        if model.key and not os.environ.get(model.key):
            return f"{model.model}: the variable {model.key} is not set"
        try:
            async with self._client(model, _QUICK) as client:
                known = [each.id for each in (await client.models.list()).data]
        except OpenAIError as error:
            return f"{model.model} at {model.endpoint}: {error}"
        if known and model.model not in known:
            return f"{model.endpoint} has no model {model.model}; it has {', '.join(known[:_LISTED])}"
        return ""

    def _client(self, model: Model, seconds: float) -> "AsyncOpenAI":
        """The library takes 1.3 s to import."""
        from openai import AsyncOpenAI

        key = os.environ.get(model.key, "") if model.key else ""
        return AsyncOpenAI(base_url=model.endpoint, api_key=key or "none", timeout=seconds, max_retries=0)

    def _contents(self, task: AgentTask, context: ActionContext) -> list[str]:
        """The files that the task names, as far as they fit."""
        parts, left = [], _CONTENT_LIMIT
        for name in task.files:
            text = context.workspace.read_text(name)[:left]
            left -= len(text)
            parts.append(f"\n--- {name}\n{text}\n")
        return parts

    def _wrong(self, what: str) -> TreadleError:
        return TreadleError(f"agent {self._name}: {what}")
