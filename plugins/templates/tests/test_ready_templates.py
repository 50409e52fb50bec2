"""The ready templates: each by itself, and any of them together; what comes out works."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from itertools import combinations, product
from pathlib import Path

import pytest
import yaml
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


def looked_at(*projects):
    """Every file that a program reads is what its reader takes."""
    for project in projects:
        for path in project.rglob("*"):
            parsed(path)
        containers(project)
    for name, schema in SCHEMAS.items():
        if there := [str(project / name) for project in projects if (project / name).exists()]:
            run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *there, cwd=projects[0])
    if python := [str(project) for project in projects if any(project.rglob("*.py"))]:
        run(sys.executable, "-m", "ruff", "check", "--no-cache", *python, cwd=projects[0])
        run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", *python, cwd=projects[0])


def parsed(path):
    text = path.read_text("utf-8") if path.is_file() else ""
    assert not re.search(r"(?<!\$)\{\{ (?!steps|outputs)|\{%", text), path
    assert "\n\n\n\n" not in text, path
    assert not text or (text.endswith("\n") and not text.endswith("\n\n")), path
    if path.suffix in {".yml", ".yaml"}:
        yaml.safe_load(text)
    elif path.suffix == ".json":
        json.loads(text)
    elif path.suffix == ".toml":
        tomllib.loads(text)


def containers(project):
    """No container has more rights than it needs, and what others wait for says when it is ready."""
    images = [*project.glob("Dockerfile"), *project.glob("web/Dockerfile")]
    for image in images:
        stages = image.read_text().split("\nFROM ")
        assert "USER app" in stages[-1] or "unprivileged" in stages[-1], image
    if not (project / "compose.yml").exists():
        return
    services = yaml.safe_load((project / "compose.yml").read_text())["services"]
    for service in services.values():
        folder = project / service.get("build", "nowhere")
        assert "image" in service or (folder / "Dockerfile").exists()
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        for other, wanted in service.get("depends_on", {}).items():
            assert wanted == {"condition": "service_healthy"}
            image = project / services[other].get("build", "nowhere") / "Dockerfile"
            assert "healthcheck" in services[other] or "HEALTHCHECK" in image.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_each_by_itself(name, user, tmp_path):
    looked_at(composed([name], tmp_path / "made"))


@pytest.mark.parametrize("first", PARTS[:-1])
def test_all_pairs_and_triples(first, user, tmp_path):
    """Those of which this one is the first by name; in both orders where there are two."""
    others = PARTS[PARTS.index(first) + 1 :]
    pairs = [(first, other) for other in others]
    sets = [*pairs, *(pair[::-1] for pair in pairs), *((first, *two) for two in combinations(others, 2))]
    looked_at(*(composed(names, tmp_path / "-".join(names)) for names in sets))


def test_all_of_them_and_the_new_projects_own_tests(user, tmp_path):
    project = composed(PARTS, tmp_path / "made", name="Weather.Station", PORT=9000)
    looked_at(project)
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:treadle", cwd=project)
    # The server is no dependency of these tests.
    types = ("--ignore-missing-imports", "--cache-dir", str(tmp_path / "types"))
    run(sys.executable, "-m", "mypy", *types, cwd=project)
    made = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert made["scripts"] == {"weather-station": "weather_station.service:main"}
    services = yaml.safe_load((project / "compose.yml").read_text())["services"]
    assert services["app"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["app"]["ports"] == ["127.0.0.1:9000:9000"]
    jobs = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())["jobs"]
    assert set(jobs) == {"repository", "python", "web", "image", "docs"}
    assert services["app"]["environment"] == {
        "HOST": "0.0.0.0",
        "PORT": "9000",
        "DATABASE_URL": "postgresql://weather_station@db:5432/weather_station",
        "PGPASSWORD": "${POSTGRES_PASSWORD:?set it in .env}",
    }
    assert "proxy_pass http://app:9000/;" in (project / "web/nginx.conf").read_text()
    container = json.loads((project / ".devcontainer/devcontainer.json").read_text())
    assert container["forwardPorts"] == [9000, 5173]
    assert list(container["postCreateCommand"]) == ["python", "web", "git"]


def test_awkward_words_stay_words(user, tmp_path):
    said = {"DESCRIPTION": 'Says "C:\\new" <b>&amp; 1', "SITE_TITLE": "a: b # c"}
    project = composed(PARTS, tmp_path / "made", **said)
    looked_at(project)
    assert tomllib.loads((project / "pyproject.toml").read_text())["project"]["description"] == said["DESCRIPTION"]
    assert yaml.safe_load((project / "mkdocs.yml").read_text())["site_name"] == said["SITE_TITLE"]


def test_workflows_run_pinned_code_with_the_least_rights(user, tmp_path):
    project = composed(PARTS, tmp_path / "made")
    workflow = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for step in steps:
        used = step.get("uses", "x@" + "0" * 40)
        assert len(used.partition("@")[2]) == 40, used
        assert "${{" not in step.get("run", ""), "values reach a script by its environment"


@pytest.mark.parametrize(("undo", "command"), list(product((True, False), repeat=2)))
def test_a_plugin_builds_installs_and_passes_its_own_tests(undo, command, user, tmp_path):
    answers = {"UNDO": undo, "COMMAND": command}
    project = composed(["treadle-plugin"], tmp_path / "treadle-weather", name="weather", **answers)
    looked_at(project)
    python = installed(built(project, tmp_path / "dist"), tmp_path / "clean")
    run(str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    if undo and command:
        run(str(python), "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "types"), "src", cwd=project)
    listed = subprocess.run(
        [python, "-m", "treadle", "plugins", "--json"], cwd=project, capture_output=True, text=True, check=True
    )
    (own,) = [one for one in json.loads(listed.stdout)["plugins"] if one["name"] == "weather"]
    assert (own["status"], own["distribution"]) == ("active", "treadle-weather")
    assert ("command weather" in own["provides"]) is command
    if command:
        shown = subprocess.run(
            [python, "-m", "treadle", "weather", "R*.md"], cwd=project, capture_output=True, text=True, check=True
        )
        assert shown.stdout.endswith(" README.md\n")


def built(project, into):
    """The wheel of a project."""
    into.mkdir()
    build = "import sys, uv_build; uv_build.build_wheel(sys.argv[1])"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run(sys.executable, "-c", build, str(into), cwd=project, PATH=path)
    (wheel,) = into.glob("treadle_weather-0.1.0-*.whl")
    return wheel


def installed(wheel, clean):
    """The Python of a new environment that has the wheel, and besides it what this one has."""
    venv.create(clean, symlinks=True)
    python = clean / "bin/python"
    words = ("--python", str(python), "install", "--no-index", "--no-deps", "-q", str(wheel))
    run(sys.executable, "-m", "pip", *words, cwd=clean)
    (library,) = clean.glob("lib/python*/site-packages")
    (library / "rest.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    return python


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
