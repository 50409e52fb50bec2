"""Templates of copier in compositions: rendered by copier itself, in a child, its tasks by trust only."""

import json

import pytest
from treadle.api import Treadle
from treadle_hookspecs import TreadleError
from treadle_source_copier._questions import read_settings
from treadle_testkit import Project

SETTINGS = """\
_subdirectory: template
_tasks:
  - "echo made > made.txt"
project_name:
  type: str
  help: The name
package:
  default: "{{ project_name | lower | replace('-', '_') }}"
license:
  default: MIT
  choices: {The short one: MIT, The long one: Apache-2.0}
port: 8000
token:
  type: str
  secret: true
  default: none
"""
FILES = {
    "copier.yml": SETTINGS,
    "template/about.txt.jinja": "{{ project_name }} {{ license }} {{ package }} {{ port + 1 }}\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/src/{{ package }}/__init__.py": "",
}


@pytest.fixture
def template(tmp_path, monkeypatch):
    (tmp_path / "user").mkdir()
    Project.create(tmp_path / "user", monkeypatch)
    for name, text in FILES.items():
        path = tmp_path / "shape" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "shape"


def compose(template, trust="sandboxed", **variables):
    target = template.parent / "made"
    inputs = {"templates": [f"copier:{template}"], "target": str(target), "project_name": "my-app"}
    with Treadle() as treadle:
        status = treadle.run("compose", inputs | {"here": str(template.parent), "trust": trust, "variables": variables})
        told = [row.outputs for row in treadle.steps(status.id)]
    found = [path for path in target.rglob("*") if path.is_file() and ".treadle" not in path.parts]
    return status, {path.relative_to(target).as_posix(): path.read_text() for path in found}, told


def test_rendering_and_tasks_make_the_contribution(template):
    status, files, told = compose(template, license="Apache-2.0")
    assert status.status == "completed", (status.error, told)
    lock = json.loads(files.pop("treadle.lock.json"))
    assert files == {"about.txt": "my-app Apache-2.0 my_app 8001\n", "made.txt": "made\n", "src/my_app/__init__.py": ""}
    assert lock["templates"][0]["id"] == "shape"


def test_without_trust_the_tasks_do_not_run(template):
    status, files, _ = compose(template, trust="none", port=1)
    assert status.status == "completed", status.error
    assert "made.txt" not in files
    assert files["about.txt"] == "my-app MIT my_app 2\n"


def test_nothing_is_run_unasked(template):
    status, files, told = compose(template, trust="")
    assert (status.status, files) == ("failed", {})
    assert "--trust" in str(told)


def test_a_task_that_fails_leaves_nothing(template):
    (template / "copier.yml").write_text(SETTINGS.replace("echo made > made.txt", "exit 3"))
    status, files, told = compose(template)
    assert (status.status, files) == ("failed", {})
    assert "exit 3" in str(told) + str(status.error)


def test_questions_as_they_are_written(template):
    settings = read_settings(template / "copier.yml")
    asked = {one.name: (one.type, one.default, one.choices, one.secret, one.required) for one in settings.questions}
    assert asked == {
        "project_name": ("str", "{{ PROJECT_NAME }}", (), False, False),
        "package": ("str", "", (), False, False),
        "license": ("str", "MIT", ("MIT", "Apache-2.0"), False, False),
        "port": ("int", 8000, (), False, False),
        "token": ("str", "none", (), True, False),
    }
    assert (settings.tasks, settings.computed) == (1, {"package"})


def test_settings_that_cannot_be_read(tmp_path):
    (tmp_path / "copier.yml").write_text("a: [")
    with pytest.raises(TreadleError, match=r"copier.yml:1: expected the node content"):
        read_settings(tmp_path / "copier.yml")
    (tmp_path / "copier.yml").write_text("!include parts.yml\n---\nown: 1\n")
    (tmp_path / "parts.yml").write_text("shared: 2\n")
    assert [one.name for one in read_settings(tmp_path / "copier.yml").questions] == ["shared", "own"]
