"""The ready templates: each by itself, and any of them together; what comes out works."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from treadle.api import Treadle
from treadle_templates._source import READY, ReadyTemplates
from treadle_testkit import Project

NAMES = [listing.id for listing in ReadyTemplates().list(Path())]
PARTS = [name for name in NAMES if name != "treadle-plugin"]
SCHEMAS = {
    ".github/workflows/ci.yml": "vendor.github-workflows",
    ".github/dependabot.yml": "vendor.dependabot",
    "compose.yml": "vendor.compose-spec",
}


@pytest.fixture
def user(tmp_path, monkeypatch):
    (tmp_path / "user").mkdir()
    return Project.create(tmp_path / "user", monkeypatch)


def composed(names, target, name="my-app", **variables):
    inputs = {"templates": list(names), "target": str(target), "project_name": name, "here": str(target.parent)}
    with Treadle() as treadle:
        status = treadle.run("compose", inputs | {"variables": variables})
        assert status.status == "completed", (status.error, [row.outputs for row in treadle.steps(status.id)])
    return target


def run(*argv, cwd, **env):
    done = subprocess.run(argv, cwd=cwd, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def looked_at(project):
    """Every file that a program reads is what its reader takes."""
    for path in project.rglob("*"):
        text = path.read_text("utf-8") if path.is_file() else ""
        assert "{{ " not in text.replace("${{ ", ""), path
        if path.suffix in {".yml", ".yaml"}:
            yaml.safe_load(text)
        elif path.suffix == ".json":
            json.loads(text)
        elif path.suffix == ".toml":
            tomllib.loads(text)
    for name, schema in SCHEMAS.items():
        if (project / name).exists():
            run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(project / name), cwd=project)
    if not any(project.rglob("*.py")):
        return
    run(sys.executable, "-m", "ruff", "check", "--no-cache", ".", cwd=project)
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".", cwd=project)


@pytest.mark.parametrize("name", NAMES)
def test_each_by_itself(name, user, tmp_path):
    looked_at(composed([name], tmp_path / "made"))


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(PARTS), unique=True, min_size=2))
def test_any_of_them_together(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("any")
    (folder / "user").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        Project.create(folder / "user", patch)
        looked_at(composed(names, folder / "made"))


def test_all_of_them_and_the_new_projects_own_tests(user, tmp_path):
    project = composed(PARTS, tmp_path / "made", name="Weather.Station", PORT=9000)
    looked_at(project)
    run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:treadle",
        "-p",
        "no:asyncio",
        cwd=project,
    )
    made = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert made["scripts"] == {"weather-station": "weather_station.service:main"}
    services = yaml.safe_load((project / "compose.yml").read_text())["services"]
    assert services["app"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["app"]["ports"] == ["127.0.0.1:9000:9000"]
    jobs = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())["jobs"]
    assert set(jobs) == {"repository", "python", "web", "image", "docs"}


def test_workflows_run_pinned_code_with_the_least_rights(user, tmp_path):
    project = composed(PARTS, tmp_path / "made")
    workflow = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for step in steps:
        used = step.get("uses", "x@" + "0" * 40)
        assert len(used.partition("@")[2]) == 40, used
        assert "${{" not in step.get("run", ""), "values reach a script by its environment"


def test_a_plugin_builds_installs_and_passes_its_own_tests(user, tmp_path):
    project = composed(["treadle-plugin"], tmp_path / "treadle-weather", name="weather")
    looked_at(project)
    (tmp_path / "dist").mkdir()
    build = "import sys, uv_build; uv_build.build_wheel(sys.argv[1])"
    run(
        sys.executable,
        "-c",
        build,
        str(tmp_path / "dist"),
        cwd=project,
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    )
    (wheel,) = (tmp_path / "dist").glob("treadle_weather-0.1.0-*.whl")
    clean = tmp_path / "clean"
    venv.create(clean, symlinks=True)
    python = clean / "bin/python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-index",
        "--no-deps",
        "-q",
        str(wheel),
        cwd=tmp_path,
    )
    (library,) = clean.glob("lib/python*/site-packages")
    (library / "rest.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    run(str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", cwd=project)
    listed = subprocess.run(
        [python, "-m", "treadle", "plugins", "--json"], cwd=project, capture_output=True, text=True, check=True
    )
    (own,) = [one for one in json.loads(listed.stdout)["plugins"] if one["name"] == "weather"]
    assert (own["status"], own["distribution"]) == ("active", "treadle-weather")


def test_what_the_listing_says_is_what_the_manifest_says():
    for listing in ReadyTemplates().list(Path()):
        told = yaml.safe_load((READY / listing.id / "template.yaml").read_text())["template"]
        assert told == {key: getattr(listing, key) for key in ("id", "version", "title", "description")}


def test_a_name_that_is_none(user, tmp_path):
    with Treadle() as treadle:
        status = treadle.run(
            "compose",
            {
                "templates": ["ready:postgress"],
                "target": str(tmp_path / "x"),
                "project_name": "x",
                "here": str(tmp_path),
            },
        )
        problem = next(row.outputs for row in treadle.steps(status.id) if row.address == "resolve")["problem"]
    assert status.status == "failed"
    assert problem["suggestions"] == ["did you mean postgres?"]
