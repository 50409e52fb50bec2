"""The table of every key, for `docs/reference/language.md`, from the model."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from treadle_engine.expressions import vocabulary

from treadle.definition import _model as model
from treadle.definition._fields import DURATION, MAX_SECONDS, SIZE
from treadle.definition._model_bounds import Isolation
from treadle.definition._model_recovery import Recovery

_SECTIONS: Final[tuple[tuple[str, str, type[BaseModel]], ...]] = (
    ("Top level", "", model.Workflow),
    ("A step", "`steps`, `on_failure`, `on_cancel`, `finally`: lists of steps.", model.Step),
    ("`parallel`", "Of a step. Its outputs are those of its steps, by id.", model.Parallel),
    ("`loop`", "Of a step. Its outputs are those of the last iteration's steps, by id.", model.Loop),
    ("`wait_for`", "Of a step. What comes with a signal or an event becomes the outputs.", model.WaitFor),
    ("`approval`", "Of a step. Its outputs: `decision, by, comment, answers` and the form's fields.", model.Approval),
    ("`escalate`", "Of `approval`.", model.Escalate),
    ("`retry`", "Of a step and of `defaults`.", model.Retry),
    ("`budget`", "Of a step and of the workflow. See [limit what runs](../how-to/limit-what-runs.md).", model.Budget),
    (
        "`concurrency`",
        "Of a step and of the workflow. See [limit what runs](../how-to/limit-what-runs.md).",
        model.Concurrency,
    ),
    ("`limits`", "Of a step and of `defaults`. See [limit what runs](../how-to/limit-what-runs.md).", model.Limits),
    (
        "`cache`",
        "Of a step; `cache: true` has none of these keys. See [limit what runs](../how-to/limit-what-runs.md).",
        model.Cache,
    ),
    ("`isolation`", "Of a step. See [work apart](../how-to/work-apart.md).", Isolation),
    ("`compensate`", "Of a step.", model.Compensate),
    ("`recovery`", "Of a step. See [recover from failures](../how-to/recover-from-failures.md).", Recovery),
    ("A line of `switch`", "Of a step.", model.Case),
    ("`join: {…}`", "Of a step.", model.AtLeast),
    ("`emit: {…}`", "Of a step.", model.Emit),
    ("`outputs` of a step", "By name.", model.Output),
    ("`inputs`", "Of the workflow, by name.", model.Input),
    ("`secrets`", "Of the workflow, by name. Exactly one key.", model.Secret),
    ("`triggers`: `cli`", "", model.CliTrigger),
    ("`triggers`: `event`", "", model.EventTrigger),
    ("`defaults`", "Of the workflow.", model.Defaults),
    ("`rollback`", "Of the workflow.", model.Rollback),
    ("`gates`", "Of the workflow, by name. See [modes and gates](../how-to/modes-and-gates.md).", model.Gate),
    ("A file of gates", "`treadle run … --custom-gates FILE`.", model.GateFile),
    ("`conditions` of a file of gates", "", model.Condition),
)
_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true, false",
    "array": "list",
    "object": "object",
}
_HEAD: Final = """\
# The keys of a definition

Generated from the model; do not edit. `treadle schema` prints the same as JSON Schema, for editors.

A duration is a number of seconds or a text such as `30s`, `5m`, `1h30m`, `3d`; a size is a number of bytes or a text
such as `64k`, `512MB`, `1.5GiB`. Where a list of steps is taken, one step's id will do. The column *with* names the
kinds of steps that a key goes with; an empty one means all.
"""
_EXPRESSIONS: Final = """
## Expressions

`{{ … }}` in a text, or bare in `when`, `match`, `until`, `while` and `join`: Jinja's grammar, without statements and
without calls. A text that is one expression keeps the type of its value; within other text null is empty and lists and
objects are JSON. `{{.X}}` is another template's and passes through. Names are keys of plain data (`inputs.items` is an
input); a hyphen belongs to a name behind `steps.` only. Texts that an expression builds have at most a million
characters, lists 100,000 items, ranges 10,000 numbers.

| | |
|---|---|
"""


def language_reference() -> str:
    """`docs/reference/language.md`."""
    rows = (f"| {kind} | {', '.join(f'`{name}`' for name in names)} |\n" for kind, names in vocabulary().items())
    return _HEAD + "".join(_section(*section) for section in _SECTIONS) + _EXPRESSIONS + "".join(rows)


def _section(title: str, where: str, described: type[BaseModel]) -> str:
    lines = [f"\n## {title}\n", *([where, ""] if where else [])]
    lines += ["| key | type | default | with | rule |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *_rows(described)]) + "\n"


def _rows(described: type[BaseModel]) -> Iterator[str]:
    schema = described.model_json_schema(by_alias=True)
    schema = schema if "properties" in schema else schema["$defs"][described.__name__]
    for name, field in described.model_fields.items():
        key = field.alias or name
        found = schema["properties"][key]
        kind = _type(found, schema)
        belongs = ", ".join(f"`{kind}`" for kind in model.BELONGS.get(name, ())) if described is model.Step else ""
        default = _default(field)
        yield f"| `{key}` | {kind} | {default} | {belongs} | {field.description or ''} |"


def _type(schema: Any, root: Any) -> str:
    if "$ref" in schema:
        return "object"
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if any(option.get("pattern") == DURATION for option in schema.get("anyOf", ())):
        return "duration"
    if any(option.get("pattern") == SIZE for option in schema.get("anyOf", ())):
        return "size"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(filter(None, (_type(option, root) for option in schema["anyOf"]))))
    kinds = schema.get("type", "any value")
    if kinds == "null":
        return ""
    if isinstance(kinds, list):
        return "text, number, boolean" if "boolean" in kinds else "text"
    if kinds == "array" and "items" in schema:
        return f"list of {_type(schema['items'], root)}"
    return _WORDS.get(kinds, str(kinds))


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, "", PydanticUndefined):
        return ""
    if isinstance(field.default, float):
        return "31d" if field.default == MAX_SECONDS else f"`{field.default:g}`"
    return f"`{str(field.default).lower()}`"
