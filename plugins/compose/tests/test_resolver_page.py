"""The resolver of `docs/how-to/write-a-conflict-resolver.md`, as a stranger writes it, in compositions."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from treadle.api import Status, Treadle
from treadle.plugins import PluginHost

PAGE = Path(__file__).parents[3] / "docs/how-to/write-a-conflict-resolver.md"
FILE = re.compile(r"<!-- test: file (?P<name>\S+) -->\n```python\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page's files on the path, as `pip install` would put them there."""
    (tmp_path / "acme_tools").mkdir()
    (tmp_path / "acme_tools/__init__.py").touch()
    for found in FILE.finditer(PAGE.read_text("utf-8")):
        (tmp_path / found["name"]).write_text(found["text"])
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("acme_tools.plugin")


def compose(bench: Any, plugin: Any, *templates: str, **inputs: Any) -> Status:
    host = PluginHost()
    host.register(plugin, name="acme-tools")
    given = {"templates": list(templates), "target": str(bench.target), "here": str(bench.folder), **inputs}
    with Treadle(plugins=host) as treadle:
        return treadle.run("compose", given)


def test_what_the_page_teaches(bench: Any, plugin: Any) -> None:
    bench.template("api", {".tool-versions": "nodejs 20.1.0\npython 3.12.1\n"})
    bench.template("web", {".tool-versions": "nodejs 22.4.0\npnpm 9.0.0\n"})
    (row,) = bench.rows(compose(bench, plugin, "api", "web", write=False))
    assert (row["path"], row["key"], row["values"]) == (".tool-versions", "nodejs", ["20.1.0", "22.4.0"])
    assert row["flag"] == "--resolve '.tool-versions#nodejs=highest'"
    status = compose(bench, plugin, "api", "web", resolve=[".tool-versions#nodejs=highest"])
    assert status.status == "completed", status.error
    assert bench.tree() == {".tool-versions": "nodejs 22.4.0\npython 3.12.1\npnpm 9.0.0\n"}
    # The user raises one tool, a template another: both stay.
    (bench.target / ".tool-versions").write_text("nodejs 22.4.0\npython 3.13.0\npnpm 9.0.0\n")
    (bench.folder / "web/files/.tool-versions").write_text("nodejs 22.4.0\npnpm 10.1.0\n")
    assert compose(bench, plugin, "api", "web").status == "completed"
    assert bench.tree() == {".tool-versions": "nodejs 22.4.0\npython 3.13.0\npnpm 10.1.0\n"}
