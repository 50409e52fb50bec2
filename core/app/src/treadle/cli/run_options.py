"""How one run differs from its definition, as options of `treadle run`."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from treadle_hookspecs import TreadleError

from treadle.suggestions import did_you_mean

if TYPE_CHECKING:
    from treadle.api import RunOptions
    from treadle.modes import RuntimeChoice

Mode = Annotated[
    str,
    typer.Option(
        "--mode",
        metavar="autopilot|supervised|hybrid",
        help="Ask a person before each step (supervised), before each of high risk (hybrid), or never.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="A gate that would only warn fails its step.")]
Lenient = Annotated[bool, typer.Option("--lenient", help="A gate that would fail its step only warns.")]
CustomGates = Annotated[
    Path | None, typer.Option("--custom-gates", metavar="FILE", help="Gates in a YAML or JSON file, over its own.")
]
Parallel = Annotated[
    bool | None,
    typer.Option(
        "--parallel/--sequential",
        help="As many steps at a time as there are processors, or one; default: what the workflow says.",
        show_default=False,
    ),
]
Timeout = Annotated[
    str, typer.Option("--timeout", metavar="MINUTES", help="End the execution after so long, with exit code 8.")
]
Checkpoint = Annotated[
    bool,
    typer.Option("--checkpoint", help="Keep the files after each step: `rollback --to STEP` goes back there."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the newest execution of this workflow here, as `resume` would.")
]

Runtime = Annotated[
    str, typer.Option("--runtime", metavar="NAME", help="What drives it: local, temporal; default: the setting.")
]
Address = Annotated[str, typer.Option("--address", metavar="HOST:PORT", help="Of the runtime's service.")]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="The runtime's namespace.")]
TaskQueue = Annotated[str, typer.Option("--task-queue", metavar="NAME", help="The queue that its workers take from.")]


def runtime_choice(runtime: str, address: str, namespace: str, task_queue: str) -> "RuntimeChoice | None":
    """The runtime that was asked for, None for none. Raises `TreadleError` for options without a runtime."""
    from treadle.modes import RuntimeChoice

    given = {"address": address, "namespace": namespace, "task_queue": task_queue}
    options = tuple((name, value) for name, value in given.items() if value)
    if options and not runtime:
        flag = f"--{options[0][0].replace('_', '-')}"
        raise TreadleError(f"{flag} says nothing without a runtime", suggestions=("--runtime temporal",))
    return RuntimeChoice(runtime, options) if runtime else None


def run_options(
    *,
    mode: str,
    gates: Path | None,
    strict: bool,
    lenient: bool,
    parallel: bool | None,
    timeout: str,
    checkpoint: bool,
    runtime: "RuntimeChoice | None" = None,
) -> "RunOptions":
    """What was asked for. Raises `TreadleError` (exit code 2)."""
    from treadle.api import RunOptions
    from treadle.modes import MODES
    from treadle.settings import processors

    if mode and mode not in MODES:
        raise TreadleError(
            f"there is no mode `{mode}`",
            suggestions=(did_you_mean(mode, MODES) or f"take one of: {', '.join(MODES)}",),
        )
    if strict and lenient:
        raise TreadleError("--strict and --lenient exclude each other")
    chosen: Any = mode
    return RunOptions(
        mode=chosen,
        gates=gates,
        strictness="strict" if strict else "lenient" if lenient else "",
        max_parallel=0 if parallel is None else processors() if parallel else 1,
        timeout=_seconds(timeout),
        checkpoint=checkpoint,
        runtime=runtime,
    )


def _seconds(minutes: str) -> float | None:
    if not minutes:
        return None
    try:
        found = float(minutes) * 60
    except ValueError:
        found = math.nan
    if not 0 < found <= 31 * 86_400:
        raise TreadleError(
            f"--timeout {minutes} is no number of minutes", suggestions=("for instance --timeout 90, or --timeout 0.5",)
        )
    return found
