"""Two templates become one project, or nothing."""

import json
from typing import Any

import pytest
from treadle.api import Treadle


def undone(id: str) -> Any:
    with Treadle() as treadle:
        return treadle.rollback(id)


def test_two_templates_with_a_shared_variable_and_a_mapping(bench: Any) -> None:
    bench.template(
        "frontend",
        {"web/index.html.hbs": "<h1>{{TITLE}}</h1> {{frontend-port}}\n", "only.txt": "{{ not rendered }}\n"},
        {
            "variables": [{"name": "TITLE", "default": "{{ PROJECT_NAME | upper }}"}],
            "composition": {"variables": {"mappings": {"frontend-port": "{{BACKEND_PORT}} + 1"}}},
        },
    )
    bench.template(
        "backend",
        {"{{ PROJECT_NAME }}/port.txt.jinja": "{{ BACKEND_PORT }} of {{ COMPOSED_TEMPLATES | join('+') }}\n"},
        {
            "variables": [{"name": "BACKEND_PORT", "type": "int", "default": 3000}],
            "composition": {"provides": [{"name": "BACKEND_PORT"}]},
        },
    )
    bench.composed("frontend", "backend", variables={"BACKEND_PORT": "4000"})
    assert bench.tree() == {
        "my-app/port.txt": "4000 of frontend+backend\n",
        "only.txt": "{{ not rendered }}\n",
        "web/index.html": "<h1>MY-APP</h1> 4001\n",
    }
    assert [it["answers"] for it in bench.lock()["templates"]] == [{"TITLE": "MY-APP"}, {"BACKEND_PORT": 4000}]


def test_what_differs_stops_everything_and_names_the_flag(bench: Any) -> None:
    bench.template("one", {"notes.bin": "1", "own.txt": "1"})
    bench.template("two", {"notes.bin": "2"})
    problem = bench.problem("one", "two", step="plan")
    assert (problem["exit_code"], problem["suggestions"]) == (5, ["--resolve notes.bin=first"])


def test_strategies_that_every_file_has(bench: Any) -> None:
    bench.template("one", {"a.bin": "1", "b.bin": "1", "c.bin": "1", "d.bin": "1", "e.txt": "1\n"})
    bench.template("two", {"a.bin": "2", "b.bin": "2", "c.bin": "2", "d.bin": "2", "e.txt": "2\n"})
    bench.composed(
        "one", "two", resolve=["a.bin=last", "b.bin=rename", "c.bin=skip", "d.bin=template:one", "e.txt=append"]
    )
    assert bench.tree() == {"a.bin": "2", "b.bin": "1", "b.two.bin": "2", "d.bin": "1", "e.txt": "1\n2\n"}
    assert {it["path"]: it["strategy"] for it in bench.lock()["decisions"]} == {
        "a.bin": "last",
        "b.bin": "rename",
        "c.bin": "skip",
        "d.bin": "template:one",
        "e.txt": "append",
    }


def test_a_rollback_of_a_new_project_leaves_nothing(bench: Any) -> None:
    bench.template("one", {"a/b.txt": "b\n"})
    status = bench.composed("one")
    assert undone(status.id).rollback == "done"
    assert not bench.target.exists()
    assert [path.name for path in bench.folder.iterdir()] == ["one"]


def test_a_rollback_keeps_what_somebody_changed(bench: Any) -> None:
    bench.template("one", {"a.txt": "a\n", "b.txt": "b\n"})
    status = bench.composed("one")
    (bench.target / "b.txt").write_text("mine\n")
    (bench.target / "c.txt").write_text("mine too\n")
    assert undone(status.id).rollback == "done"
    assert bench.tree() == {"b.txt": "mine\n", "c.txt": "mine too\n"}


def test_composing_into_a_project_and_back(bench: Any) -> None:
    bench.target.mkdir()
    (bench.target / "app.py").write_text("mine\n")
    (bench.target / "README.md").write_text("# Mine\n")
    bench.template("one", {"README.md": "# Theirs\n", "docs/x.md": "x\n"})
    status = bench.composed("one", resolve=["README.md=first"])
    assert bench.tree() == {"README.md": "# Mine\n", "app.py": "mine\n", "docs/x.md": "x\n"}
    assert undone(status.id).rollback == "done"
    assert bench.tree() == {"README.md": "# Mine\n", "app.py": "mine\n"}
    assert not (bench.target / "treadle.lock.json").exists()
    assert not (bench.target / "docs").exists()


