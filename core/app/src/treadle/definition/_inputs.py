"""What a run is given, against what its workflow declares."""

from collections.abc import Mapping

from treadle_engine.inputs import fitted
from treadle_engine.plan import Plan
from treadle_hookspecs import Json, TreadleError


def check_inputs(plan: Plan, given: Mapping[str, Json]) -> dict[str, Json]:
    """The inputs of an execution: every declared one, with defaults, converted from text where the type says so.

    Args:
        plan: whose inputs.
        given: by name. A text given for an input of another type is read as that type: `3`, `true`, `[1, 2]`;
            for a list a text without brackets is its only item.

    Raises:
        TreadleError: names every unknown, missing and unfit input (exit code 2, code TRD0201).
    """
    specs = {spec.name: spec for spec in plan.inputs}
    values, problems = fitted(plan.inputs, given)
    if problems:
        from treadle.definition._report import did_you_mean

        suggestions = [did_you_mean(name, specs) for name in given if name not in specs]
        raise _refused(plan, problems, [*filter(None, suggestions), _listing(plan)])
    return values


def _refused(plan: Plan, problems: dict[str, str], suggestions: list[str]) -> TreadleError:
    told = "; ".join(f"`{name}`: {why}" for name, why in problems.items())
    one = len(problems) == 1
    return TreadleError(
        f"{'an input' if one else f'{len(problems)} inputs'} of {plan.name} cannot be taken: {told}",
        code="TRD0201",
        context={"workflow": plan.name, "inputs": dict(problems)},
        suggestions=tuple(dict.fromkeys(suggestions)),
    )


def _listing(plan: Plan) -> str:
    if not plan.inputs:
        return f"{plan.name} takes no inputs"
    shown = (f"{spec.name} ({spec.type}{', required' if spec.required else ''})" for spec in plan.inputs)
    return f"inputs of {plan.name}: {', '.join(shown)}"
