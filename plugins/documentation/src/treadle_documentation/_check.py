"""`documentation/check-docs`: what can be measured of a project's documentation, from its own files alone."""

import ast
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_documentation._markdown import anchors, links

NEVER: Final = (".git", ".treadle", ".hg", ".venv", "venv", "node_modules", "build", "dist", "__pycache__", ".tox")
LISTED: Final = 200


class Broken(NamedTuple):
    """A link that leads nowhere."""

    file: str
    line: int
    target: str
    why: str


class Missing(NamedTuple):
    """A public object without a docstring."""

    file: str
    line: int
    name: str


def check_docs(
    pages: list[str] | None = None,
    packages: list[str] | None = None,
    min_documented: float | None = None,
    *,
    context: ActionContext,
) -> JsonObject:
    """Look for links that lead nowhere, and for public objects without docstrings.

    Args:
        pages: folders or files with Markdown, relative to the execution's root; default: all of the project.
        packages: folders with Python; default: all of the project but tests.
        min_documented: percent of the public objects that need docstrings; default: it is only told.
        context: of the visit.

    Returns:
        `verdict` (fail for a broken link or too few docstrings, not-checked where there is nothing to look at),
        `broken` (`{file, line, target, why}`), `documented` (percent, null without public objects), `undocumented`,
        `reasons`, `figures`, `findings`, `summary`.

    Raises:
        ActionError: `not-found` for a page or package that is not there.
    """
    root = context.workspace.root
    markdown = list(_files(root, pages or ["."], (".md", ".markdown")))
    python = [name for name in _files(root, packages or ["."], (".py",)) if packages or not _is_test(name)]
    broken = [found for name in markdown for found in broken_links(root, name)]
    objects, missing = documented(root, python)
    percent = round(100 * (objects - len(missing)) / objects, 1) if objects else None
    reasons: list[Json] = [f"{len(broken)} link{'s lead' if len(broken) > 1 else ' leads'} nowhere"] if broken else []
    if min_documented is not None and percent is not None and percent < min_documented:
        reasons.append(f"{percent} % of the public objects have docstrings, {min_documented:g} % are asked for")
    seen = bool(markdown or objects)
    return {
        "verdict": "fail" if reasons else "pass" if seen else "not-checked",
        "broken": [found._asdict() for found in broken[:LISTED]],
        "documented": percent,
        "undocumented": [found._asdict() for found in missing[:LISTED]],
        "reasons": reasons or ([] if seen else ["there is neither Markdown nor public Python"]),
        "figures": _figures(len(markdown), len(broken), percent, min_documented),
        "findings": _findings(broken[:LISTED]),
        "summary": f"{len(markdown)} pages, {len(broken)} broken links"
        + ("" if percent is None else f", {percent} % documented"),
    }


def _figures(pages: int, broken: int, percent: float | None, least: float | None) -> list[Json]:
    found: list[Json] = [{"name": "pages", "value": pages}, {"name": "broken links", "value": broken, "limit": "0"}]
    if percent is not None:
        limit = {} if least is None else {"limit": f"at least {least:g}"}
        found.append({"name": "public objects with docstrings", "value": percent, "unit": "%", **limit})
    return found


def _findings(broken: Sequence[Broken]) -> list[Json]:
    return [
        {"rule": "broken-link", "severity": "medium", "file": one.file, "line": one.line, "message": one.why}
        for one in broken
    ]


def broken_links(root: Path, page: str) -> Iterator[Broken]:
    """Links of a page to files that are not there, out of the project, or to headings that are not on the page."""
    text = _text(root / page)
    for link in links(text):
        path, _, anchor = link.target.partition("#")
        target = os.path.normpath(PurePosixPath(page).parent / path.partition("?")[0]) if path else page
        if target.startswith(".."):
            continue  # what lies beside the project is not this check's to judge
        place = root / target
        if not place.exists():
            yield Broken(page, link.line, link.target, f"there is no {target}")
        elif anchor and place.suffix in (".md", ".markdown") and anchor.lower() not in anchors(_text(place)):
            yield Broken(page, link.line, link.target, f"{target} has no heading `#{anchor}`")


def documented(root: Path, files: Sequence[str]) -> tuple[int, list[Missing]]:
    """How many public modules, classes and functions there are, and which of them lack a docstring."""
    count, missing = 0, []
    for name in files:
        try:
            tree = ast.parse(_text(root / name))
        except (SyntaxError, ValueError):
            continue
        for line, qualified, node in _public(tree, PurePosixPath(name).stem):
            count += 1
            if not ast.get_docstring(node):
                missing.append(Missing(name, line, qualified))
    return count, missing


_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _public(tree: ast.Module, module: str) -> Iterator[tuple[int, str, _Documented]]:
    if module.startswith("_") and module != "__init__":
        return
    if tree.body:
        yield 1, module, tree
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.lineno, node.name, node
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
                    yield inner.lineno, f"{node.name}.{inner.name}", inner
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node.lineno, node.name, node


def _is_test(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "tests" in parts or "test" in parts or parts[-1].startswith("test_") or parts[-1] == "conftest.py"


def _files(root: Path, places: Sequence[str], suffixes: tuple[str, ...]) -> Iterator[str]:
    for place in places:
        start = root / place
        if not start.exists():
            raise ActionError(f"there is no {place} in {root}", error_class="not-found", retryable=False)
        if start.is_file():
            yield start.relative_to(root).as_posix()
        for folder, folders, names in os.walk(start):
            folders[:] = sorted(name for name in folders if name not in NEVER and not name.endswith(".egg-info"))
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield (Path(folder) / name).relative_to(root).as_posix()


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")
