"""What is wrong with a template, without composing it: everything at once, each with its file."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from treadle_hookspecs import Host, JsonObject, TreadleError

from treadle_compose import _conditions, _staging
from treadle_compose._columns import column_of
from treadle_compose._manifest import Manifest, manifest_path, read_manifest
from treadle_compose._places import place_of
from treadle_compose._render import HANDLEBARS, files_root, is_rendered, names_used
from treadle_compose._resolve import satisfies
from treadle_compose._variables import BUILT_IN
from treadle_compose._wishes import wrong_wishes


def problems(folder: Path, host: Host) -> list[dict[str, Any]]:
    """All problems as `{message, file, line, column}`; a manifest that cannot be read hides the others."""
    try:
        manifest = Manifest.from_json(read_manifest(folder, host.load_yaml))
    except TreadleError as error:
        return _of_manifest(error)
    wishes = wrong_wishes(folder, manifest, host.composition.resolvers())
    return [*_found(folder, manifest), *map(_problem, wishes)]


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
    checks = (_versions, _hooks, _expressions, _files)
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


def _expressions(folder: Path, manifest: Manifest) -> Iterator[TreadleError]:
    """What the manifest itself computes: defaults, what it provides, conditions of files."""
    path = manifest_path(folder)
    if path is None:
        return
    known = _known_names(manifest)
    text = path.read_text("utf-8")
    for where, expression in _computed(manifest):
        line, column = place_of(text, where)
        place = f"{path}:{line}:{column}: {'.'.join(map(str, where))}"
        context: JsonObject = {"file": str(path), "line": line, "column": column}
        try:
            for name in sorted(names_used(expression, "it") - known):
                yield TreadleError(f"{place}: no variable is called `{name}`{_meant(name, known)}", context=context)
        except TreadleError as error:
            yield TreadleError(f"{place}: {error.message.split(': ', 1)[-1]}", context=context)


def _computed(manifest: Manifest) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each text with expressions, and where it stands."""
    for number, question in enumerate(manifest.questions):
        if isinstance(question.default, str):
            yield ("variables", number, "default"), question.default
    for number, provide in enumerate(manifest.provides):
        if isinstance(provide.value, str):
            yield ("composition", "provides", number, "value"), provide.value
    for pattern, condition in manifest.files.when.items():
        yield ("files", "when", pattern), "{{" + condition + "}}"


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
        if entry.kind == "file" and is_rendered(entry.path, manifest):
            try:
                yield from _strange_names(path, manifest)
            except TreadleError as error:
                yield error


def _strange_names(path: Path, manifest: Manifest) -> Iterator[TreadleError]:
    """Variables that a file uses and nobody gives. Raises `TreadleError` for a file that is not understood."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise TreadleError(f"{path}: it is not UTF-8 at byte {error.start}", context={"file": str(path)}) from None
    if path.suffix == HANDLEBARS:
        from treadle_compose._handlebars import render

        render(text, {}, str(path))
        return
    known = _known_names(manifest)
    for name in sorted(names_used(text, str(path)) - known):
        line = next((number for number, shown in enumerate(text.splitlines(), 1) if name in shown), 1)
        column = column_of(text, line, f"'{name}'")
        yield TreadleError(
            f"{path}:{line}:{column}: no variable is called `{name}`{_meant(name, known)}",
            context={"file": str(path), "line": line, "column": column},
        )


def _meant(name: str, known: frozenset[str]) -> str:
    return "".join(f"; did you mean `{it}`?" for it in get_close_matches(name, known, n=1))


def _known_names(manifest: Manifest) -> frozenset[str]:
    """Its own variables, those that it shares or computes, and those that are always there; as Jinja2 names them."""
    names = {*BUILT_IN, *(it.name for it in manifest.questions), *manifest.shared, *manifest.mappings}
    return frozenset(name.replace("-", "_") for name in names)


def _problem(error: TreadleError) -> dict[str, Any]:
    context = error.context
    return {
        "message": error.message,
        "file": context.get("file", ""),
        "line": context.get("line", 0),
        "column": context.get("column", 0),
    }
