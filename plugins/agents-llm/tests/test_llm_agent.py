"""The agent kind `llm`, against scripted servers on loopback that speak chat completions."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from treadle_agents_llm._agent import LlmAgent
from treadle_agents_llm._router import Model, Router
from treadle_hookspecs import ActionError, AgentTask, TreadleError
from treadle_testkit.actions import StandaloneContext


class ModelServer:
    """One model: lists itself, and answers every chat with the same text; 500 while it is broken."""

    def __init__(self, text: str = "the answer") -> None:
        self.broken = False
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply({"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "t"}]})

            def do_POST(self) -> None:
                outer.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                outer.keys.append(self.headers.get("Authorization"))
                message = {"role": "assistant", "content": text}
                self.reply(
                    {
                        "id": "c",
                        "object": "chat.completion",
                        "created": 1,
                        "model": "m",
                        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                        "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500},
                    }
                )

            def reply(self, data: dict[str, Any]) -> None:
                content = json.dumps(data).encode()
                self.send_response(500 if outer.broken else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    made = ModelServer()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[ModelServer]:
    made = ModelServer("another answer")
    yield made
    made.close()


@pytest.fixture
def context(tmp_path: Path) -> StandaloneContext:
    (tmp_path / "calc.py").write_text("return a - b")
    return StandaloneContext(tmp_path, tmp_path)


TASK = AgentTask("what is wrong", ("calc.py",), expect="text", tokens=99)


def perform(agent: LlmAgent, context: StandaloneContext, task: AgentTask = TASK) -> Any:
    return asyncio.run(agent.perform(task, context))  # type: ignore[arg-type]


def test_a_model_answers_with_text_and_figures(
    server: ModelServer, context: StandaloneContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_KEY", "k3y")
    settings = {"endpoint": server.url, "model": "m", "key": "MODEL_KEY", "input_price": 2.0, "output_price": 10.0}
    result = perform(LlmAgent("a", settings), context)
    assert (result.text, result.tokens) == ("the answer", 1500)
    assert result.money == pytest.approx(0.007)
    [request] = server.seen
    assert "return a - b" in request["messages"][0]["content"]
    assert request["max_completion_tokens"] == 99
    assert server.keys == ["Bearer k3y"]


def test_one_that_fails_is_followed_by_the_next_which_is_asked_first_then(
    server: ModelServer, other: ModelServer, context: StandaloneContext
) -> None:
    models = [{"endpoint": each.url, "model": "m"} for each in (server, other)]
    agent = LlmAgent("a", {"models": models})
    server.broken = True
    assert perform(agent, context).text == "another answer"
    assert perform(agent, context).text == "another answer"
    assert (len(server.seen), len(other.seen)) == (1, 2)
    other.broken = True
    with pytest.raises(ActionError, match="500") as caught:
        perform(agent, context)
    assert caught.value.error_class == "unavailable"


def test_it_changes_no_files_and_says_so(server: ModelServer, context: StandaloneContext) -> None:
    agent = LlmAgent("a", {"endpoint": server.url, "model": "m"})
    with pytest.raises(ActionError, match="changes no files"):
        perform(agent, context, AgentTask("fix it"))
    assert server.seen == []


def test_its_health(server: ModelServer) -> None:
    assert asyncio.run(LlmAgent("a", {"endpoint": server.url, "model": "m"}).check()).ok
    health = asyncio.run(LlmAgent("a", {"endpoint": server.url, "model": "m", "key": "NO_SUCH_VARIABLE"}).check())
    assert "NO_SUCH_VARIABLE is not set" in health.message
    server.broken = True
    assert not asyncio.run(LlmAgent("a", {"endpoint": server.url, "model": "m"}).check()).ok


def test_the_cheapest_of_those_that_answered_is_asked_first() -> None:
    dear, cheap = Model("e", "dear", input_price=5), Model("e", "cheap", input_price=1)
    router = Router([dear, cheap])
    assert router.ordered() == [cheap, dear]
    router.failed(cheap)
    assert router.ordered() == [dear, cheap]
    router.answered(cheap)
    assert router.ordered() == [cheap, dear]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"endpoint": "http://x"},
        {"models": [], "endpoint": "http://x"},
        {"models": "m"},
        {"endpoint": "http://x", "model": "m", "modle": "n"},
        {"endpoint": "http://x", "model": "m", "input_price": "much"},
        {"endpoint": "http://x", "model": "m", "seconds": 0},
    ],
)
def test_wrong_settings_are_told(settings: dict[str, Any]) -> None:
    with pytest.raises(TreadleError):
        LlmAgent("a", settings)
