"""The change that the demonstration has checked: a small feature for pluggy, first with flaws, then without."""

from typing import Final

TITLE: Final = "Snapshots of what is registered"

_SNAPSHOT: Final = '''\
"""
Snapshots of what is registered.
"""

from __future__ import annotations

{imports}from pathlib import Path

from ._manager import PluginManager


Snapshot = dict[str, list[str]]


def take(manager: PluginManager) -> Snapshot:
    """Return the names of the plugins behind each hook, in call order."""
    return {{
        name: [impl.plugin_name for impl in caller.get_hookimpls()]
        for name, caller in sorted(manager.hook.__dict__.items())
        if not name.startswith("_")
    }}


def difference(before: Snapshot, after: Snapshot) -> list[str]:
    """Return one line for each hook whose plugins differ."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, []), after.get(name, [])
        if old != new:
            lines.append(f"{{name}}: {{', '.join(old) or '-'}} -> {{', '.join(new) or '-'}}")
    return lines


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot to a file."""
{save}

def load(path: Path) -> Snapshot:
    """Read a snapshot that :func:`save` wrote."""
{load}'''

_TESTS: Final = """\
from __future__ import annotations

{imports}from pluggy import _snapshot
from pluggy import HookimplMarker
from pluggy import HookspecMarker
from pluggy import PluginManager


hookspec = HookspecMarker("snap")
hookimpl = HookimplMarker("snap")


class Spec:
    @hookspec
    def greet(self) -> None:
        pass


class Impl:
    @hookimpl
    def greet(self) -> None:
        pass


def manager() -> PluginManager:
    made = PluginManager("snap")
    made.add_hookspecs(Spec)
    return made


def test_take_names_plugins_in_call_order() -> None:
    pm = manager()
    pm.register(Impl(), "first")
    pm.register(Impl(), "second")
    assert _snapshot.take(pm) == {{"greet": ["first", "second"]}}
{more}"""

_MORE_TESTS: Final = """

def test_difference_names_what_changed() -> None:
    pm = manager()
    before = _snapshot.take(pm)
    pm.register(Impl(), "first")
    assert _snapshot.difference(before, _snapshot.take(pm)) == ["greet: - -> first"]
    assert _snapshot.difference(before, before) == []


def test_save_and_load(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    _snapshot.save({"greet": ["first"]}, path)
    assert _snapshot.load(path) == {"greet": ["first"]}
"""

_NEWS: Final = "Snapshots: see which plugins stand behind each hook, and what changed since.\n"

FLAWED: Final = {
    "src/pluggy/_snapshot.py": _SNAPSHOT.format(
        imports="import os\nimport pickle\n",
        save="    path.write_bytes(pickle.dumps(snapshot))\n",
        load="    # TODO: what if the file comes from somebody else?\n    return pickle.loads(path.read_bytes())\n",
    ),
    "testing/test_snapshot.py": _TESTS.format(imports="", more=""),
}
"""An unused import, files that can run code when they are read, two functions that no test runs."""

MENDED: Final = {
    "src/pluggy/_snapshot.py": _SNAPSHOT.format(
        imports="import json\n",
        save='    path.write_text(json.dumps(snapshot), encoding="utf-8")\n',
        load=(
            '    found = json.loads(path.read_text("utf-8"))\n'
            "    return {str(name): list(found[name]) for name in found}\n"
        ),
    ),
    "testing/test_snapshot.py": _TESTS.format(imports="from pathlib import Path\n\n", more=_MORE_TESTS),
    "changelog/700.feature.rst": _NEWS,
}
