"""What is wrong with a template, without composing it: everything at once, each with its file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from treadle_hookspecs import Host, TreadleError

from treadle_compose import _conditions, _staging
from treadle_compose._manifest import Manifest, read_manifest
from treadle_compose._render import HANDLEBARS, JINJA, files_root
from treadle_compose._resolve import satisfies


def problems(folder: Path, host: Host) -> list[dict[str, Any]]:
    """All problems as `{message, file, line, column}`; a manifest that cannot be read hides the others."""
    try:
        manifest = Manifest.from_json(read_manifest(folder, host.load_yaml))
    except TreadleError as error:
        return _of_manifest(error)
    return list(_found(folder, manifest))


def _of_manifest(error: TreadleError) -> list[dict[str, Any]]:
    listed = error.context.get("problems")
    if not isinstance(listed, Mapping):
        return [_problem(error)]
    found = []
    for line in cast("list[str]", listed["lines"]):
        file, number, column, _ = str(line).split(":", 3)
        found.append({"message": str(line), "file": file, "line": int(number), "column": int(column)})
    return found


def _found(folder: Path, manifest: Manifest) -> Iterator[dict[str, Any]]:
    checks = (_versions, _hooks, _files)
    for check in checks:
        for item in check(folder, manifest):
            yield _problem(item)


def _versions(_: Path, manifest: Manifest) -> Iterator[TreadleError]:
    from packaging.version import InvalidVersion, Version

    try:
        Version(manifest.version)
    except InvalidVersion:
        yield TreadleError(f"template {manifest.id}: {manifest.version!r} is no version; write e.g. 1.0.0")
    for dependency in manifest.dependencies:
        try:
            satisfies("1", dependency.version)
        except TreadleError as error:
            yield TreadleError(f"template {manifest.id}, dependency {dependency.template}: {error.message}")


def _hooks(folder: Path, manifest: Manifest) -> Iterator[TreadleError]:
    for hook in manifest.hooks:
        for name in filter(None, (hook.script, hook.template)):
            if not (folder / name).is_file():
                yield TreadleError(f"template {manifest.id}, hook {hook.name}: there is no file {name}")
        try:
            _conditions.parse(hook.condition)
        except TreadleError as error:
            yield TreadleError(f"template {manifest.id}, hook {hook.name}: {error.message}")


def _files(folder: Path, manifest: Manifest) -> Iterator[TreadleError]:
    root = files_root(folder, manifest)
    if not root.is_dir():
        yield TreadleError(f"template {manifest.id}: there is no folder {manifest.files.root}")
        return
    try:
        entries = _staging.scan(root, manifest.id, unrendered=True)
    except TreadleError as error:
        yield error
        return
    for entry in entries:
        path = root / entry.path
        if entry.kind == "file" and path.suffix in (*JINJA, HANDLEBARS):
            try:
                _parse(path)
            except TreadleError as error:
                yield error


def _parse(path: Path) -> None:
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == HANDLEBARS:
        from treadle_compose._handlebars import render

        render(text, {}, str(path))
        return
    from treadle_compose._render import check_syntax

    check_syntax(text, str(path))


def _problem(error: TreadleError) -> dict[str, Any]:
    context = error.context
    return {
        "message": error.message,
        "file": context.get("file", ""),
        "line": context.get("line", 0),
        "column": context.get("column", 0),
    }
