"""New definitions from a few answers (`treadle define`): a YAML file with comments, written only when it is sound."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from treadle_hookspecs import ExitCode, Json, TreadleError

from treadle.lookup import FOLDER

if TYPE_CHECKING:
    from treadle.plugins import PluginHost

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
STEP_ID: Final = re.compile(r"[a-z_][a-z0-9_-]{0,63}")
INPUT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
TYPES: Final = ("string", "integer", "number", "boolean", "array", "object", "any")
_PLAIN: Final = re.compile(r"[A-Za-z_/.][A-Za-z0-9_/. +@%=,-]*")
_COMMENT_AT: Final = 34
"""The column of the comments behind keys."""


@dataclass(frozen=True, slots=True)
class DraftInput:
    """An input. Without a default it has to be given, if it is `required`."""

    name: str
    type: str = "string"
    default: Json = None
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class DraftStep:
    """A step: a command under `run`, or an action under `uses` with its inputs. `needs` None: the order written."""

    id: str
    run: str = ""
    uses: str = ""
    with_: Mapping[str, Json] = field(default_factory=dict)
    needs: tuple[str, ...] | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A workflow to be written."""

    name: str
    title: str = ""
    inputs: Sequence[DraftInput] = ()
    steps: Sequence[DraftStep] = ()


def write_draft(draft: Draft, root: Path, plugins: "PluginHost", *, force: bool = False) -> Path:
    """Write `workflows/NAME.yaml` in a project; its path.

    Raises:
        TreadleError: the file is there and `force` is not set (exit code 5), it cannot be written (4), or what was
            asked for is no sound definition (2); then nothing is written.
    """
    from treadle.definition import load_text
    from treadle.workflows import DefinitionError

    if not NAME.fullmatch(draft.name):
        raise TreadleError(f"`{draft.name}` is no name of a workflow: lower-case letters, digits, `.`, `_` and `-`")
    path = root / FOLDER / f"{draft.name}.yaml"
    if path.exists() and not force:
        raise TreadleError(
            f"{FOLDER}/{path.name} is there already; nothing was written",
            suggestions=("--force overwrites it", "take another name"),
            exit_code=ExitCode.CONFLICT,
        )
    text = draft_text(draft)
    loaded = load_text(text, str(path), plugins)
    if loaded.plan is None:
        raise DefinitionError(loaded)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TreadleError(f"cannot write {path}: {error.strerror}", exit_code=ExitCode.NOT_ALLOWED) from error
    return path


def draft_text(draft: Draft) -> str:
    """The definition as YAML with comments."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield "# Run it:"
    yield "#"
    yield f"#     treadle run {draft.name}"
    yield "#"
    yield f"# `treadle validate {draft.name}` finds mistakes in this file, `treadle graph {draft.name}` draws it."
    yield ""
    yield _commented("treadle: 1", "the version of the language")
    yield f"name: {_scalar(draft.name)}"
    if draft.title:
        yield f"title: {_scalar(draft.title)}"
    if draft.inputs:
        yield ""
        yield _commented("inputs:", f"each one is an option of `treadle run {draft.name}`")
        for item in draft.inputs:
            yield from _input(item)
    yield ""
    yield _commented("steps:", "one after the other, unless `needs` says otherwise")
    for step in draft.steps:
        yield from _step(step)


def _input(item: DraftInput) -> Iterator[str]:
    yield f"  {item.name}:"
    yield f"    type: {item.type}"
    if item.required:
        yield _commented("    required: true", "a run without it does not start")
    elif item.default is not None:
        yield f"    default: {_value(item.default)}"
    if item.description:
        yield f"    description: {_scalar(item.description)}"


def _step(step: DraftStep) -> Iterator[str]:
    yield f"  - id: {_scalar(step.id)}"
    if step.needs is not None:
        why = "waits for these steps" if step.needs else "starts at once, beside the others"
        yield _commented(f"    needs: [{', '.join(map(_scalar, step.needs))}]", why)
    if step.uses:
        yield f"    uses: {_scalar(step.uses)}"
    else:
        yield from _script(step.run)
    if step.with_:
        yield "    with:"
        yield from (f"      {_scalar(name)}: {_value(value)}" for name, value in step.with_.items())
    if step.attempts > 1:
        retry = f"    retry: {{max_attempts: {step.attempts}, delay: 5s, backoff: 2}}"
        yield _commented(retry, "waits 5 seconds, then twice as long each time")


def _script(text: str) -> Iterator[str]:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 2 or any(line != line.rstrip() or not line.isprintable() for line in lines) or not lines[0].strip():
        yield f"    run: {_scalar(text)}"
    elif lines[0].startswith(" "):
        yield f"    run: {_json(text)}"
    else:
        yield "    run: |"
        yield from (f"      {line}".rstrip() for line in lines)


def _commented(text: str, comment: str) -> str:
    return f"{text.ljust(_COMMENT_AT - 1)} # {comment}"


def _value(value: Json) -> str:
    return _scalar(value) if isinstance(value, str) else _json(value)


def _scalar(text: str) -> str:
    """A text as it is where nothing in it means something else, in quotes otherwise."""
    from treadle.definition import load_yaml

    if _PLAIN.fullmatch(text) and text == text.strip() and load_yaml(f"- {text}\n", "draft") == [text]:
        return text
    return _json(text)


def _json(value: Json) -> str:
    """As JSON, which YAML reads as it is; what would not be seen is escaped."""
    text = orjson.dumps(value).decode()
    return "".join(sign if sign.isprintable() else _escaped(ord(sign)) for sign in text)


def _escaped(number: int) -> str:
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
