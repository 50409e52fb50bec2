"""Codex, a widely used coding agent, end to end against a scripted model; only `make test-agents` runs this.

It edits a file of a real repository through `implementation/implement-feature`; the tests decide, its difference is
what counts, and a rollback brings back the byte.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cast_of_agents import git
from responses_server import ResponsesServer
from users import User

PATCH = """*** Begin Patch
*** Update File: calc.py
@@
-    return a - b
+    return a + b
*** End Patch
"""
WORKFLOW = """
treadle: 1
name: feature
steps:
  - id: implement
    uses: implementation/implement-feature
    agent: codex
    with: {feature: calc.add adds}
  - id: test
    run: python -B -m pytest -q -p no:cacheprovider test_calc.py
"""


@pytest.fixture
def model() -> Iterator[ResponsesServer]:
    """A scripted model that mends `calc.py`."""
    server = ResponsesServer(PATCH, "I have made add() add.")
    yield server
    server.close()


@pytest.fixture
def codex(repository: User, model: ResponsesServer) -> User:
    """A user who has Codex, set up as the how-to says; the model is a local one."""
    user = repository
    (user.home / ".codex").mkdir()
    (user.home / "tmp").mkdir()
    (user.home / ".codex/config.toml").write_text(
        f"""
model = "scripted"
model_provider = "local"
approval_policy = "never"
[model_providers.local]
name = "local"
base_url = "{model.url}"
env_key = "LOCAL_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""
    )
    user.state.mkdir(exist_ok=True)
    program = os.environ["CODEX"]
    assert Path(program).is_file(), f"make test-agents installs it: {program}"
    (user.state / "config.toml").write_text(
        f"""
[agents.codex]
kind = "command"
preset = "codex"
probe = "{model.url}"
timeout = 300
env = {{ TMPDIR = "{user.home}/tmp" }}
"""
    )
    return user


def test_codex_edits_and_its_difference_is_what_counts(codex: User, model: ResponsesServer) -> None:
    user = codex
    user.write("feature.yaml", WORKFLOW)
    user.write("test_calc.py", "import calc\n\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n")
    before = {path.name: path.read_bytes() for path in user.project.iterdir() if path.is_file()}
    said = git(user, "status", "--porcelain"), git(user, "reflog", "--all")
    environ = {"LOCAL_KEY": "x", "PATH": f"{Path(os.environ['CODEX']).parent}{os.pathsep}{user.environ['PATH']}"}
    ran = user.ended(user.start("run", "feature.yaml", **environ), 0)
    outputs = user.status()["steps"]["implement"]["outputs"]
    assert [change["path"] for change in outputs["code_changes"]] == ["calc.py"], ran.err
    assert "+    return a + b" in outputs["code_changes"][0]["patch"]
    assert (outputs["agent"], outputs["summary"]) == ("codex", "I have made add() add.")
    assert outputs["tokens"] > 0
    assert any("calc.add adds" in str(request["input"]) for request in model.requests)
    user.treadle("rollback", user.newest(), "--yes")
    assert {path.name: path.read_bytes() for path in user.project.iterdir() if path.is_file()} == before
    assert (git(user, "status", "--porcelain"), git(user, "reflog", "--all")) == said
    assert user.survivors() == []
