"""Pull requests against a forge on loopback, and without any."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from treadle_hookspecs import ActionError
from treadle_review._forge import Place
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


class FakeForge(ThreadingHTTPServer):
    """The few calls of a forge, with what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.refuse = 0

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api"


class _Handler(BaseHTTPRequestHandler):
    server: FakeForge

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.tokens.append(str(self.headers["Authorization"]))
        if parts.path.endswith("/pulls"):
            head = parse_qs(parts.query)["head"][0].rpartition(":")[2]
            self._answer([one for one in self.server.requests if one["head"]["ref"] == head])
        else:
            self._answer({"default_branch": "trunk"})

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = len(self.server.requests) + 1
        opened = {
            **content,
            "number": number,
            "html_url": f"https://forge.example/{number}",
            "head": {"ref": content["head"]},
            "base": {"ref": content["base"]},
        }
        if not self.server.refuse:
            self.server.requests.append(opened)
        self._answer(opened)

    def _answer(self, data: Any) -> None:
        body = json.dumps({"message": "no, thanks"} if self.server.refuse else data).encode()
        self.send_response(self.server.refuse or 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def forge() -> Iterator[FakeForge]:
    server = FakeForge()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def remote(repository: GitRepository, tmp_path: Path) -> Path:
    """A bare repository to push to, under the name of one on a forge."""
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    repository.git("remote", "add", "origin", "https://forge.example/ada/shop.git")
    repository.git("config", f"url.{bare}.pushInsteadOf", "https://forge.example/ada/shop.git")
    repository.git("config", "protocol.file.allow", "always")
    return bare


def create(context: StandaloneContext, **inputs: Any) -> Any:
    (context.root / "src/shop.py").write_text("def total(x):\n    return sum(x) * 2\n")
    return context.perform("review/create-pr", feature="Double the total\n\nBecause.", **inputs).outputs


@pytest.mark.parametrize(("kind", "header"), [("github", "Bearer s3cret"), ("forgejo", "token s3cret")])
def test_a_request_is_opened(context, repository, remote, forge, kind, header) -> None:
    context.env = {"FORGE_TOKEN": "s3cret"}
    before = (repository.git("rev-parse", "HEAD"), repository.git("reflog"))
    outputs = create(context, forge=kind, api=forge.api, draft=True)
    assert (outputs["number"], outputs["url"], outputs["base"]) == (1, "https://forge.example/1", "trunk")
    (opened,) = forge.requests
    assert opened["title"] == ("Double the total" if kind == "github" else "WIP: Double the total")
    assert "- `src/shop.py`" in opened["body"]
    assert set(forge.tokens) == {header}
    pushed = subprocess.run(
        ["git", "-C", str(remote), "log", "-1", "--format=%s", outputs["branch"]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert pushed.stdout.strip() == "Double the total"
    assert (repository.git("rev-parse", "HEAD"), repository.git("reflog")) == before


def test_a_request_that_is_open_is_taken(context, remote, forge) -> None:
    context.env = {"FORGE_TOKEN": "s3cret"}
    known = {"number": 7, "html_url": "https://forge.example/7", "head": {"ref": "work"}, "base": {"ref": "trunk"}}
    forge.requests.append(known)
    outputs = create(context, forge="forgejo", api=forge.api, branch="work")
    assert outputs["number"] == 7
    assert forge.requests == [known]


def test_a_forge_that_refuses_says_why_and_no_token(context, remote, forge) -> None:
    context.env = {"FORGE_TOKEN": "s3cret"}
    forge.refuse = 403
    with pytest.raises(
        ActionError, match=r"refused GET the repository: 403 no, thanks; see whether the token"
    ) as caught:
        create(context, forge="github", api=forge.api)
    assert "s3cret" not in caught.value.message


def test_a_forge_that_is_not_there(context, remote, forge) -> None:
    context.env = {"FORGE_TOKEN": "s3cret"}
    api = forge.api
    forge.shutdown()
    forge.server_close()
    with pytest.raises(ActionError, match="does not answer"):
        create(context, forge="github", api=api)


def test_without_a_token_nothing_is_pushed(context, remote) -> None:
    outputs = create(context, forge="github")
    assert outputs["forge"] == "none"
    assert subprocess.run(["git", "-C", str(remote), "branch"], capture_output=True, check=True).stdout == b""


def test_without_a_forge_there_is_a_branch_and_a_patch(context, repository) -> None:
    outputs = create(context)
    assert outputs["branch"] == "treadle/double-the-total"
    repository.git("checkout", "--quiet", "--", ".")
    repository.git("apply", "--check", outputs["patch"])
    assert Path(outputs["text"]).read_text().startswith("# Double the total\n\nDouble the total\n\nBecause.")


def test_nothing_changed(context) -> None:
    with pytest.raises(ActionError, match="nothing differs from HEAD") as caught:
        context.perform("review/create-pr", feature="x")
    assert caught.value.error_class == "no-change"


@pytest.mark.parametrize("inputs", [{"forge": "gerrit"}, {"forge": "github", "remote": "nowhere"}])
def test_bad_words(context, inputs) -> None:
    with pytest.raises(ActionError, match=r"no forge|no repository of a forge"):
        create(context, **inputs)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://github.com/ada/shop.git", ("github.com", "ada", "shop")),
        ("git@codeberg.org:ada/shop.git", ("codeberg.org", "ada", "shop")),
        ("ssh://git@host:2222/group/sub/shop", ("host", "group/sub", "shop")),
        ("https://user:pw@host/ada/shop", ("host", "ada", "shop")),
        ("/srv/git/shop.git", None),
        ("../shop", None),
    ],
)
def test_remotes(url, place) -> None:
    found = Place.of_remote(url)
    assert (found and (found.host, found.owner, found.name)) == place
