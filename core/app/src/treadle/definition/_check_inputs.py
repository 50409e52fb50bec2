"""Checks of the workflow's declared inputs."""

from typing import Final

from treadle_engine.inputs import is_type

from treadle.definition._document import Path
from treadle.definition._model import Input, Workflow
from treadle.definition._report import Report

RUN_OPTIONS: Final = frozenset(
    {
        "address",
        "checkpoint",
        "custom-gates",
        "dry-run",
        "help",
        "no-wait",
        "input",
        "inputs-file",
        "json",
        "json-lines",
        "lenient",
        "mode",
        "namespace",
        "no-progress",
        "parallel",
        "progress",
        "report",
        "resume",
        "runtime",
        "sequential",
        "strict",
        "task-queue",
        "timeout",
        "verbose",
        "wait",
    }
)
"""Options that `treadle run` has itself. A test holds them against the command line."""


def check_declared_inputs(workflow: Workflow, report: Report) -> None:
    """Defaults and choices against types, and names against the options of `treadle run`."""
    taken: dict[str, str] = {}
    for name, spec in workflow.inputs.items():
        check_values(("inputs", name), f"input `{name}`", spec, report)
        options = _options(name, spec)
        _check_options(name, options, taken, report)
        taken |= {option: name for option in options if option not in taken}


def check_values(place: Path, what: str, spec: Input, report: Report) -> None:
    """Defaults and choices of an input, or of a form's field, against its type."""
    for number, choice in enumerate(spec.enum):
        if not is_type(choice, spec.type):
            report.at_value("TRD0146", f"the choice {choice!r} is not of type {spec.type}", (*place, "enum", number))
    if "default" not in spec.model_fields_set or spec.default is None:
        return
    if not is_type(spec.default, spec.type):
        report.at_value("TRD0146", f"the default is not of type {spec.type}", (*place, "default"))
    elif spec.enum and spec.default not in spec.enum:
        report.at_value("TRD0146", "the default is none of the choices in `enum`", (*place, "default"))
    if spec.required:
        message = f"{what} is required: its default is never used"
        report.at_key("TRD0127", message, (*place, "default"), severity="warning")


def _options(name: str, spec: Input) -> list[str]:
    option = name.strip("_").replace("_", "-")
    return [option, f"no-{option}"] if spec.type == "boolean" else [option]


def _check_options(name: str, options: list[str], taken: dict[str, str], report: Report) -> None:
    option = next((option for option in options if option in RUN_OPTIONS or option in taken), None)
    if option is None:
        return
    owner = "of `treadle run` itself" if option in RUN_OPTIONS else f"for the input `{taken[option]}`"
    hint = f"the input is reached by --input {name}=…"
    report.at_key("TRD0128", f"the option --{option} is one {owner}", ("inputs", name), hint=hint, severity="note")
