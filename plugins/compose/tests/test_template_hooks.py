"""Code that templates bring: when it runs, with which rights, and how it is taken back."""

import json
from pathlib import Path
from typing import Any

import pytest
from treadle.api import Treadle
from treadle.sandbox import _launcher
from treadle.trust import TrustFile

needs_landlock = pytest.mark.skipif(not _launcher.landlock_abi(), reason="this kernel has no Landlock")


def hooked(bench: Any, kind: str, script: str = "", name: str = "one", **hook: Any) -> Path:
    """A template with one hook; `script` is its Python."""
    told = {"name": "work", **hook}
    if script:
        told["script"] = "work.py"
    folder: Path = bench.template(name, {"a.txt": "a\n"}, {"hooks": {kind: [told]}})
    (folder / "work.py").write_text(script)
    return folder


def rolled_back(id: str) -> Any:
    with Treadle() as treadle:
        return treadle.rollback(id)


def test_code_that_nobody_has_allowed_does_not_run(bench: Any) -> None:
    hooked(bench, "postSetup", "open('made', 'w')")
    problem = bench.problem("one")
    assert (problem["exit_code"], problem["context"]["hooks"][0]["name"]) == (4, "work")
    bench.composed("one", trust="none")
    assert set(bench.tree()) == {"a.txt"}


def test_what_a_script_does_to_the_draft_is_part_of_the_plan(bench: Any) -> None:
    hooked(
        bench, "postSetup", "open('made', 'w').write('m'); open('a.txt', 'a').write('more'); import os; os.mkdir('d')"
    )
    status = bench.composed("one", trust="sandboxed")
    assert bench.tree() == {"a.txt": "a\nmore", "made": "m"}
    assert {it["path"]: it["strategy"] for it in bench.outputs(status, "plan")["operations"]}["made"] == "hook"
    assert rolled_back(status.id).rollback == "done"
    assert not bench.target.exists()


@needs_landlock
def test_a_hook_reaches_neither_the_home_nor_other_folders(bench: Any) -> None:
    private = bench.folder / "private.txt"
    private.write_text("private")
    hooked(bench, "postSetup", f"open({str(private)!r}).read()")
    assert "PermissionError" in bench.problem("one", step="plan", trust="sandboxed")["message"]
    hooked(bench, "postSetup", f"open({str(bench.folder / 'made')!r}, 'w')")
    assert "PermissionError" in bench.problem("one", step="plan", trust="sandboxed")["message"]
    assert not (bench.folder / "made").exists()


