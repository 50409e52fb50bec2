"""What running tests would do, for dry runs."""

import sys
from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_run_tests(
    *,
    context: PreviewContext,
    python: str = "",
    requirements: list[str] | None = None,
    test_args: list[str] | None = None,
    command: list[str] | None = None,
    **_: Any,
) -> Preview:
    """The commands of `testing/run-tests`; the interpreter is settled when it runs."""
    if command:
        return Preview(commands=(tuple(command),))
    commands: list[tuple[str, ...]] = []
    program = python or sys.executable
    if requirements:
        commands.append((program, "-m", "venv", "SCRATCH/environment"))
        program = "SCRATCH/environment/bin/python"
        commands.append((program, "-m", "pip", "install", "pytest", "coverage", *map(str, requirements)))
    commands.append((program, "-m", "coverage", "run", "-m", "pytest", *map(str, test_args or [])))
    return Preview(
        tuple(commands),
        writes=("SCRATCH/junit.xml", "SCRATCH/coverage.json"),
        notes=() if python or requirements else (f"the .venv of {context.root} is used instead if it has pytest",),
    )
