"""Who imports whom in a tree of Python files, and so whom a change can reach."""

import ast
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath

from treadle_analysis._source import PythonModule


def module_names(path: str, paths: AbstractSet[str]) -> tuple[str, ...]:
    """The dotted names under which a file can be imported, the likeliest first.

    That is the name below the outermost folder without an `__init__.py`, and the name below the repository's top
    (`src` aside): packages without `__init__.py` and test folders on `sys.path` use either.
    """
    parts = _without_suffix(path)
    top = len(parts) - 1
    while top and "/".join((*PurePosixPath(path).parts[:top], "__init__.py")) in paths:
        top -= 1
    below = parts[1:] if parts[0] == "src" else parts
    return tuple(dict.fromkeys(".".join(name) for name in (parts[top:], below) if name))


def _without_suffix(path: str) -> tuple[str, ...]:
    *folders, last = PurePosixPath(path).parts
    stem = PurePosixPath(last).stem
    return tuple(folders) if stem == "__init__" and folders else (*folders, stem)


@dataclass(frozen=True, slots=True)
class ImportGraph:
    """The imports between the files of one tree.

    Attributes:
        importers: by path, the paths that import it directly.
        reexported: `(path, name)` of what an `__init__.py` imports from its own package: public whatever its module
            is called.
    """

    importers: Mapping[str, frozenset[str]]
    reexported: frozenset[tuple[str, str]]

    @classmethod
    def build(cls, modules: Mapping[str, PythonModule], paths: AbstractSet[str]) -> "ImportGraph":
        """Read the imports of all modules; `paths` are all Python files, those that do not parse included."""
        named = _by_name(paths)
        importers: defaultdict[str, set[str]] = defaultdict(set)
        reexported: set[tuple[str, str]] = set()
        for path, module in modules.items():
            for target, name in _imported(path, module.tree, named, paths):
                if target == path:
                    continue
                importers[target].add(path)
                if name and path.endswith("__init__.py"):
                    reexported.add((target, name))
        frozen = {path: frozenset(sources) for path, sources in importers.items()}
        return cls(frozen, frozenset(reexported))

    def reached_by(self, changed: Iterable[str]) -> dict[str, int]:
        """The paths that import one of these, with the distance: 1 directly, 2 through one other file."""
        start = set(changed)
        distance = dict.fromkeys(start, 0)
        queue = deque(sorted(start))
        while queue:
            path = queue.popleft()
            for importer in sorted(self.importers.get(path, ())):
                if importer not in distance:
                    distance[importer] = distance[path] + 1
                    queue.append(importer)
        return {path: steps for path, steps in distance.items() if steps}


def _by_name(paths: AbstractSet[str]) -> dict[str, list[str]]:
    named: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        for name in module_names(path, paths):
            named[name].append(path)
    return dict(named)


def _imported(
    path: str, tree: ast.Module, named: Mapping[str, list[str]], paths: AbstractSet[str]
) -> Iterator[tuple[str, str]]:
    """`(path of a file of the tree, name taken from it or "")` for each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from ((found, "") for found in _longest(alias.name, named))
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path, paths)
            for alias in node.names:
                as_module = named.get(f"{module}.{alias.name}", [])
                yield from ((found, "") for found in as_module)
                if not as_module:
                    yield from ((found, alias.name) for found in _longest(module, named))


def _longest(name: str, named: Mapping[str, list[str]]) -> list[str]:
    """The files behind a dotted name, or behind the longest beginning of it that is a file of the tree."""
    while name and name not in named:
        name = name.rpartition(".")[0]
    return named.get(name, [])


def _absolute(node: ast.ImportFrom, path: str, paths: AbstractSet[str]) -> str:
    if not node.level:
        return node.module or ""
    own = module_names(path, paths)[0].split(".")
    package = own if path.endswith("__init__.py") else own[:-1]
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])
