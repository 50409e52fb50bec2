"""Distributions made for one test, on `sys.path` as pip would leave them."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

PLUGIN = """\
from treadle_hookspecs import Action, Module, hookimpl

@hookimpl
def treadle_modules():
    yield Module({module!r}, "1.0", (Action("go", {target!r}),))
"""


@dataclass
class Site:
    """A folder of installed distributions."""

    folder: Path
    modules: list[str] = field(default_factory=list)

    def add(
        self,
        distribution: str,
        plugin: str,
        *,
        name: str = "",
        version: str = "1.0",
        requires: tuple[str, ...] = ("treadle-hookspecs>=0.1,<0.2",),
        code: Mapping[str, str] | None = None,
    ) -> str:
        """Install a distribution whose plugin module has the source `plugin`; the package's name."""
        package = distribution.replace("-", "_")
        self.modules.append(package)
        home = self.folder / package
        home.mkdir()
        (home / "__init__.py").touch()
        for file, source in {"plugin": plugin, **(code or {})}.items():
            (home / f"{file}.py").write_text(dedent(source))
        lines = (f"Requires-Dist: {one}\n" for one in requires)
        metadata = f"Metadata-Version: 2.4\nName: {distribution}\nVersion: {version}\n{''.join(lines)}"
        info = self.info(distribution, version)
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text(f"[treadle]\n{name or distribution} = {package}.plugin\n")
        return package

    def info(self, distribution: str, version: str = "1.0") -> Path:
        """The metadata folder of a distribution."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        return info

    def good(self, distribution: str = "acme-good", *, name: str = "good", version: str = "1.0") -> str:
        """Install a plugin with the action `good/go`; its package."""
        plugin = PLUGIN.format(module="good", target=f"{distribution.replace('-', '_')}.work:go")
        return self.add(distribution, plugin, name=name, version=version, code={"work": "def go(): ..."})

    def beside(self, folder: Path) -> "Site":
        """Another site folder, not on the path."""
        return Site(folder, self.modules)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty site folder at the front of `sys.path`."""
    made = Site(tmp_path / "site")
    made.folder.mkdir()
    monkeypatch.syspath_prepend(str(made.folder))
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] in made.modules]:
        del sys.modules[name]