def test_the_users_own_file_is_never_written_over_unasked(bench: Any) -> None:
    bench.target.mkdir()
    (bench.target / "settings.bin").write_text("mine")
    bench.template("one", {"settings.bin": "theirs"})
    status = bench.compose("one")
    assert status.status == "failed"
    (row,) = bench.rows(status)
    assert (row["kind"], row["contributors"], row["resolved"]) == ("user", ["project", "one"], False)
    assert (bench.target / "settings.bin").read_text() == "mine"


def test_composing_the_same_again_changes_nothing(bench: Any) -> None:
    bench.template("one", {"a.txt": "a\n", "run.sh": "#!/bin/sh\n"})
    bench.template("two", {"a.txt": "other\n"})
    bench.composed("one", "two", resolve=["a.txt=last"])
    before = {path: path.stat().st_mtime_ns for path in bench.target.rglob("*") if ".treadle" not in path.parts}
    again = bench.composed("one", "two")
    assert bench.outputs(again, "plan")["counts"] == {"create": 0, "replace": 0, "keep": 2, "delete": 0}
    after = {path: path.stat().st_mtime_ns for path in bench.target.rglob("*") if ".treadle" not in path.parts}
    assert before == after


def test_composing_again_keeps_what_the_user_had_in_a_merged_file(bench: Any) -> None:
    bench.target.mkdir()
    (bench.target / ".gitignore").write_text("mine.log\n")
    bench.template("one", {".gitignore": "*.tmp\n"})
    bench.composed("one")
    before = bench.tree()
    assert "mine.log" in before[".gitignore"]
    assert "*.tmp" in before[".gitignore"]
    bench.composed("one")
    assert bench.tree() == before


def test_another_template_later_keeps_what_the_first_ones_wrote(bench: Any) -> None:
    for name in ("one", "two", "three"):
        bench.template(name, {".gitignore": f"{name}.log\n"})
    bench.composed("one", "two")
    bench.composed("three")
    assert {"one.log", "two.log", "three.log"} <= set(bench.tree()[".gitignore"].splitlines())


def test_a_secret_reaches_the_project_and_nothing_else(bench: Any) -> None:
    secret = "hunter2-hunter2"
    bench.template(
        "one", {"env.j2": "TOKEN={{ TOKEN }}\n"}, {"variables": [{"name": "TOKEN", "secret": True, "help": "a token"}]}
    )
    bench.composed("one", secrets={"TOKEN": secret})
    assert bench.tree() == {"env": f"TOKEN={secret}\n"}
    assert secret not in json.dumps(bench.lock())
    leaks = [path for path in bench.home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert leaks == []


def test_a_plan_writes_nothing_and_shows_differences(bench: Any) -> None:
    bench.template("one", {"a.txt": "a\n"})
    status = bench.compose("one", write=False, diff=True)
    assert status.status == "completed"
    assert not bench.target.exists()
    assert "+a\n" in bench.outputs(status, "plan")["diff"]


def test_a_template_that_fails_is_left_out_when_it_is_optional(bench: Any) -> None:
    bench.template("one", {"a.txt.j2": "{{ COMPOSED_TEMPLATES | join(',') }}\n"})
    bench.template("bad", {"b.txt.j2": "{{ missing }}\n"})
    assert "b.txt.j2:1" in bench.problem("one", "bad", step="render")["message"]
    status = bench.composed("one", "bad", optional=["bad"])
    assert bench.tree() == {"a.txt": "one\n"}
    assert bench.outputs(status, "render")["notes"][0].startswith("left out bad: ")


def test_settings_switch_hooks_and_several_templates_off(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.template("one", {"a.txt": ""}, {"hooks": {"postSetup": [{"name": "x", "command": "touch b"}]}})
    bench.template("two", {"b.txt": ""})
    monkeypatch.setenv("TREADLE_COMPOSE_HOOKS", "false")
    assert "compose.hooks" in bench.problem("one", trust="sandboxed")["message"]
    monkeypatch.setenv("TREADLE_COMPOSE_MULTI_TEMPLATE", "false")
    problem = bench.problem("one", "two", hooks=False)
    assert ("compose.multi_template" in problem["message"], problem["exit_code"]) == (True, 4)
    bench.composed("two")


def test_the_default_of_one_reaches_those_who_share_it(bench: Any) -> None:
    """In either order: `two` asks for nothing."""
    asks = {"variables": [{"name": "PORT", "type": "int", "default": 5173}]}
    bench.template("one", {"one.j2": "{{ PORT }}\n"}, {**asks, "composition": {"variables": {"shared": ["PORT"]}}})
    bench.template("two", {"two.j2": "{{ PORT }}\n"}, {"composition": {"variables": {"shared": ["PORT"]}}})
    for names in (("one", "two"), ("two", "one")):
        bench.target = bench.folder / "-".join(names)
        bench.composed(*names)
        assert bench.tree() == {"one": "5173\n", "two": "5173\n"}
