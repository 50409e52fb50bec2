"""Checks of the workflow's declared inputs."""

from treadle.definition._model import Input, Workflow
from treadle.definition._report import Report
from treadle.definition._values import is_type


def check_declared_inputs(workflow: Workflow, report: Report) -> None:
    """Defaults and choices against types."""
    for name, spec in workflow.inputs.items():
        _check(name, spec, report)


def _check(name: str, spec: Input, report: Report) -> None:
    place = ("inputs", name)
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
        message = f"input `{name}` is required: its default is never used"
        report.at_key("TRD0127", message, (*place, "default"), severity="warning")
