"""`docs/reference/cli.md`, written from the commands themselves."""

from collections.abc import Iterator
from typing import Any, Final

from treadle.cli.schemas import SCHEMAS
from treadle.cli.shell import core_command, shell
from treadle.cli.table import COMMANDS

_HEAD: Final = """\
# The command line

<!-- Written by `treadle.cli.reference`; change the commands, not this page. -->

`treadle [OPTIONS] COMMAND [ARGS]...`; `python -m treadle` is the same. Data goes to stdout, everything else to stderr.
Exit codes are in [exit-codes.md](exit-codes.md). An id of an execution may be shortened as long as it is unique.
`--color`, `--no-color`, `--debug`, `--verbose` and `--quiet` may stand after the command as well.
"""

_INPUTS: Final = """\
The inputs of the workflow are options too, with its descriptions, types and defaults: `treadle run WORKFLOW --help`.
`max_complexity` is given as `--max-complexity 12`, a boolean as `--strict` or `--no-strict`, an array by repeating the
option or as a JSON list, an object as JSON. An input whose option `run` has itself is given as `--input NAME=VALUE`.
"""

_SHAPES: Final = """\
## JSON

`--json` answers with one document that names its `schema`. `treadle schema NAME` prints its JSON Schema, and
`treadle schema` that of definitions, for an editor. Within a version a shape only grows. An error is a document of
its own, `treadle/error@1`, in place of the answer.
"""


def reference() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Global options\n"
    yield from _options(shell(panels=False))
    for panel in dict.fromkeys(entry.panel for entry in COMMANDS.values()):
        yield f"\n## {panel}"
        for name, entry in COMMANDS.items():
            if entry.panel == panel:
                yield from _command(name)
    yield f"\n{_SHAPES}"
    yield "| name | what |\n|---|---|"
    yield from (f"| `{name}` | {schema['description']} |" for name, schema in SCHEMAS.items())


def _command(name: str) -> Iterator[str]:
    command: Any = core_command(name)
    yield f"\n### treadle {name}\n"
    arguments = (param for param in command.params if param.param_type_name == "argument")
    words = [_argument(param) for param in arguments]
    yield f"`{' '.join(['treadle', name, '[OPTIONS]', *words])}`\n"
    yield command.help.strip()
    if name == "run":
        yield f"\n{_INPUTS.rstrip()}"
    yield ""
    yield from _arguments(command)
    yield from _options(command)


def _argument(param: Any) -> str:
    return str(param.metavar) if param.required else f"[{param.metavar}]"


def _arguments(command: Any) -> Iterator[str]:
    for param in command.params:
        if param.param_type_name == "argument":
            yield f"- `{param.metavar}`: {param.help}"


def _options(command: Any) -> Iterator[str]:
    for param in command.params:
        if param.param_type_name == "option" and not param.hidden:
            yield f"- {_names(param)}: {param.help}{_default(param)}"


def _names(param: Any) -> str:
    value = "" if param.is_flag else f" {_value(param)}"
    return ", ".join(f"`{name}{value}`" for name in (*param.opts, *param.secondary_opts))


def _value(param: Any) -> str:
    choices = param.type_descriptor.choices
    return "|".join(map(str, choices)) if choices else param.metavar or param.name.upper()


def _default(param: Any) -> str:
    shown = param.show_default and not param.is_flag and param.default not in (None, "", ())
    return f" Default: `{param.default}`." if shown else ""


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 the page is this module's output
