"""Which package may import which: plugin -> hookspecs <- engine <- core, and layers inside the core."""

import ast
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import grimp

from workspace_rules.members import Member, members, shown

Edge = tuple[str, str]
"""`(importer, imported)`, both dotted module names."""

CONTRACT: Final = "treadle_hookspecs"
MERGING: Final = "treadle_merging"
FOREIGN: Final = "treadle_foreign"
RESOLVERS: Final = ("json", "lines", "markdown", "python", "toml", "yaml")
RUNTIMES: Final = ("temporal",)
"""Plugins that drive the decider themselves."""
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    CONTRACT: frozenset(),
    MERGING: frozenset({CONTRACT}),
    FOREIGN: frozenset({CONTRACT}),
    **{f"treadle_source_{name}": frozenset({CONTRACT, FOREIGN}) for name in ("copier", "cookiecutter")},
    **{f"treadle_merge_{name}": frozenset({CONTRACT, MERGING}) for name in RESOLVERS},
    "treadle_engine": frozenset({CONTRACT}),
    "treadle": frozenset({CONTRACT, "treadle_engine"}),
    **{f"treadle_{name}": frozenset({CONTRACT, "treadle_engine"}) for name in RUNTIMES},
    "treadle_testkit": frozenset({CONTRACT, "treadle_engine", "treadle"}),
}
"""Of ours, what each package may import; one that is not named is a plugin and may import the contract."""

LAYERS: Final = (
    ("cli",),
    ("api",),
    ("runtime",),
    ("plugins", "definition"),
    ("builtin", "triggers", "sandbox", "secrets", "workspace"),
    ("settings",),
    ("amounts", "suggestions", "crash", "last_used"),
)
"""The parts of the core from the top down: an arrow points to a lower layer. Parts of one layer are strangers."""

FACADE: Final = (
    "answering", "auditing", "binding", "checkpoints", "composing", "conversion", "diagnostics", "dispatch", "doctor",
    "drafts", "driving", "elsewhere", "formatting", "host", "lookup", "metrics", "modes", "moving", "open_waits",
    "plans", "preview", "project_modules", "records", "rehearsal", "reports", "seeing", "tailing", "trust",
    "workflows", "working",
)  # fmt: skip
PART_OF: Final[Mapping[str, str]] = {"__main__": "cli", "status": "runtime", **dict.fromkeys(FACADE, "api")}
"""Modules that belong to a part by another name: the facade is one class and what it delegates to."""


def thin_plugin_modules(root: Path) -> list[str]:
    """A `plugin.py` imports the standard library and the contract only: listing plugins must load no library."""
    broken = []
    for member in members(root):
        for path in sorted(member.folder.glob("src/*/plugin.py")) if member.is_plugin else ():
            strangers = sorted(_imported(path) - sys.stdlib_module_names - {CONTRACT})
            broken += [f"{shown(path, root)} imports {name}" for name in strangers]
    return broken


def _imported(path: Path) -> set[str]:
    """First components of every absolute import, wherever it stands; a relative one counts as its own package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0] if not node.level else path.parent.name)
    return found


def edges(found: Iterable[Member]) -> list[Edge]:
    """Every import between our packages, by grimp, from the installed (editable) packages."""
    graph = grimp.build_graph(*(member.module for member in found), cache_dir=None)
    return sorted(
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    )


def direction(imports: Iterable[Edge]) -> list[str]:
    """Arrows between packages run one way: never plugin -> core, never plugin -> plugin."""
    broken = []
    for importer, imported in imports:
        source, target = importer.split(".")[0], imported.split(".")[0]
        if target not in ALLOWED.get(source, frozenset({CONTRACT})) | {source}:
            broken.append(f"{importer} imports {imported}: {source} must not know {target}")
    return broken


def layers(imports: Iterable[Edge]) -> list[str]:
    """Inside the core an arrow only ever points down."""
    height = {name: level for level, names in enumerate(LAYERS) for name in names}
    broken = []
    for importer, imported in imports:
        source, target = _part(importer), _part(imported)
        if not source or not target or source == target:
            continue
        unknown = [name for name in (source, target) if name not in height]
        if unknown:
            broken.append(f"treadle.{unknown[0]} has no place in the layers of tests/workspace")
        elif height[source] >= height[target]:
            broken.append(f"{importer} imports {imported}: {source} lies below {target} or beside it")
    return sorted(set(broken))


def _part(module: str) -> str:
    """The part of the core that a module belongs to; "" for the root package and for other packages."""
    first, _, rest = module.partition(".")
    name = rest.split(".")[0] if first == "treadle" else ""
    return PART_OF.get(rest) or PART_OF.get(name, name)
