"""The ready templates, held against what a composition promises; and projects that are brought up to date."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shapes import lay_down

SETS = [
    ("web-frontend", "python-service", "docker"),
    ("docs", "devcontainer", "github-actions"),
    ("postgres", "docker", "devcontainer"),
    ("python-package", "web-frontend", "github-actions"),
    ("python-service", "postgres", "docs", "web-frontend", "docker", "github-actions", "devcontainer"),
]


@pytest.fixture
def user(tmp_path, monkeypatch):
    """A person with nothing of their own yet, in an empty folder."""
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def typed(*argv, code=0):
    done = subprocess.run([sys.executable, "-m", *argv], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("names", SETS, ids="+".join)
def test_every_promise_holds_for_ready_templates(names, user):
    report = json.loads(typed("treadle_compose.check", *names, "--json"))
    assert report["findings"] == []
    assert set(names) <= set(report["templates"])


@pytest.mark.parametrize("name", ["cookiecutter", "copier"])
def test_another_tools_template_is_known_by_its_folder_and_kept_up_to_date(name, user):
    spec = next(spec for spec in lay_down(user / "shapes").values() if spec.startswith(f"{name}:"))
    folder = Path(spec.partition(":")[2])
    typed("treadle", "compose", "-t", f"./{folder.relative_to(user)}", "--project-name", "app", "--defaults",
          "--trust", "sandboxed")  # fmt: skip
    project = user / "app"
    listed = json.loads(typed("treadle", "template", "list", "--project", "app", "--json"))
    assert [it["source"].partition(":")[0] for it in listed["templates"]] == [name]
    changed = next(path for path in sorted(project.rglob("*.md")) if ".treadle" not in path.parts)
    changed.write_text(f"{changed.read_text()}\n## Ours\n\nours\n")
    said = json.loads(typed("treadle", "update", "app", "--trust", "sandboxed", "--json"))
    assert (said["written"], said["removed"], said["conflicts"]) == ([], [], [])
    new = next(path for path in sorted(folder.rglob("*.md*")) if path.name.startswith(changed.name))
    new.write_text(new.read_text().replace("\n", "\n\nNews of the template.\n", 1))
    typed("treadle", "update", "app", "--trust", "sandboxed")
    text = changed.read_text()
    assert "News of the template." in text
    assert text.endswith("## Ours\n\nours\n")
