"""Gates: rules over the figures that steps publish, judged when a visit succeeds."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from treadle_hookspecs import FIGURES, Json, JsonObject, read_figures

from treadle_engine.expression_errors import ExpressionError
from treadle_engine.plan import Gate, StepPlan

if TYPE_CHECKING:
    from treadle_engine.expressions import CompiledValue
    from treadle_engine.frames import Frame

PREFIX: Final = "gate:"
"""Before a gate's name: the route of a visit that does not meet it."""
_PERCENT: Final = re.compile(
    r"(?<=\d)\s*%(?!\s*(?!(?:and|or|not|in|is|if|else)\b)[\w({\['\"+-])"  # no operand behind it: no modulo
)


class Judged(NamedTuple):
    """What the gates say of a visit that would have succeeded."""

    verdicts: tuple[JsonObject, ...] = ()
    """`{gate, rule, figures, verdict, severity, message}` of each gate that was judged."""
    route: str = ""
    """The route to take, `gate:NAME`, when one of them stops it."""
    error: JsonObject | None = None


NOTHING: Final = Judged()


def as_expression(rule: str) -> str:
    """A rule as an expression: `test_coverage < 80%` counts in percent, as the figure does."""
    return _PERCENT.sub("", rule)


def judge(frame: "Frame", step: StepPlan, outputs: JsonObject) -> Judged:
    """Judge the gates over the figures in these outputs. Raises `ExpressionError`, whose message names the gate."""
    if not step.figures or not frame.plan.gates:
        return NOTHING
    fresh = read_figures(step.figures, outputs)
    known = merged(frame.figures, fresh)
    found = [
        _verdict(gate, known)
        for gate in frame.plan.gates
        if not fresh.keys().isdisjoint(gate.figures) and all(name in known for name in gate.figures)
    ]
    stopping = next((one for one in found if one["verdict"] not in {"pass", "warn"}), None)
    if stopping is None:
        return Judged(tuple(found))
    return Judged(tuple(found), f"{PREFIX}{stopping['gate']}", _error(stopping))


def merged(known: Mapping[str, Json], fresh: Mapping[str, Json]) -> dict[str, Json]:
    """Figures with those of a further visit: what adds up is added, else the last one counts."""
    return {**known, **{name: _added(name, known.get(name), value) for name, value in fresh.items()}}


def _added(name: str, before: Any, value: Any) -> Json:
    adds = before is not None and name in FIGURES and FIGURES[name].adds
    total: Json = before + value if adds else value
    return total


def _verdict(gate: Gate, known: Mapping[str, Json]) -> dict[str, Json]:
    try:
        unmet = bool(_compiled(gate.when).evaluate(known))
    except ExpressionError as problem:
        raise ExpressionError(f"gate {gate.name}: {problem.message}", gate.when) from problem
    return {
        "gate": gate.name,
        "rule": gate.rule,
        "figures": {name: known[name] for name in gate.figures},
        "verdict": gate.verdict if unmet else "pass",
        "severity": gate.severity,
        "message": gate.message or f"{gate.name}: {gate.rule}",
    }


@lru_cache(maxsize=256)
def _compiled(rule: str) -> "CompiledValue":
    from treadle_engine.expressions import compile_expression

    return compile_expression(rule)


def _error(verdict: Mapping[str, Any]) -> JsonObject:
    shown = ", ".join(f"{name} = {value}" for name, value in verdict["figures"].items())
    return {
        "type": "gate",
        "gate": verdict["gate"],
        "message": f"gate {verdict['gate']} is not met: {verdict['rule']} ({shown})",
    }
