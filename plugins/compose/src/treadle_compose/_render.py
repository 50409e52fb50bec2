"""Native templates: Jinja2 in its sandbox for `*.jinja` and `*.j2`, Handlebars for `*.hbs`, every other file as it is.

Paths may hold `{{ variables }}` whatever the suffix; a file or folder whose name becomes empty is left out.
"""

import fnmatch
import json
import re
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject, TreadleError

from treadle_compose import _staging
from treadle_compose._arithmetic import as_text, slug
from treadle_compose._columns import column_of
from treadle_compose._manifest import HOOK_NAMES, NAMES, Manifest
from treadle_compose._staging import Entry

JINJA: Final = (".jinja", ".j2", ".jinja2")
HANDLEBARS: Final = ".hbs"
_HTML: Final = (".html", ".htm", ".xml", ".svg", ".xhtml")
_VARIABLE: Final = re.compile(r"(?<!\{)\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}(?!\})")
_RESERVED: Final = re.compile("true|false|none|True|False|None|self|and|or|not|if|else|is|in")
_OUTPUT: Final = 16_000_000
"""Characters of one rendered file."""
_SECONDS: Final = 20.0
"""For one file."""


def render_text(text: str, values: Mapping[str, Json], name: str) -> str:
    """A Jinja2 template. Raises `TreadleError` with file, line and column."""
    named = _names(values)
    if (simple := _plain(text, named)) is not None:
        return simple
    from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError

    try:
        template = _compiled(text)
        return "".join(_bounded(template.generate(**named), name))
    except TemplateSyntaxError as error:
        raise _wrong(name, text, error.lineno, error.message or "it is not understood") from None
    except UndefinedError as error:
        raise _wrong(name, text, _line(error), str(error), _meant(str(error), named)) from None
    except (
        TemplateError,
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        raise _wrong(name, text, _line(error), str(error) or type(error).__name__) from None


def names_used(text: str, name: str) -> frozenset[str]:
    """The variables that a Jinja2 template may look up. Raises `TreadleError` with file, line and column."""
    from jinja2 import TemplateSyntaxError, meta

    environment = _environment()
    try:
        names: set[str] = meta.find_undeclared_variables(environment.parse(text))
    except TemplateSyntaxError as error:
        raise _wrong(name, text, error.lineno, error.message or "it is not understood") from None
    return frozenset(names - environment.globals.keys())


def render_value(text: str, values: Mapping[str, Json]) -> Json:
    """A text with expressions; one that is exactly one expression keeps its value's type."""
    from jinja2 import TemplateError

    stripped = text.strip()
    if stripped.startswith("{{") and stripped.endswith("}}") and stripped.count("{{") == 1:
        try:
            value: Json = _environment().compile_expression(stripped[2:-2], undefined_to_none=False)(**_names(values))
        except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError) as error:
            raise TreadleError(f"{text!r}: {error}") from None
        if _is_undefined(value):
            raise TreadleError(f"{text!r} names a variable that has no value")
        return value
    return render_text(text, values, repr(text))


def condition_holds(text: str, values: Mapping[str, Json], where: str) -> bool:
    """A condition over variables, e.g. `use_docker and not minimal`. Raises `TreadleError`."""
    try:
        return bool(render_value("{{" + text + "}}", values))
    except TreadleError as error:
        raise TreadleError(f"{where}: {error.message}") from None


def files_root(folder: Path, manifest: Manifest) -> Path:
    """The folder that holds a native template's files."""
    if manifest.files.root:
        return folder / manifest.files.root
    return folder / "files" if (folder / "files").is_dir() else folder


def render_native(folder: Path, manifest: Manifest, values: Mapping[str, Json], into: Path) -> None:
    """Render a native template into an empty folder.

    Raises:
        TreadleError: with the template's own file and line.
    """
    root = files_root(folder, manifest)
    entries = _staging.scan(root, manifest.id, unrendered=True)
    shipped = [entry for entry in entries if _shipped(entry.path, manifest, root == folder)]
    into.mkdir(parents=True, exist_ok=True)
    for entry in shipped:
        if not _wanted(entry.path, manifest, values):
            continue
        path = _path(entry.path, manifest, values)
        if path:
            _staging.check_path(manifest.id, path)
            _write(root / entry.path, into / path, entry, manifest, values)


def _write(source: Path, target: Path, entry: Entry, manifest: Manifest, values: Mapping[str, Json]) -> None:
    target = _without_suffix(target) if is_rendered(entry.path, manifest) else target
    if target.exists() or target.is_symlink():
        raise TreadleError(f"template {manifest.id}: two of its files become {target.name} ({entry.path})")
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.kind == "dir":
        target.mkdir()
    elif entry.kind == "link":
        target.symlink_to(render_text(entry.target, values, entry.path))
    elif is_rendered(entry.path, manifest):
        target.write_text(_rendered(source, target, values), encoding="utf-8", newline="")
        target.chmod(entry.mode)
    else:
        target.write_bytes(source.read_bytes())
        target.chmod(entry.mode)


def _rendered(source: Path, target: Path, values: Mapping[str, Json]) -> str:
    try:
        text = source.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(str(source), "", 1, f"it is not UTF-8 at byte {error.start}") from None
    if source.suffix == HANDLEBARS:
        from treadle_compose._handlebars import render

        return render(text, values, str(source), html=target.suffix in _HTML)
    return render_text(text, values, str(source))


