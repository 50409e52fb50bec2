"""Pydantic's errors as problems with places, for every file that is not a definition."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from treadle.definition._document import Document, Items, Path
from treadle.definition._report import Report, kind_of
from treadle.definition._structure import _BOUNDS, _TYPES, _models_in, _one_of, _outermost, _written


def tell_errors(error: ValidationError, model: type[BaseModel], report: Report) -> None:
    """Add a problem for each place that is wrong; `model` is what the whole document was to be."""
    for found in _outermost(error):
        _tell(found, model, report)


def _tell(found: Any, model: type[BaseModel], report: Report) -> None:
    path = _written_path(tuple(found["loc"]), report.document)
    kind, context = found["type"], found.get("ctx", {})
    label = f"`{_label(path)}`" if path else "the file"
    if kind == "extra_forbidden":
        known = sorted(set(_keys_at(model, path[:-1])))
        hint = report.suggest(str(path[-1]), known) or f"known here: {', '.join(known)}"
        report.at_key("TRD0104", f"the key `{path[-1]}` is not known here", path, hint=hint, label="no such key")
    elif kind == "missing":
        around = f"`{_label(path[:-1])}`" if len(path) > 1 else "the file"
        report.at_value("TRD0105", f"{around} lacks the key `{path[-1]}`", path[:-1])
    elif kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        hint = report.suggest(str(found["input"]), choices)
        report.at_value("TRD0106", f"{label} must be {_one_of(choices)}, not {found['input']!r}", path, hint=hint)
    elif kind.startswith("TRD"):
        report.at_value(kind, f"{label} {found['msg']}", path)
    elif found["loc"][-1] == "[key]":
        report.at_key("TRD0109", f"{found['input']!r} is no name here", path)
    elif kind == "string_pattern_mismatch":
        report.at_value("TRD0109", f"{found['input']!r} is not allowed as {label}", path)
    elif kind in _BOUNDS:
        report.at_value("TRD0115", f"{label} {_BOUNDS[kind][0].format(**context)}", path)
    else:
        expected = _TYPES.get(kind, found["msg"].lower())
        report.at_value("TRD0106", f"{label} must be {expected}, not {kind_of(found['input'])}", path)


def _written_path(path: Path, document: Document) -> Path:
    """Without the marks of pydantic: numbers of items where no list was written, and the name of a key's own check."""
    kept: Path = ()
    for step in path:
        if isinstance(step, int) and not isinstance(document.node(kept), Items):
            continue
        if step != "[key]":
            kept = (*kept, step)
    return kept


def _label(path: Path) -> str:
    """`cases[2].expect.path`, items counted from 1."""
    text = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _keys_at(model: type[BaseModel], path: Path) -> Iterator[str]:
    """The keys that may stand in the object at a path."""
    models: list[Any] = [model]
    for step in path:
        fields = [field for each in models for field in each.model_fields.items() if _written(*field) == step]
        models = [found for _, field in fields for found in _models_in(field.annotation)] if fields else models
    for each in models:
        yield from (_written(*field) for field in each.model_fields.items())
