"""Servers on loopback that agents of the kinds `http` and `llm` ask: each does what its plan says.

Plans: see `scripted_program.py`. What they were asked is kept in `prompts`.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Server:
    """Answers until it is closed. `reply(method, path, body)` gives a status and JSON."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.begun = threading.Event()
        self.deleted = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                status, data = outer.reply(self.command, self.path, body)
                content = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self.handle_any()

            def do_POST(self) -> None:
                self.handle_any()

            def do_DELETE(self) -> None:
                self.handle_any()

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self._thread = threading.Thread(target=self.http.serve_forever)
        self._thread.start()

    def reply(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The answer to one request."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop answering."""
        self.http.shutdown()
        self._thread.join()
        self.http.server_close()


class TaskServer(Server):
    """What an agent of the kind `http` is: it works in the folder that it is told."""

    def __init__(self, plan: str) -> None:
        super().__init__()
        self.plan = plan

    def reply(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Health, a task, how it stands, and its end."""
        if method == "DELETE":
            self.deleted.set()
            return 200, {}
        if path == "/health":
            return 200, {"status": "ok"}
        if method == "POST":
            self.prompts.append(body["prompt"])
            calc = Path(body["root"]) / "calc.py"
            if self.plan != "nothing":
                calc.write_text(calc.read_text().replace("a - b", "a + b"))
        if self.plan == "hang":
            self.begun.set()
            return 202, {"id": body.get("id", "1"), "status": "running"}
        return 200, {"status": "completed", "summary": "Done.", "money": 0.25 if self.plan == "dear" else 0.0}


class ModelServer(Server):
    """What a model of the kind `llm` is: it answers every chat with the same text."""

    def __init__(self, plan: str) -> None:
        super().__init__()
        self.text = "" if plan == "nothing" else "a + b"

    def reply(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The list of models, and a chat's next message."""
        if method == "GET":
            return 200, {"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "test"}]}
        self.prompts.append(body["messages"][0]["content"])
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": self.text}}
        usage = {"prompt_tokens": 150_000, "completion_tokens": 100_000, "total_tokens": 250_000}
        return 200, {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
