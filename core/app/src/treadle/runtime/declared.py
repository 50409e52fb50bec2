"""The types that a step declares for its outputs, and what a command published: a file of lines knows texts only."""

from typing import Final

from treadle_engine.inputs import fitted
from treadle_engine.plan import InputSpec, StepPlan
from treadle_engine.protocol import AttemptEnded
from treadle_hookspecs import Json, JsonObject

from treadle.runtime.clock import draw

COMMAND: Final = "command/run"
_LEFT: Final = frozenset({"string", "any"})


def typed(ended: AttemptEnded, step: StepPlan) -> AttemptEnded:
    """The end of a command's attempt, with texts read as the types that its step declares: `n=3` is a number.

    A text that cannot be read so fails an attempt that had succeeded, as `invalid-output`; it stays a text then.
    """
    texts = [
        InputSpec(name, spec.type, sensitive=spec.sensitive)
        for name, spec in step.outputs
        if spec.type not in _LEFT and isinstance(ended.outputs.get(name), str)
    ]
    if not texts:
        return ended
    values, problems = fitted(texts, {spec.name: ended.outputs[spec.name] for spec in texts})
    outputs: JsonObject = {**ended.outputs, **{name: values[name] for name in values if name not in problems}}
    ended = ended._replace(outputs=outputs)
    if not problems or ended.error is not None:
        return ended
    message = "; ".join(_told(spec, outputs[spec.name]) for spec in texts if spec.name in problems)
    where = f" (step {step.id}, line {step.line})" if step.line else ""
    error: JsonObject = {"type": "invalid-output", "message": f"{message}{where}"}
    return ended._replace(outcome="failure", error=error, draw=draw())


def _told(spec: InputSpec, value: Json) -> str:
    line = f"{spec.name}=…" if spec.sensitive else f"{spec.name}={str(value)[:80]}"
    article = "an" if spec.type[0] in "aeiou" else "a"
    return f"$TREADLE_OUTPUT has the line `{line}`, and `{spec.name}` is declared as {article} {spec.type}"