def test_a_hook_sees_a_built_environment(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_TOKEN", "hidden")
    monkeypatch.setenv("ALLOWED", "yes")
    script = "import json, os; json.dump(dict(os.environ), open('env.json', 'w'))"
    hooked(
        bench, "postSetup", script, variables={"TITLE": "{{ PROJECT_NAME | upper }}"}, permissions={"env": ["ALLOWED"]}
    )
    bench.composed("one", trust="sandboxed")
    env = json.loads((bench.target / "env.json").read_text())
    assert (env["TITLE"], env["ALLOWED"], env["PROJECT_NAME"]) == ("MY-APP", "yes", "my-app")
    assert "PRIVATE_TOKEN" not in env
    assert env["HOME"] != str(Path.home())


def test_a_hook_before_everything_can_stop_it(bench: Any) -> None:
    hooked(bench, "preComposition", "import sys; sys.exit('this machine will not do')")
    problem = bench.problem("one", step="before", trust="sandboxed")
    assert "this machine will not do" in problem["message"]


def test_conditions_decide(bench: Any) -> None:
    hooked(bench, "postSetup", "open('made', 'w')", condition="exists(nowhere.txt) or python3 --version < 3")
    bench.composed("one", trust="sandboxed")
    assert set(bench.tree()) == {"a.txt"}


def test_a_value_is_one_word_and_no_program(bench: Any) -> None:
    folder = hooked(bench, "postSetup", command="touch {{ PROJECT_TITLE }}", **{"in": "staging"})
    manifest = (folder / "template.yaml").read_text()
    (folder / "template.yaml").write_text(manifest + "variables: [{name: PROJECT_TITLE, default: x}]\n")
    bench.composed("one", trust="sandboxed", variables={"PROJECT_TITLE": "a b; touch c $(touch d)"})
    assert set(bench.tree()) == {"a.txt", "a b; touch c $(touch d)"}


def test_a_shell_needs_full_trust(bench: Any) -> None:
    hooked(bench, "postSetup", command="echo $((1 + 1)) > two", shell=True, **{"in": "staging"})
    assert "full trust" in bench.problem("one", step="plan", trust="sandboxed")["message"]
    bench.composed("one", trust="full")
    assert bench.tree()["two"] == "2\n"


def test_a_missing_interpreter_is_named(bench: Any) -> None:
    folder = hooked(bench, "postSetup", "x")
    (folder / "work.py").write_text("#!/usr/bin/env no-such-interpreter\n")
    assert (
        "needs no-such-interpreter, which is not on PATH"
        in bench.problem("one", step="plan", trust="sandboxed")["message"]
    )


def test_what_a_hook_does_to_the_project_is_undone(bench: Any) -> None:
    bench.target.mkdir()
    (bench.target / "log").write_text("")
    hooked(
        bench,
        "postSetup",
        command="mkdir -p cache/deep",
        creates=["cache", "never-made"],
        undo="touch undone",
        **{"in": "project"},
    )
    status = bench.composed("one", trust="sandboxed")
    assert (bench.target / "cache" / "deep").is_dir()
    assert rolled_back(status.id).rollback == "done"
    assert set(bench.tree()) == {"log", "undone"}
    assert not (bench.target / "cache").exists()


@pytest.mark.parametrize(("on_failure", "ends"), [("rollback", "failed"), ("warn", "completed"), ("keep", "completed")])
def test_a_hook_in_the_project_that_fails(bench: Any, on_failure: str, ends: str) -> None:
    hooked(bench, "postSetup", command="ls nowhere", onFailure=on_failure, **{"in": "project"})
    status = bench.compose("one", trust="sandboxed")
    assert status.status == ends
    assert bench.target.exists() is (ends == "completed")


ANSWER = """\
import json, sys
rows = json.load(sys.stdin)["conflicts"]
json.dump({"resolutions": [{"path": row["path"], "key": row["key"], "strategy": "last"} for row in rows]}, sys.stdout)
"""


def test_a_hook_answers_conflicts_that_it_is_meant_for(bench: Any) -> None:
    hooked(bench, "onConflict", ANSWER, triggers=["file-conflict:*.bin"])
    (bench.folder / "one" / "files" / "x.bin").write_text("1")
    bench.template("two", {"x.bin": "2"})
    status = bench.composed("one", "two", trust="sandboxed")
    assert bench.tree()["x.bin"] == "2"
    assert [row["by"] for row in bench.rows(status)] == ["hook one/work"]
    assert bench.lock()["decisions"] == [{"path": "x.bin", "key": "", "strategy": "last"}]
    hooked(bench, "onConflict", ANSWER, triggers=["file-conflict:*.txt", "variable-conflict:x.bin"])
    rows = bench.rows(bench.compose("one", "two", trust="sandboxed", target=str(bench.folder / "other")))
    assert [row["resolved"] for row in rows] == [False]


def test_an_answer_that_is_no_json_is_told(bench: Any) -> None:
    hooked(bench, "onConflict", "print('yes')")
    (bench.folder / "one" / "files" / "x.bin").write_text("1")
    bench.template("two", {"x.bin": "2"})
    assert "does not answer in JSON" in bench.problem("one", "two", step="plan", trust="sandboxed")["message"]


def test_a_hook_that_hangs_is_ended(bench: Any) -> None:
    hooked(bench, "postSetup", "import signal; signal.pause()", timeout=0.5)
    assert "took too long" in bench.problem("one", step="plan", trust="sandboxed")["message"]


def test_a_folder_outside_is_refused(bench: Any) -> None:
    hooked(bench, "postSetup", "x", cwd="../..")
    assert "leads out of the project" in bench.problem("one", step="plan", trust="sandboxed")["message"]


@pytest.mark.parametrize("changed", ["work.py", "files/a.txt", "template.yaml"])
def test_one_byte_more_and_the_person_is_asked_anew(bench: Any, changed: str) -> None:
    """Trust is given to content: of the hook, and of the template that it comes with."""
    folder = hooked(bench, "postSetup", "open('made', 'w')")
    allowed = bench.problem("one")["context"]["hooks"][0]["digest"]
    TrustFile(bench.home).allow(allowed, "sandboxed", "hook one/work")
    status = bench.composed("one")
    assert set(bench.tree()) == {"a.txt", "made"}
    rolled_back(status.id)
    (folder / changed).write_bytes((folder / changed).read_bytes() + b" ")
    problem = bench.problem("one")
    assert problem["exit_code"] == 4
    assert problem["context"]["hooks"][0]["digest"] != allowed
