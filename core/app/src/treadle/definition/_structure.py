"""From a tree to the model. What is wrong is told and taken out, so that the rest is checked too."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from treadle.definition._document import Document, Items, Path, Scalar, Table, plain
from treadle.definition._model import BELONGS, BODIES, INNER_BODIES, KINDS, OF_ITEMS, OF_MATRIX, Step, Workflow
from treadle.definition._report import Report, kind_of

_ROUNDS: Final = 40
_FALLBACK: Final[dict[str, Any]] = {"treadle": 1, "name": "unnamed", "steps": [{"id": "_", "set": {}}]}
_FOREIGN: Final = {
    "on": "`triggers`",
    "jobs": "`steps`",
    "parameters": "`inputs`",
    "depends_on": "`needs`",
    "dependsOn": "`needs`",
    "dependencies": "`needs`",
    "if": "`when`",
    "condition": "`when` or `switch`",
    "action": "`uses`",
    "module": "`uses: module/action`",
    "args": "`with`",
    "params": "`with`",
    "inputs": "`with`",
    "config": "`with`",
    "command": "`run`",
    "script": "`run`",
    "working-directory": "`cwd`",
    "continue-on-error": "`continue_on_error`",
    "onSuccess": "`on_success`",
    "onFailure": "`on_failure`",
    "maxRetries": "`retry: {max_attempts: …}`",
    "retries": "`retry: {max_attempts: …}`",
    "next": "`on_success`",
    "rollback_action": "`compensate: {action: …}`",
    "type": "`uses` or `run`",
}
"""Words of other systems, and what is said here instead."""

_TYPES: Final = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_BOUNDS: Final = {
    "greater_than_equal": ("must be at least {ge}", "ge"),
    "less_than_equal": ("must be at most {le}", "le"),
    "too_short": ("must have at least {min_length} item", "min_length"),
    "too_long": ("may have at most {max_length} items", "max_length"),
    "string_too_short": ("must not be empty", "min_length"),
    "string_too_long": ("may have at most {max_length} characters", "max_length"),
}


@dataclass(frozen=True, slots=True)
class Structure:
    """The model of what was right.

    `replaced` are the steps that stand in for wrong ones; `ids` are all that were written.
    """

    workflow: Workflow
    replaced: frozenset[Path]
    ids: frozenset[str]


def structure(report: Report) -> Structure | None:
    """The model of a document; None when it is no object at all."""
    document = report.document
    if not isinstance(document.root, Table):
        if document.text.strip():
            report.at_value("TRD0106", f"a definition is an object, not {kind_of(plain(document.root))}", ())
        else:
            report.at_value("TRD0105", "the definition is empty", (), hint="treadle init --example hello writes one")
        return None
    data = _with_raw_texts(document)
    replaced: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            workflow = Workflow.model_validate(data)
        except ValidationError as error:
            for found in _outermost(error):
                _tell(found, report)
                _prune(data, tuple(found["loc"]), found["type"], replaced)
        else:
            return Structure(workflow, frozenset(replaced), frozenset(_written_ids(document)))
    return None


def _written_ids(document: Document) -> Iterator[str]:
    for path in step_paths(document):
        node = document.node((*path, "id"))
        if isinstance(node, Scalar) and isinstance(node.value, str):
            yield node.value


def step_paths(document: Document) -> Iterator[Path]:
    """The paths of all that stands in a list of steps, also of steps inside steps."""
    for body in BODIES:
        yield from _paths_in(document, (body,))


def _paths_in(document: Document, path: Path) -> Iterator[Path]:
    steps = document.node(path)
    for number in range(len(steps.items) if isinstance(steps, Items) else 0):
        yield (*path, number)
        branches = document.node((*path, number, "race"))
        names = branches.entries if isinstance(branches, Table) else ()
        for keys in (*INNER_BODIES, *(("race", name) for name in names)):
            yield from _paths_in(document, (*path, number, *keys))


def step_around(path: Path) -> Path:
    """The innermost step that a path leads into; () when it leads into none."""
    if len(path) < 2 or path[0] not in BODIES or not isinstance(path[1], int):
        return ()
    end = 2
    while (further := _inner_step(path, end)) > end:
        end = further
    return path[:end]


def _inner_step(path: Path, end: int) -> int:
    """Where the path of a step inside the step that ends at `end` ends; `end` when there is none."""
    for keys in (*INNER_BODIES, ("race", *path[end + 1 : end + 2])):
        after = end + len(keys)
        if path[end:after] == keys and len(path) > after and isinstance(path[after], int):
            return after + 1
    return end


# Before pydantic


def _with_raw_texts(document: Document) -> dict[str, Any]:
    """The data, with numbers as they were written where a text is meant: `version: 1.10` is not 1.1."""
    data: Any = plain(document.root)
    places: list[Path] = [("version",), ("name",), ("title",)]
    environments: list[Path] = [("env",), *((*path, "env") for path in step_paths(document))]
    for path in environments:
        node = document.node(path)
        places += [(*path, key) for key in node.entries] if isinstance(node, Table) else []
    for path in places:
        node = document.node(path)
        if isinstance(node, Scalar) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            _at(data, path[:-1])[path[-1]] = node.raw
    return data  # type: ignore[no-any-return]


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


# Pydantic's errors


def _outermost(error: ValidationError) -> list[Any]:
    """The errors in the order of their places, each place once."""
    found: dict[Path, Any] = {}
    for item in error.errors(include_url=False):
        found.setdefault(tuple(item["loc"]), item)
    return list(found.values())


def _tell(found: Any, report: Report) -> None:
    path: Path = tuple(found["loc"])
    kind = found["type"]
    if kind == "extra_forbidden":
        _tell_unknown(path, report)
    elif kind == "missing":
        _tell_missing(path, report)
    elif path[-1] == "[key]":
        message = f"`{path[-2]}` is not a name: {_grammar(found)}"
        report.at_key("TRD0109", message, path[:-1])
    elif kind == "string_pattern_mismatch":
        hint = _lower_hint(found)
        report.at_value(
            "TRD0109", f"{_label(path)} {found['input']!r} is not allowed: {_grammar(found)}", path, hint=hint
        )
    else:
        _tell_wrong(found, path, report)


def _tell_unknown(path: Path, report: Report) -> None:
    key = str(path[-1])
    known = sorted(_keys_at(path[:-1]))
    suiting = _suiting(known, path[:-1], report.document)
    foreign = f"write {_FOREIGN[key]}" if key in _FOREIGN else ""
    hint = foreign if step_around(path[:-1]) == path[:-1] else ""
    hint = hint or report.suggest(key, suiting) or report.suggest(key, known)
    hint = hint or foreign or f"known here: {', '.join(suiting)}"
    report.at_key("TRD0104", f"the key `{key}` is not known here", path, hint=hint, label="no such key")


def _suiting(known: Sequence[str], path: Path, document: Document) -> Sequence[str]:
    """Of the keys that a step may have, those that go with its kind."""
    node = document.node(path)
    if not path or step_around(path) != path or not isinstance(node, Table):
        return known
    kinds = [kind for kind in KINDS if kind in node.entries]
    if not kinds:
        return known
    strange = {name.rstrip("_") for name, allowed in BELONGS.items() if kinds[0] not in allowed}
    repeated = "for_each" in node.entries or "matrix" in node.entries
    strange |= set(() if repeated else OF_ITEMS) | set(() if "matrix" in node.entries else OF_MATRIX)
    return [key for key in known if key not in strange and (key not in KINDS or key == kinds[0])]


def _tell_missing(path: Path, report: Report) -> None:
    where = "the definition" if len(path) == 1 else _label(path[:-1])
    examples = {"treadle": "treadle: 1", "name": "name: my-workflow", "id": "id: build"}
    hint = f"for instance `{examples[str(path[-1])]}`" if path[-1] in examples else ""
    report.at_value("TRD0105", f"{where} lacks the key `{path[-1]}`", path[:-1], hint=hint)


def _tell_wrong(found: Any, path: Path, report: Report) -> None:
    kind, context = found["type"], found.get("ctx", {})
    if kind.startswith("TRD"):
        report.at_value(kind, f"{_label(path)} {found['msg']}", path)
    elif kind == "literal_error" and path == ("treadle",):
        report.at_value("TRD0116", f"this version reads language version 1, not {found['input']!r}", path)
    elif kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        hint = report.suggest(str(found["input"]), choices)
        message = f"{_label(path)} must be {_one_of(choices)}, not {found['input']!r}"
        report.at_value("TRD0106", message, path, hint=hint)
    elif kind in _BOUNDS:
        report.at_value("TRD0115", f"{_label(path)} {_BOUNDS[kind][0].format(**context)}", path)
    else:
        expected = "a step's id or a list of ids" if _takes_steps(path) else _TYPES.get(kind, found["msg"].lower())
        report.at_value("TRD0106", f"{_label(path)} must be {expected}, not {kind_of(found['input'])}", path)


def _takes_steps(path: Path) -> bool:
    return path[-1] in ("needs", "start", "cancel", "goto", "on_success") or "routes" in path[-2:-1]


def _one_of(choices: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))


def _label(path: Path) -> str:
    """`retry.delay`, `item 2 of needs`, `step 3`: how people call a place."""
    if isinstance(path[-1], int):
        return f"step {path[-1] + 1}" if step_around(path) == path else f"item {path[-1] + 1} of `{path[-2]}`"
    names = [str(step) for step in path if isinstance(step, str)]
    if names[0] in BODIES and len(names) > 1:
        names = names[1:]
    return f"`{'.'.join(names[-2:])}`"


_GRAMMARS: Final = {
    "a-z_][a-z0-9_-]{0,63}": "at most 64 lower case letters, digits, _ and -, beginning with a letter or _",
    "a-z0-9][a-z0-9._-]": "at most 128 lower case letters, digits, ., _ and -, beginning with a letter or digit",
    "A-Za-z_][A-Za-z0-9_]": "letters, digits and _, beginning with a letter or _",
    "A-Za-z0-9@_]": "a name such as module/action",
}


def _grammar(found: Any) -> str:
    pattern = found.get("ctx", {}).get("pattern", "")
    return next((words for start, words in _GRAMMARS.items() if start in pattern), "letters, digits, _ and -")


def _lower_hint(found: Any) -> str:
    value = str(found["input"])
    changed = re.sub(r"[^a-z0-9._/-]+", "-", value.lower()).strip("-")
    fits = changed and changed != value and re.match(found["ctx"]["pattern"], changed)
    return f"write {changed}" if fits else ""


def _keys_at(path: Path) -> set[str]:
    """The keys that may stand in the object at a path."""
    step_path = step_around(path)
    models: list[type[BaseModel]] = [Step if step_path else Workflow]
    for step in path[len(step_path) :]:
        fields = [field for model in models for field in model.model_fields.items() if _written(*field) == step]
        models = [found for _, field in fields for found in _models_in(field.annotation)] if fields else models
    return {_written(name, field) for model in models for name, field in model.model_fields.items()}


def _written(name: str, field: Any) -> str:
    return field.alias or name


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, list, dict) or get_args(annotation):
        for argument in get_args(annotation):
            if isinstance(argument, type) or get_args(argument):
                yield from _models_in(argument)


# Taking out what is wrong


def _prune(data: Any, loc: Path, kind: str, replaced: set[Path]) -> None:
    """Remove the smallest part whose absence makes the rest valid, as far as one can tell."""
    if loc[-1] == "[key]" or kind == "missing":
        loc = loc[:-1]
    while loc and isinstance(loc[-1], int) and not _is_step(loc):
        loc = loc[:-1]
    if len(loc) <= 1:
        _replace_at_root(data, loc, kind)
    elif (step := step_around(loc)) and (step == loc or loc[len(step)] in ("id", *KINDS)):
        _replace_step(data, step, replaced)
    else:
        _delete(data, loc)


def _is_step(loc: Path) -> bool:
    return bool(loc) and step_around(loc) == loc


def _replace_at_root(data: dict[str, Any], loc: Path, kind: str) -> None:
    missing = [key for key in _FALLBACK if key not in data]
    key = str(loc[0]) if loc else ""
    if kind == "missing" and not loc:
        data.update({name: _FALLBACK[name] for name in missing})
    elif key in _FALLBACK:
        data[key] = _FALLBACK[key]
    else:
        data.pop(key, None)


def _replace_step(data: Any, loc: Path, replaced: set[Path]) -> None:
    steps, number = _at(data, loc[:-1]), int(loc[-1])
    written = steps[number].get("id") if isinstance(steps[number], dict) else None
    valid = isinstance(written, str) and re.match(r"^[a-z_][a-z0-9_-]{0,63}$", written) and loc not in replaced
    steps[number] = {"id": written if valid else f"_{loc[0]}_{number}_{len(replaced)}", "set": {}}
    replaced.add(loc)


def _delete(data: Any, loc: Path) -> None:
    parent = data
    for step in loc[:-1]:
        parent = parent.get(step) if isinstance(parent, dict) else parent[step]
        if parent is None:
            return
    if isinstance(parent, dict):
        parent.pop(loc[-1], None)
