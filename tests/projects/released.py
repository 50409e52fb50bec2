"""Releases of third-party projects on the package index that carry their tests, and work to do on them."""

import shutil
import sys
from pathlib import Path
from typing import Final

from workshop import Project

sys.path.append(str(Path(__file__).parents[1] / "demo"))

from sdist import SourceDistribution

PLUGGY_RELEASE: Final = SourceDistribution(
    "pluggy", "1.6.0", "7dcc130b76258d33b90f61b658791dede3486c3e6bfb003ee5c9bfb396dd22f3"
)
INICONFIG_RELEASE: Final = SourceDistribution(
    "iniconfig", "2.3.0", "c76315c77db068650d49c5b56314774a7804df16fee4402c1f19d6d15d8c4730"
)
_MANAGER: Final = "src/pluggy/_manager.py"
_INI: Final = "src/iniconfig/__init__.py"

PLUGGY: Final = Project(
    name="pluggy",
    spec="- A plugin manager must tell the names of its plugins in order, by a method `names`",
    feature={
        _MANAGER: (
            "    def list_name_plugin(self)",
            (
                "    def names(self) -> list[str]:\n"
                '        """Return the names of all registered plugins, in order."""\n'
                "        return sorted(name for name, plugin in self.list_name_plugin() if plugin)\n\n"
                "    def list_name_plugin(self)"
            ),
        )
    },
    feature_tests={
        "testing/test_names.py": (
            "",
            (
                "from pluggy import PluginManager\n\n\ndef test_names_are_in_order() -> None:\n"
                '    manager = PluginManager("example")\n    manager.register(object(), "b")\n'
                '    manager.register(object(), "a")\n    manager.set_blocked("c")\n'
                '    assert manager.names() == ["a", "b"]\n'
            ),
        )
    },
    bug={
        _MANAGER: ("return {x for x in self._name2plugin.values() if x is not None}", "return set(self._name2plugin)")
    },
    issue="get_plugins of the plugin manager returns names and no plugins",
    reproduction={
        "testing/test_get_plugins.py": (
            "",
            (
                "from pluggy import PluginManager\n\n\ndef test_plugins_and_no_names() -> None:\n"
                '    manager, plugin = PluginManager("example"), object()\n    manager.register(plugin, "a")\n'
                "    assert manager.get_plugins() == {plugin}\n"
            ),
        )
    },
    target=_MANAGER,
    rewrite={
        _MANAGER: (
            "        return {x for x in self._name2plugin.values() if x is not None}",
            "        return {plugin for plugin in self._name2plugin.values() if plugin is not None}",
        )
    },
    spoilt={_MANAGER: ("return list(self._name2plugin.items())", "return list(self._name2plugin.items())[1:]")},
)

INICONFIG: Final = Project(
    name="iniconfig",
    spec="- A section must tell how many keys it has, by `len`",
    feature={
        _INI: (
            "    def items(self) -> Iterator[tuple[str, str]]:\n        for name in self:",
            (
                "    def __len__(self) -> int:\n"
                "        return len(self.config.sections.get(self.name, {}))\n\n"
                "    def items(self) -> Iterator[tuple[str, str]]:\n        for name in self:"
            ),
        )
    },
    feature_tests={
        "testing/test_length.py": (
            "",
            (
                "from iniconfig import IniConfig\n\n\ndef test_the_length_of_a_section() -> None:\n"
                '    assert len(IniConfig("x", data="[a]\\nb=1\\nc=2\\n")["a"]) == 2\n'
            ),
        )
    },
    bug={_INI: ("return None if lineno is None else lineno + 1", "return None if lineno is None else lineno")},
    issue="lineof of a config gives the line before the one that a key stands in",
    reproduction={
        "testing/test_lines.py": (
            "",
            (
                "from iniconfig import IniConfig\n\n\ndef test_lines_begin_with_one() -> None:\n"
                '    assert IniConfig("x", data="[a]\\nb=1\\n").lineof("a", "b") == 2\n'
            ),
        )
    },
    target=_INI,
    rewrite={
        _INI: (
            "        for name in self:\n            yield name, self[name]",
            "        return ((name, self[name]) for name in self)",
        )
    },
    spoilt={_INI: ("yield from sorted(section, key=lineof)", "yield from sorted(section, key=str)")},
)

RELEASES: Final = {"pluggy": (PLUGGY, PLUGGY_RELEASE), "iniconfig": (INICONFIG, INICONFIG_RELEASE)}


def unpack(release: SourceDistribution, root: Path, cache: Path) -> None:
    """Lay a release out in a folder that is there."""
    beside = root.with_name(f"{root.name}-release")
    release.unpack(release.fetch(cache), beside)
    shutil.copytree(beside, root, dirs_exist_ok=True)
    shutil.rmtree(beside)