def is_rendered(path: str, manifest: Manifest) -> bool:
    """A file of the template is put through an engine; by its name."""
    name = path.rsplit("/", 1)[-1]
    return name.endswith((*JINJA, HANDLEBARS)) and not _matches(path, manifest.files.raw)


def _without_suffix(path: Path) -> Path:
    return path.with_name(path.name.rsplit(".", 1)[0])


def _shipped(path: str, manifest: Manifest, beside: bool) -> bool:
    """Not what is excluded; where the files stand beside the manifest, not the template's own files either."""
    if _matches(path, manifest.files.exclude):
        return False
    if not beside:
        return True
    own = {it for hook in manifest.hooks for it in (hook.script, hook.template) if it}
    return path not in (*NAMES, *HOOK_NAMES) and path not in own


def _wanted(path: str, manifest: Manifest, values: Mapping[str, Json]) -> bool:
    return all(
        condition_holds(condition, values, f"template {manifest.id}, files.when {pattern}")
        for pattern, condition in manifest.files.when.items()
        if _matches(path, (pattern,))
    )


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    name = path.rsplit("/", 1)[-1]
    return any(
        fnmatch.fnmatchcase(path if "/" in pattern else name, pattern) or path.startswith(f"{pattern.rstrip('/')}/")
        for pattern in patterns
    )


def _path(path: str, manifest: Manifest, values: Mapping[str, Json]) -> str:
    """The path with its variables; "" leaves it out."""
    if "{{" not in path and "{%" not in path:
        return path
    parts = [render_text(part, values, f"template {manifest.id}: {path}") for part in path.split("/")]
    if any("/" in part or "\\" in part for part in parts):
        raise TreadleError(f"template {manifest.id}: a variable in {path!r} holds a /")
    return "" if any(part in ("", *JINJA, HANDLEBARS) for part in parts) else "/".join(parts)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Bounded(ImmutableSandboxedEnvironment):
        """The sandbox, with repetitions and powers that stay small."""

        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            texts = [it for it in (left, right) if isinstance(it, str | bytes | list | tuple)]
            counts = [it for it in (left, right) if isinstance(it, int)]
            if operator == "*" and texts and counts and len(texts[0]) * max(counts) > _OUTPUT:
                raise SecurityError("a text or list grows too large")
            if operator == "**" and (abs(right) > 256 or abs(left) > 1_000_000):
                raise SecurityError("a power grows too large")
            if operator == "%" and isinstance(left, str):
                raise SecurityError("% does not format texts here; use ~ or format")
            return super().call_binop(context, operator, left, right)

    environment = Bounded(undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(slug=slug, json=_json, text=as_text)
    # A template reads no other file: what it is made of is what was hashed.
    environment.globals.pop("lipsum", None)
    return environment


def _plain(text: str, named: Mapping[str, Any]) -> str | None:
    """A text that only names variables, rendered without Jinja2, which would say the same; None for any other."""
    names = _VARIABLE.findall(text)
    bare = _VARIABLE.sub("", text)
    if "{{" in bare or "{%" in bare or "{#" in bare or "\r" in text:
        return None
    if any(name not in named or _RESERVED.fullmatch(name) for name in names):
        return None
    words = {name: str(named[name]) for name in set(names)}
    if len(text) + sum(len(words[name]) for name in names) > _OUTPUT:
        return None
    return _VARIABLE.sub(lambda found: words[found[1]], text)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Any:
    """Compiling costs far more than rendering; the text itself is the key."""
    return _environment().from_string(text)


def _bounded(pieces: Iterator[str], name: str) -> Iterator[str]:
    size, until = 0, time.monotonic() + _SECONDS
    for piece in pieces:
        size += len(piece)
        if size > _OUTPUT:
            raise TreadleError(f"{name} renders to more than {_OUTPUT} characters", context={"file": name})
        if time.monotonic() > until:
            raise TreadleError(f"{name} takes more than {_SECONDS:g} s to render", context={"file": name})
        yield piece


def _names(values: Mapping[str, Json]) -> dict[str, Any]:
    """Variables as Jinja2 can name them: `frontend-port` is `frontend_port` too."""
    return {**{name.replace("-", "_"): value for name, value in values.items()}, **values}


def _is_undefined(value: Any) -> bool:
    from jinja2 import Undefined

    return isinstance(value, Undefined)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(error: BaseException) -> int:
    """The line of the template in which it happened: the innermost frame that Jinja2 has compiled."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _meant(reason: str, named: Mapping[str, Any]) -> tuple[str, ...]:
    """Names like one that is undefined."""
    from difflib import get_close_matches

    missing = reason.partition("'")[2].partition("'")[0]
    return tuple(f"did you mean `{it}`?" for it in get_close_matches(missing, named, n=1))


def _wrong(name: str, text: str, line: int | None, reason: str, suggestions: tuple[str, ...] = ()) -> TreadleError:
    line = line or 1
    column = column_of(text, line, reason)
    context: JsonObject = {"file": name, "line": line, "column": column}
    return TreadleError(f"{name}:{line}:{column}: {reason}", context=context, suggestions=suggestions)
