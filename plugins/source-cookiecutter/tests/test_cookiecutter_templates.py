"""Templates of cookiecutter in compositions: rendered by cookiecutter itself, in a child, its hooks by trust only."""

import pytest
from treadle.api import Treadle
from treadle_hookspecs import TreadleError
from treadle_source_cookiecutter._questions import read_settings
from treadle_testkit import Project

OUTER = "{{ cookiecutter.slug }}"
FILES = {
    "cookiecutter.json": """{
  "project_name": "My Project",
  "slug": "{{ cookiecutter.project_name.lower().replace(' ', '-') }}",
  "kind": ["app", "lib"],
  "use_docs": true,
  "_copy_without_render": ["*.html"],
  "__prompts__": {"kind": {"__prompt__": "What it is"}}
}
""",
    f"{OUTER}/README.md": "# {{ cookiecutter.project_name }}, a {{ cookiecutter.kind }}\n",
    f"{OUTER}/page.html": "{{ raw }}\n",
    f"{OUTER}/docs/index.md": "docs\n",
    "hooks/post_gen_project.py": "import shutil\nif not {{ cookiecutter.use_docs }}:\n    shutil.rmtree('docs')\n",
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
    inputs = {"templates": [f"cookiecutter:{template}"], "target": str(target), "project_name": "my-app"}
    with Treadle() as treadle:
        status = treadle.run("compose", inputs | {"here": str(template.parent), "trust": trust, "variables": variables})
        told = [row.outputs for row in treadle.steps(status.id)]
    found = [path for path in target.rglob("*") if path.is_file() and ".treadle" not in path.parts]
    files = {path.relative_to(target).as_posix(): path.read_text() for path in found}
    files.pop("treadle.lock.json", None)
    return status, files, told


def test_hooks_choose_the_files(template):
    status, files, told = compose(template, kind="lib", use_docs=False)
    assert status.status == "completed", (status.error, told)
    assert files == {"README.md": "# my-app, a lib\n", "page.html": "{{ raw }}\n"}


def test_without_trust_the_hooks_do_not_run(template):
    status, files, _ = compose(template, trust="none", use_docs=False)
    assert status.status == "completed", status.error
    assert files["docs/index.md"] == "docs\n"


def test_a_hook_stays_in_the_sandbox(template):
    outside = template.parent / "outside.txt"
    hook = f"""\
from pathlib import Path
try:
    Path({str(outside)!r}).write_text("x")
except OSError:
    Path("confined").touch()
"""
    (template / "hooks/post_gen_project.py").write_text(hook)
    status, files, told = compose(template)
    assert status.status == "completed", (status.error, told)
    assert outside.exists() != ("confined" in files)


def test_a_hook_that_fails_leaves_nothing(template):
    (template / "hooks/post_gen_project.py").write_text("raise SystemExit('no, not so')\n")
    status, files, told = compose(template)
    assert (status.status, files) == ("failed", {})
    assert "post_gen_project" in str(told) + str(status.error)


def test_questions_as_they_are_written(template):
    settings = read_settings(template)
    asked = {one.name: (one.type, one.default, one.choices, one.help) for one in settings.questions}
    assert asked == {
        "project_name": ("str", "{{ PROJECT_NAME }}", (), ""),
        "slug": ("str", "", (), ""),
        "kind": ("str", "app", ("app", "lib"), "What it is"),
        "use_docs": ("bool", True, (), ""),
    }
    assert (settings.hooks, settings.code, settings.computed) == (("post_gen_project.py",), True, {"slug"})


def test_questions_that_cannot_be_read(tmp_path):
    (tmp_path / "cookiecutter.json").write_text('{"a": }')
    with pytest.raises(TreadleError, match="line 1 column 7"):
        read_settings(tmp_path)
