"""A scripted model behind the protocol that Codex speaks, OpenAI's responses: it edits a file once, then says so.

The answer follows from the request alone: without a tool's output in it, the edit; with one, the last words. So it does
not matter how often, or in which order, a client asks.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_USAGE: Final[dict[str, Any]] = {
    "input_tokens": 100,
    "output_tokens": 20,
    "total_tokens": 120,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}


class ResponsesServer:
    """Listens on loopback until it is closed.

    Args:
        patch: what the model does, as Codex's `apply_patch` takes it.
        words: what it says last.
    """

    def __init__(self, patch: str, words: str) -> None:
        self.requests: list[dict[str, Any]] = []
        self._patch = patch
        self._words = words
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(b'{"object": "list", "data": []}', "application/json")

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(request)
                events = outer._events(request)
                stream = "".join(f"event: {it['type']}\ndata: {json.dumps(it)}\n\n" for it in events)
                self._send(stream.encode(), "text/event-stream")

            def _send(self, content: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self._thread = threading.Thread(target=self.http.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self.http.shutdown()
        self._thread.join()
        self.http.server_close()

    def _events(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        number = len(self.requests)
        item = self._item(request, number)
        response = {"id": f"resp_{number}", "object": "response", "output": [item], "usage": _USAGE}
        shown: list[dict[str, Any]] = [
            {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {**response, "status": "completed"}},
        ]
        yield from ({**event, "sequence_number": at} for at, event in enumerate(shown))

    def _item(self, request: dict[str, Any], number: int) -> dict[str, Any]:
        said = request.get("input")
        outputs = [it for it in said if str(it.get("type", "")).endswith("_output")] if isinstance(said, list) else []
        if outputs:
            content = [{"type": "output_text", "text": self._words, "annotations": []}]
            return {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": content}
        call = {"id": f"call_{number}", "call_id": f"call_{number}", "status": "completed"}
        tools = request.get("tools") or []
        if any(tool.get("name") == "apply_patch" and tool.get("type") == "custom" for tool in tools):
            return {**call, "type": "custom_tool_call", "name": "apply_patch", "input": self._patch}
        name, key, wanted = _shell(tools)
        command = f"apply_patch <<'END'\n{self._patch}END\n"
        arguments = {key: command if wanted == "string" else ["bash", "-lc", command]}
        return {**call, "type": "function_call", "name": name, "arguments": json.dumps(arguments)}


def _shell(tools: list[dict[str, Any]]) -> tuple[str, str, str]:
    """The tool that runs a command: its name, its argument, and that argument's type."""
    for tool in tools:
        for key, schema in (tool.get("parameters") or {}).get("properties", {}).items():
            if key in ("cmd", "command"):
                return str(tool["name"]), key, str(schema.get("type", "string"))
    raise LookupError(f"no tool runs a command: {[tool.get('name') for tool in tools]}")
