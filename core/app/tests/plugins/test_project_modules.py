"""Modules that a project brings of its own: found, checked, used, and unable to stand in for others."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle.definition import load_module, module_schema
from treadle.plugins import PluginHost
from treadle.project_modules import project_candidates
from treadle_hookspecs import TreadleError

SAY = """
actions:
  say:
    description: Say it
    run: [python3, ./say.py]
    inputs: {words: {type: string, required: true}, loud: {type: boolean, default: false}}
    outputs: {said: string}
"""
SCRIPT = """
import json, os, sys
given = json.load(sys.stdin)
print("a line of talk")
said = given["words"].upper() if given["loud"] else given["words"]
print(json.dumps({"said": said, "at": os.environ["TREADLE_MODULE"]}))
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(name: str = "speech", text: str = SAY, script: str = SCRIPT) -> Path:
        folder = tmp_path / "project/modules" / name
        folder.mkdir(parents=True)
        (folder / "module.yaml").write_text(text)
        (folder / "say.py").write_text(script)
        return folder

    return make


def host(tmp_path: Path) -> PluginHost:
    return PluginHost(discover=False, further=partial(project_candidates, tmp_path / "project"))


def run(tmp_path: Path, steps: str) -> Any:
    root = tmp_path / "project"
    (root / "flow.yaml").write_text(f"treadle: 1\nname: flow\nsteps:\n{steps}")
    with Treadle(root, overrides={"home": str(tmp_path / "home")}) as treadle:
        return treadle.run(str(root / "flow.yaml"))


def test_a_step_uses_it(tmp_path: Path, write: Write) -> None:
    folder = write()
    status = run(tmp_path, "  - {id: a, uses: speech/say, with: {words: hello, loud: true}}\n")
    assert status.status == "completed", status.error
    assert status.steps["a"]["outputs"] == {"said": "HELLO", "at": str(folder)}


def test_it_keeps_its_limits_without_a_process_in_between(tmp_path: Path, write: Write) -> None:
    write()
    status = run(tmp_path, "  - {id: a, uses: speech/say, with: {words: hi}, limits: {memory: 500MB}}\n")
    assert status.status == "completed", status.error
    assert status.steps["a"]["outputs"]["said"] == "hi"


def test_what_it_says_of_itself(tmp_path: Path, write: Write) -> None:
    write()
    plugins = host(tmp_path)
    action = plugins.action("speech/say")
    assert action is not None
    assert (action.summary, action.risk) == ("Say it", "medium")
    assert plugins.provider("speech/say").distribution == "modules/speech"
    inputs: Any = plugins.action_inputs("speech/say")
    assert inputs["required"] == ["words"]
    assert inputs["properties"]["loud"] == {"type": "boolean", "default": False}


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("import sys; sys.exit('no voice')", "exit-code", "no voice"),
        ("print('just words')", "invalid-output", "no JSON object"),
    ],
)
def test_how_it_fails(tmp_path: Path, write: Write, script: str, kind: str, words: str) -> None:
    write(script=script)
    error = run(tmp_path, "  - {id: a, uses: speech/say, with: {words: hi}}\n").steps["a"]["error"]
    assert error["type"] == kind
    assert words in error["message"]


def test_without_declared_outputs_what_it_prints_is_one(tmp_path: Path, write: Write) -> None:
    write(text="actions: {say: {run: [echo, hi]}}\n")
    assert run(tmp_path, "  - {id: a, uses: speech/say}\n").steps["a"]["outputs"] == {"stdout": "hi\n"}


def test_one_that_is_wrong_says_where_and_the_others_are_used(tmp_path: Path, write: Write) -> None:
    write("broken", "actions:\n  say:\n    runs: [echo]\n")
    write()
    plugins = host(tmp_path)
    assert "speech/say" in plugins.action_names()
    [record] = [record for record in plugins.records if record.name == "broken"]
    assert "module.yaml:3:5: the key `runs` is not known here" in record.reason
    with pytest.raises(TreadleError, match=r"modules/broken .* is installed but broken"):
        plugins.resolve("broken/say")


@pytest.mark.parametrize("name", ["git", "quality", "builtin"])
def test_it_takes_no_name_that_others_have(tmp_path: Path, write: Write, name: str) -> None:
    write(name)
    assert not any(action.startswith(f"{name}/say") for action in host(tmp_path).action_names())
    assert any("give it another one" in record.reason for record in host(tmp_path).records)


def test_it_takes_no_such_name_inside_its_file_either(tmp_path: Path, write: Write) -> None:
    write("innocent", f"name: security\n{SAY}")
    assert "security/say" not in host(tmp_path).action_names()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "a module's file is an object"),
        ("name: x", "lacks the key `actions`"),
        ("actions: {}", "actions"),
        ("actions: {a: {}}", "lacks the key `run`"),
        ("actions: {a: {run: echo hi}}", "`actions.a.run` must be a list"),
        ("actions: {a: {run: []}}", "`actions.a.run`"),
        ("actions: {A b: {run: [x]}}", "'A b'"),
        ("actions: {a: {run: [x], risk: huge}}", "'huge'"),
        ("actions: {a: {run: [x], inputs: {b: strng}}}", "'strng'"),
        ("actions: {a: {run: [x]}}\nactions: {}", "twice"),
    ],
)
def test_bad_files_have_a_reason_and_a_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "module.yaml"
    path.write_text(text)
    loaded = load_module(path)
    assert loaded.module is None
    assert any(message in problem.message for problem in loaded.problems), loaded.problems
    assert all(problem.line for problem in loaded.problems)


def test_the_schema_takes_what_is_read() -> None:
    import jsonschema
    import yaml

    jsonschema.validate(yaml.safe_load(SAY), module_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"actions": {"a": {"runs": ["x"]}}}, module_schema())
