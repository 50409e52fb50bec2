"""Messages to a real server on the loopback, as apprise sends them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext


class Handler(BaseHTTPRequestHandler):
    """Keeps what it is sent; refuses what comes to /no."""

    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append(json.loads(body))
        self.send_response(500 if self.path.startswith("/no") else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def seen() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def place(seen: list[dict[str, Any]]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def perform(tmp_path: Path):
    def run(action: str, env: dict[str, str] | None = None, **inputs: Any) -> dict[str, Any]:
        return dict(StandaloneContext(tmp_path, tmp_path, env=env or {}).perform(action, **inputs).outputs)

    return run


def test_a_message_arrives(perform, place: str, seen: list[dict[str, Any]]) -> None:
    found = perform("notify/send", to=[f"json://{place}/yes"], title="It is out", body="1.2", kind="success")
    assert (seen[0]["title"], seen[0]["message"], seen[0]["type"]) == ("It is out", "1.2", "success")
    assert found["summary"] == "told 1 of 1"
    assert found["delivered"] == ["JSON 127.0.0.1"]


def test_whom_to_tell_may_stand_in_the_environment(perform, place: str, seen: list[dict[str, Any]]) -> None:
    perform("notify_team", {"NOTIFY_TO": f"json://{place}/a json://{place}/b"}, body="x")
    assert len(seen) == 2


def test_who_was_not_reached_is_told_without_credentials(perform, place: str) -> None:
    to = [f"json://user:hunter2@{place}/no", f"json://{place}/yes"]
    with pytest.raises(ActionError) as raised:
        perform("notify/send", to=to, body="x")
    assert raised.value.error_class == "not-delivered"
    assert raised.value.outputs["delivered"] == ["JSON 127.0.0.1"]
    assert "hunter2" not in raised.value.message + json.dumps(raised.value.outputs)
    assert perform("notify/send", to=to, body="x", must="any")["failed"] == ["JSON 127.0.0.1"]
    assert perform("notify/send", to=to[:1], body="x", must="none")["summary"] == "told 0 of 1"
    with pytest.raises(ActionError):
        perform("notify/send", to=to[:1], body="x", must="any")


def test_urls_that_are_not_understood(perform) -> None:
    with pytest.raises(ActionError) as raised:
        perform("notify/send", to=["json://x", "carrier-pigeon://secret"], body="x")
    assert "URL 2" in raised.value.message
    assert "secret" not in raised.value.message
    assert perform("notify/check", to=["json://x", "nothing"])["not_understood"] == [2]


def test_nobody_to_tell_and_words_that_are_none(perform) -> None:
    with pytest.raises(ActionError, match="NOTIFY_TO"):
        perform("notify/send", body="x")
    for wrong in ({"kind": "odd"}, {"format": "rtf"}, {"must": "some"}):
        with pytest.raises(ActionError, match="is one of"):
            perform("notify/send", to=["json://x"], **wrong)
