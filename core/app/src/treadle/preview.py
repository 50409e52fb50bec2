"""The dry run: what a run would do, with nothing started."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_engine.addresses import child_of
from treadle_engine.plan import Plan, StepPlan, scopes_of, steps_within
from treadle_engine.walks import runs_inside
from treadle_hookspecs import Json, JsonObject, Preview, PreviewContext

if TYPE_CHECKING:
    from treadle.plugins import PluginHost

_KNOWN_BEFORE: Final = frozenset({"inputs", "trigger", "env", "workflow"})
"""Contexts that hold their values before the first step runs."""


@dataclass(frozen=True, slots=True)
class PreviewedStep:
    """One step of a dry run."""

    id: str
    kind: str
    action: str
    provided_by: str
    inputs: Json
    """With every expression evaluated that needs no step's result; the others stand as written."""
    commands: tuple[tuple[str, ...], ...] = ()
    writes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing_tools: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would do. Nothing was started."""

    workflow: str
    root: str
    inputs: JsonObject
    steps: tuple[PreviewedStep, ...]


def preview(plan: Plan, inputs: JsonObject, root: Path, plugins: "PluginHost") -> DryRun:
    """The dry run of a plan. Raises `TreadleError` when an action is missing or an expression cannot be evaluated."""
    context: dict[str, object] = {
        "inputs": _public(plan, inputs),
        "trigger": {"type": "cli"},
        "workflow": {"name": plan.name, "status": "running", "error": None},
        "env": {},
    }
    context["env"] = early(plan.env, context)
    steps = [_previewed(path, step, seen, root, plugins) for path, step, seen in _steps(plan, plan, "", context, ())]
    return DryRun(plan.name, str(root), _public(plan, inputs), tuple(steps))


def _steps(
    plan: Plan, workflow: Plan, inside: str, context: Mapping[str, object], running: tuple[str, ...]
) -> Iterator[tuple[str, StepPlan, Mapping[str, object]]]:
    """Every step with its path and what is known where it stands, those of sub-workflows included."""
    for address, scope in scopes_of(workflow):
        for path, step in steps_within(scope, f"{inside}{address}/" if address else inside):
            yield path, step, context
            if runs_inside(step, running):
                child = child_of(plan, step.workflow)
                known = _inside(child, step, path, context)
                yield from _steps(plan, child, f"{path}/", known, (*running, step.workflow))


def _inside(child: Plan, step: StepPlan, path: str, context: Mapping[str, object]) -> dict[str, object]:
    """What is known in a sub-workflow: of its inputs those that depend on no step; the others stand as written."""
    given = _mapping(early(step.with_, context))
    known: dict[str, object] = {
        "open": _open(given) or bool(context.get("open")),  # an input may still be an expression
        "inputs": _public(child, {spec.name: given.get(spec.name, spec.default) for spec in child.inputs}),
        "trigger": {"type": "workflow", "step": path},
        "workflow": {"name": child.name, "status": "running", "error": None},
        "env": {},
    }
    known["env"] = early(child.env, known)
    return known


def early(value: Json, context: Mapping[str, object]) -> Json:
    """The value with every text evaluated that names nothing but what is known before the first step."""
    if isinstance(value, Mapping):
        return {key: early(item, context) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [early(item, context) for item in value]
    if not isinstance(value, str):
        return value
    from treadle_engine.expressions import ExpressionError, compile_value

    compiled = compile_value(value)
    if compiled.constant or any(path[0] not in _KNOWN_BEFORE for path in compiled.names):
        return value
    try:
        return compiled.evaluate(context)
    except ExpressionError:
        if context.get("open"):
            return value
        raise


def _public(plan: Plan, inputs: JsonObject) -> JsonObject:
    sensitive = {spec.name for spec in plan.inputs if spec.sensitive}
    return {name: "***" if name in sensitive else value for name, value in inputs.items()}


def _previewed(
    address: str, step: StepPlan, context: Mapping[str, object], root: Path, plugins: "PluginHost"
) -> PreviewedStep:
    inputs = early(step.with_, context)
    follows = tuple(step.needs or ())
    asks = ("a person is asked first",) if step.gate is not None else ()
    if step.kind != "call":
        return PreviewedStep(address, step.kind, "", "treadle-core", inputs, notes=asks, follows=follows)
    would = _asked(plugins.preview(step.action), _mapping(inputs), root)
    tools = plugins.resolve(step.action).action.tools
    missing = tuple(
        f"{tool.name}: {tool.install}" if tool.install else tool.name for tool in tools if not _found(tool.name)
    )
    return PreviewedStep(
        address,
        "run" if step.action == "command/run" else "uses",
        step.action,
        plugins.provider(step.action).distribution,
        inputs,
        would.commands,
        would.writes,
        (*asks, *would.notes),
        missing,
        follows,
    )


def _asked(function: Callable[..., Any] | None, inputs: JsonObject, root: Path) -> Preview:
    if function is None:
        return Preview()
    try:
        return function(**inputs, context=PreviewContext(root))  # type: ignore[no-any-return]
    except Exception as error:  # noqa: BLE001 - a preview that fails must not hide the rest of the dry run
        if _open(inputs):  # it was given expressions where it needs values
            return Preview(notes=("what it would start depends on the results of earlier steps",))
        return Preview(notes=(f"its preview failed: {type(error).__name__}: {error}",))


def _open(value: Json) -> bool:
    """Some expression still stands in it."""
    if isinstance(value, Mapping):
        return any(_open(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_open(item) for item in value)
    return isinstance(value, str) and "{{" in value


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _found(tool: str) -> bool:
    import shutil
    import sys

    beside = Path(sys.executable).parent / tool
    return shutil.which(tool) is not None or beside.exists()
