"""What treadle-performance contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, hookimpl


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


_CHECK = {"verdict": "string", "reasons": "array", "summary": "string", "figures": "array", "findings": "array"}

ACTIONS = (
    Action(
        "profile",
        "treadle_performance._profile:profile",
        "Run a program or tests under a profiler: which functions took the time",
        outputs=_outputs(
            seconds="number",
            samples="integer",
            functions="array",
            libraries="array",
            command="array",
            tests="array",
            report="string",
            notes="array",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "bottlenecks",
        "treadle_performance._profile:bottlenecks",
        "Which functions of the project are worth making faster",
        outputs=_outputs(bottlenecks="array", files="array", instructions="string", summary="string", figures="array"),
        idempotent=True,
    ),
    Action(
        "benchmark",
        "treadle_performance._benchmark:benchmark",
        "Run something again and again: what it takes, with confidence",
        aliases=("performance_benchmark",),
        outputs=_outputs(
            metric="string",
            unit="string",
            low="number",
            median="number",
            high="number",
            values="array",
            all="object",
            rounds="integer",
            command="array",
            summary="string",
            figures="array",
        ),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "compare",
        "treadle_performance._benchmark:compare",
        "Run the same in two folders in turns: whether the second takes more",
        outputs=_outputs(
            **_CHECK,
            conclusion="string",
            metric="string",
            ratio="object",
            change="number",
            base="object",
            head="object",
            rounds="integer",
            command="array",
            notes="array",
        ),
        idempotent=True,
        risk="medium",
    ),
    Action(
        "record",
        "treadle_performance._limits:record",
        "Add a performance test: what something takes now, and how much more it may take",
        outputs=_outputs(
            path="string",
            name="string",
            work="number",
            work_low="number",
            memory="integer",
            created="array",
            modified="array",
            summary="string",
            figures="array",
        ),
        risk="medium",
    ),
    Action(
        "check",
        "treadle_performance._limits:check",
        "Run the performance tests of a repository",
        outputs=_outputs(**_CHECK, results="array"),
        idempotent=True,
        risk="medium",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `performance`."""
    yield Module("performance", "0.1.0", ACTIONS, "Where time goes, and whether a change made it more")
