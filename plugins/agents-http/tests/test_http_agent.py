"""The agent kind `http`, against a real server on loopback."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from treadle_agents_http._agent import HttpAgent
from treadle_hookspecs import ActionError, AgentTask, TreadleError
from treadle_testkit.actions import StandaloneContext

Answer = Callable[[str, str, dict[str, Any]], tuple[int, dict[str, Any]]]


class Server:
    """Answers as `answer` says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, Any]]] = []
        self.tokens: list[str | None] = []
        self.deleted = threading.Event()
        self.posted = threading.Event()
        self.answer: Answer = lambda method, path, body: (200, {"status": "completed"})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                outer.seen.append((self.command, self.path, body))
                outer.tokens.append(self.headers.get("Authorization"))
                status, data = outer.answer(self.command, self.path, body)
                content = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                self.wfile.write(content)
                if self.command == "DELETE":
                    outer.deleted.set()
                if self.command == "POST":
                    outer.posted.set()

            def do_GET(self) -> None:
                self.handle_any()

            def do_POST(self) -> None:
                self.handle_any()

            def do_DELETE(self) -> None:
                self.handle_any()

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def context(tmp_path: Path) -> StandaloneContext:
    return StandaloneContext(tmp_path, tmp_path)


TASK = AgentTask("fix add", ("calc.py",), feedback="it was wrong", idempotency_key="x/step#1")


def perform(server: Server, context: StandaloneContext, **settings: Any) -> Any:
    agent = HttpAgent("a", {"endpoint": server.url, "poll": 0.01, **settings})
    return asyncio.run(agent.perform(TASK, context))  # type: ignore[arg-type]


def test_a_task_is_posted_and_its_result_taken(
    server: Server, context: StandaloneContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "t0ken")
    server.answer = lambda *_: (200, {"status": "completed", "summary": "done", "money": 0.5, "tokens": 7})
    result = perform(server, context, token="MY_TOKEN")
    assert (result.summary, result.money, result.tokens, result.failure) == ("done", 0.5, 7, "")
    [(method, path, body)] = server.seen
    assert (method, path) == ("POST", "/tasks")
    assert body["id"] == "x/step#1"
    assert body["root"] == str(context.root)
    assert "it was wrong" in body["prompt"]
    assert server.tokens == ["Bearer t0ken"]


def test_a_task_that_takes_longer_is_polled(server: Server, context: StandaloneContext) -> None:
    def answer(method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "POST":
            return 202, {"id": "t/1"}
        ended = sum(1 for seen in server.seen if seen[0] == "GET") > 2
        return 200, {"status": "completed", "text": "42"} if ended else {"status": "running", "progress": 0.5}

    server.answer = answer
    assert perform(server, context).text == "42"
    assert server.seen[-1][1] == "/tasks/t%2F1"


def test_a_failure_is_told(server: Server, context: StandaloneContext) -> None:
    server.answer = lambda *_: (200, {"status": "failed", "error": "no idea"})
    assert perform(server, context).failure == "no idea"


@pytest.mark.parametrize("status", [404, 500, 302])
def test_a_server_that_refuses_was_not_asked(server: Server, context: StandaloneContext, status: int) -> None:
    server.answer = lambda *_: (status, {"error": "busy"})
    with pytest.raises(ActionError, match=f"answered {status}: busy") as caught:
        perform(server, context)
    assert caught.value.error_class == "unavailable"


def test_a_cancellation_is_passed_on(server: Server, context: StandaloneContext) -> None:
    server.answer = lambda method, *_: (202, {}) if method == "POST" else (200, {"status": "running"})

    async def cancelled() -> None:
        agent = HttpAgent("a", {"endpoint": server.url, "poll": 0.01})
        work = asyncio.ensure_future(agent.perform(TASK, context))  # type: ignore[arg-type]
        await asyncio.to_thread(server.posted.wait, 30)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(cancelled())
    assert server.deleted.wait(30)
    assert server.seen[-1][:2] == ("DELETE", "/tasks/x%2Fstep%231")


@pytest.mark.parametrize(
    ("status", "data", "ok"),
    [(200, {"status": "healthy"}, True), (200, {}, True), (200, {"status": "degraded"}, False), (503, {}, False)],
)
def test_its_health(server: Server, status: int, data: dict[str, Any], ok: bool) -> None:
    server.answer = lambda *_: (status, data)
    assert asyncio.run(HttpAgent("a", {"endpoint": server.url}).check()).ok is ok


def test_nobody_there() -> None:
    gone = Server()
    gone.close()
    health = asyncio.run(HttpAgent("a", {"endpoint": gone.url}).check())
    assert "nobody answers" in health.message


@pytest.mark.parametrize("settings", [{}, {"endpoint": "file:///etc"}, {"endpoint": "http://x", "pool": 1}])
def test_wrong_settings_are_told(settings: dict[str, Any]) -> None:
    with pytest.raises(TreadleError):
        HttpAgent("a", settings)
