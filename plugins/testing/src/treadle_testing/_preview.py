"""What running tests would do, for dry runs."""

import sys
from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_run_tests(
    *,
    context: PreviewContext,
    python: str = "",
    requirements: list[str] | str | None = None,
    test_args: list[str] | str | None = None,
    command: list[str] | str | None = None,
    **_: Any,
) -> Preview:
    """The commands of `testing/run-tests`; the interpreter is settled when it runs."""
    if command:
        return Preview(commands=(_words(command),))
    commands: list[tuple[str, ...]] = []
    program = python or sys.executable
    if requirements:
        commands.append((program, "-m", "venv", "SCRATCH/environment"))
        program = "SCRATCH/environment/bin/python"
        commands.append((program, "-m", "pip", "install", "pytest", "coverage", *_words(requirements)))
    commands.append((program, "-m", "coverage", "run", "-m", "pytest", *_words(test_args)))
    return Preview(
        tuple(commands),
        writes=("SCRATCH/junit.xml", "SCRATCH/coverage.json"),
        notes=() if python or requirements else (f"the .venv of {context.root} is used instead if it has pytest",),
    )


def _words(value: list[str] | str | None) -> tuple[str, ...]:
    """An input that depends on an earlier step is still the expression that was written."""
    return (value,) if isinstance(value, str) else tuple(map(str, value or ()))
