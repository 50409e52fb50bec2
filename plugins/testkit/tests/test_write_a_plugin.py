"""The how-to page "Write a plugin": its files are built, installed by pip, discovered, tested and run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from treadle_testkit import Project

PAGE = Path(__file__).parents[3] / "docs/how-to/write-a-plugin.md"
_FILE = re.compile(r"<!-- test: file (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

RECORDS = """
import json
from treadle.plugins import PluginHost
host = PluginHost()
print(json.dumps({record.name: record.to_json() for record in host.records}))
"""

LIBRARIES = """
import sys
from treadle.plugins import PluginHost
host = PluginHost()
assert host.action("headers/check") is not None
print(sorted(name for name in sys.modules if name.startswith("acme_headers")))
"""

VALIDATE = """
import sys
from pathlib import Path
from treadle.definition import load_file
from treadle.plugins import PluginHost
loaded = load_file(Path(sys.argv[1]), PluginHost())
print([problem.message for problem in loaded.problems if problem.severity == "error"])
"""


def files_of_the_page() -> Iterator[tuple[str, str]]:
    for match in _FILE.finditer(PAGE.read_text("utf-8")):
        yield match["name"], match["text"]


def python(*arguments: str, cwd: Path, **variables: str) -> str:
    """What a new Python process prints; its own words when it fails."""
    beside = str(Path(sys.executable).parent)  # where the build backend's program is
    environ = {**os.environ, "PATH": os.pathsep.join((beside, os.environ["PATH"])), **variables}
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the page describes."""
    folder = tmp_path_factory.mktemp("acme-headers")
    for name, text in files_of_the_page():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def site(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip built and installed it, without looking at any package index."""
    target = tmp_path_factory.mktemp("site")
    offline = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    python("-m", "pip", "install", *offline, "--target", str(target), ".", cwd=source)
    return target


def records(site: Path, **variables: str) -> Mapping[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(python("-c", RECORDS, cwd=site, PYTHONPATH=str(site), **variables))
    return found


def test_it_is_discovered_as_pip_left_it(site: Path) -> None:
    record = records(site)["headers"]
    assert record["status"] == "active"
    assert (record["distribution"], record["version"]) == ("acme-headers", "1.0.0")
    assert record["provides"] == [
        "action headers/check",
        "action headers/add",
        "rollback action remove-headers",
        "command headers",
    ]


def test_its_thin_module_is_all_that_discovery_imports(site: Path) -> None:
    imported = python("-c", LIBRARIES, cwd=site, PYTHONPATH=str(site))
    assert imported == "['acme_headers', 'acme_headers.plugin']\n"


def test_an_installation_for_a_later_contract_is_not_imported(site: Path, tmp_path: Path) -> None:
    later = tmp_path / "site"
    subprocess.run(["cp", "-r", str(site), str(later)], check=True)
    (metadata,) = later.glob("*.dist-info/METADATA")
    metadata.write_text(metadata.read_text().replace(">=0.1,<0.2", ">=0.2,<0.3").replace("<0.2,>=0.1", "<0.3,>=0.2"))
    (later / "acme_headers/plugin.py").write_text("raise AssertionError('imported')")
    record = records(later)["headers"]
    assert record["status"] == "incompatible", record
    assert "0.2" in str(record["reason"])


def test_its_own_tests_pass(site: Path, source: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "error", "--rootdir", str(source))
    printed = python("-m", "pytest", *options, str(source / "tests"), cwd=source, PYTHONPATH=str(site))
    assert "4 passed" in printed


def test_its_workflow_is_valid(site: Path, source: Path) -> None:
    workflow = str(source / "workflows/licence.yaml")
    assert python("-c", VALIDATE, workflow, cwd=source, PYTHONPATH=str(site)) == "[]\n"


def test_its_subcommand_gets_the_host(site: Path, source: Path, treadle_project: Project) -> None:
    printed = python("-m", "treadle", "headers", "# x", cwd=source, PYTHONPATH=str(site))
    assert re.fullmatch(r"\d+ of \d+ files lack the header\n", printed)


def test_its_workflow_runs_and_is_undone(site: Path, source: Path, treadle_project: Project) -> None:
    treadle_project.write({"a.py": "x = 1\n"})
    treadle_project.workflow("licence", (source / "workflows/licence.yaml").read_text("utf-8"))

    def treadle(*arguments: str) -> str:
        return python("-m", "treadle", *arguments, cwd=treadle_project.root, PYTHONPATH=str(site))

    run = json.loads(treadle("run", "licence", "--json"))
    assert (run["status"], run["steps"]["check"]["outcome"]) == ("completed", "incomplete")
    assert (treadle_project.root / "a.py").read_text() == "# SPDX-License-Identifier: Apache-2.0\nx = 1\n"
    treadle("rollback", run["id"], "--yes")
    assert (treadle_project.root / "a.py").read_text() == "x = 1\n"
