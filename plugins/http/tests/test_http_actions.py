"""Requests against a real server on the loopback."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext

BLOB = bytes(range(256)) * 1000


class Handler(BaseHTTPRequestHandler):
    """Echoes what it is sent; some paths answer in their own way."""

    seen: list[dict[str, Any]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body.decode()}
        self.seen.append(said)
        if self.path == "/moved":
            self._send(302, b"", location="/echo")
        elif self.path == "/away":
            self._send(302, b"", location=f"http://localhost:{self.server.server_address[1]}/echo")
        elif self.path.startswith("/status/"):
            self._send(int(self.path.partition("?")[0].rpartition("/")[2]), b"no", **{"retry-after": "7"})
        elif self.path == "/blob":
            self._send(200, BLOB, kind="application/octet-stream")
        elif self.path == "/silent":
            self.server.let_go.wait(20)  # type: ignore[attr-defined]
        else:
            self._send(200, json.dumps(said).encode(), kind="application/json")

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the library's names

    def _send(self, status: int, body: bytes, kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def seen() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def base(seen: list[dict[str, Any]]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"seen": seen}))
    server.let_go = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.let_go.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def perform(tmp_path: Path):
    (tmp_path / "root").mkdir()

    def run(action: str, **inputs: Any) -> dict[str, Any]:
        return dict(StandaloneContext(tmp_path / "root", tmp_path).perform(f"http/{action}", **inputs).outputs)

    return run


def error(perform: Any, action: str, **inputs: Any) -> ActionError:
    with pytest.raises(ActionError) as raised:
        perform(action, **inputs)
    return raised.value


def test_get(perform, base: str) -> None:
    found = perform("get", url=f"{base}/a", query={"q": "x y"}, headers={"X-Own": "1"})
    assert (found["status"], found["json"]["method"], found["json"]["path"]) == (200, "GET", "/a?q=x+y")
    assert found["json"]["headers"]["X-Own"] == "1"
    assert "Idempotency-Key" not in found["json"]["headers"]


def test_what_changes_something_names_its_visit(perform, base: str) -> None:
    found = perform("request", url=base, body={"a": 1})
    assert json.loads(found["json"]["body"]) == {"a": 1}
    assert found["json"]["headers"]["Idempotency-Key"] == "standalone/step#1"
    own = perform("request", url=base, method="put", text="plain", headers={"idempotency-key": "mine"})
    assert own["json"]["body"] == "plain"
    assert [name.lower() for name in own["json"]["headers"]].count("idempotency-key") == 1
    assert perform("request", url=base, form={"a": "b c"})["json"]["body"] == "a=b+c"


@pytest.mark.parametrize(("status", "again"), [(404, False), (400, False), (429, True), (503, True)])
def test_a_wrong_status_fails_with_what_came(perform, base: str, status: int, again: bool) -> None:
    raised = error(perform, "get", url=f"{base}/status/{status}?key=secret")
    assert (raised.error_class, raised.retryable) == ("http-status", again)
    assert raised.outputs["text"] == "no"
    assert "wait 7 seconds" in raised.message
    assert "secret" not in raised.message


def test_a_status_may_be_expected(perform, base: str) -> None:
    assert perform("get", url=f"{base}/status/404", expect=[404])["status"] == 404
    assert error(perform, "get", url=base, expect=[201]).error_class == "http-status"


def test_redirects(perform, base: str, seen: list[dict[str, Any]]) -> None:
    assert perform("get", url=f"{base}/moved")["url"] == f"{base}/echo"
    assert perform("request", url=f"{base}/moved", expect=[302])["status"] == 302
    perform("get", url=f"{base}/away", bearer="x")
    assert seen[-2]["headers"]["Authorization"] == "Bearer x"
    assert "Authorization" not in seen[-1]["headers"], "another host gets no credentials"


def test_an_answer_is_bounded(perform, base: str) -> None:
    found = perform("get", url=f"{base}/blob", limit=10)
    assert (len(found["text"]), found["truncated"], found["json"]) == (10, True, None)


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "file:///etc/passwd", "nothing", "http://", "http://me:secret@127.0.0.1/"]
)
def test_urls_that_are_refused(perform, url: str) -> None:
    raised = error(perform, "get", url=url)
    assert (raised.error_class, raised.retryable) == ("invalid-input", False)


def test_one_content(perform, base: str) -> None:
    assert "one of" in error(perform, "request", url=base, body={}, text="x").message
    assert "none of" in error(perform, "request", url=base, method="BREW").message


def test_silence_and_nobody_there(perform, base: str) -> None:
    assert error(perform, "get", url=f"{base}/silent", timeout=0.2).error_class == "timeout"
    raised = error(perform, "get", url="http://127.0.0.1:9/")
    assert (raised.error_class, raised.retryable) == ("network", True)


def test_download(perform, base: str, tmp_path: Path, seen: list[dict[str, Any]]) -> None:
    digest = hashlib.sha256(BLOB).hexdigest()
    found = perform("download", url=f"{base}/blob", to="in/blob", sha256=digest)
    assert (tmp_path / "root/in/blob").read_bytes() == BLOB
    assert (found["bytes"], found["sha256"], found["created"]) == (len(BLOB), digest, ["in/blob"])
    assert perform("download", url=f"{base}/blob", to="in/blob", sha256=digest)["created"] == []
    assert len(seen) == 1, "what is there is not fetched again"


def test_a_download_is_whole_or_absent(perform, base: str, tmp_path: Path) -> None:
    assert error(perform, "download", url=f"{base}/blob", to="b", sha256="0" * 64).error_class == "wrong-checksum"
    assert error(perform, "download", url=f"{base}/blob", to="b", limit=10).error_class == "too-large"
    assert error(perform, "download", url=f"{base}/status/404", to="b").error_class == "http-status"
    assert error(perform, "download", url=f"{base}/blob", to="b", sha256="xyz").error_class == "invalid-input"
    assert not (tmp_path / "root/b").exists()
