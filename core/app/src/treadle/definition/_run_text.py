"""`run:` text: expressions out, quoted references to environment variables in.

A value never becomes program text. Where `{{ … }}` stands, the script gets a reference to a variable that fits the
place (bare, in quotes, in a here-document); the value itself travels in the environment. What is inserted is the same
whatever the value, so a place that is judged wrongly gives a wrong word, never a command.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from treadle_engine.expressions import ExpressionError, enclosed_expression

PREFIX: Final = "TREADLE_V"


class RunTextError(ValueError):
    """An expression stands where no reference can. `hint` shows what to write instead."""

    def __init__(self, message: str, offset: int, length: int = 2, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length
        self.hint = hint


@dataclass(frozen=True, slots=True)
class RunText:
    """A script without expressions, and the expressions by the names of their variables."""

    script: str
    variables: dict[str, str]


class References:
    """Gives every expression of a script its variable; the same expression twice has one."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def name(self, expression: str) -> str:
        """The variable of an expression."""
        if expression not in self._names:
            name = f"{PREFIX}{len(self._names) + 1}"
            self._names[expression] = name
            self.variables[name] = "{{ " + expression + " }}"
        return self._names[expression]


@lru_cache(maxsize=1024)
def run_text(text: str, shell: str) -> RunText:
    """Take the expressions out of a script.

    Args:
        text: the script.
        shell: `sh`, `bash`, `pwsh`, or any other: then no expression may stand in it.

    Raises:
        RunTextError: an expression stands where no reference can.
        ExpressionError: an expression cannot be read.
    """
    if "{{" not in text:
        return RunText(text, {})
    references = References()
    if shell in ("sh", "bash"):
        from treadle.definition._posix_shell import PosixShell

        return RunText(PosixShell(text, shell, references).script(), references.variables)
    if shell == "pwsh":
        from treadle.definition._power_shell import PowerShell

        return RunText(PowerShell(text, references).script(), references.variables)
    return RunText(_untouched(text, shell), {})


def _untouched(text: str, shell: str) -> str:
    """The text, if its only braces are another template's."""
    position = text.find("{{")
    while position >= 0:
        behind = passed_through(text, position)
        if not behind:
            raise env_only(text, position, f"in a script for {shell} no expression may stand")
        position = text.find("{{", behind)
    return text


def passed_through(text: str, at: int) -> int:
    """Where the text goes on behind a `{{.X}}`, which is another template's; 0 for anything else."""
    end = text.find("}}", at)
    return end + 2 if text.startswith("{{.", at) and end >= 0 else 0


def expression_at(text: str, at: int) -> tuple[str, int]:
    """The expression in the `{{ … }}` at a place and where the text goes on behind it. Raises `ExpressionError`."""
    return enclosed_expression(text, at)


def env_only(text: str, at: int, message: str) -> RunTextError:
    """The error for a place that takes no reference."""
    try:
        expression, end = expression_at(text, at)
    except ExpressionError:
        expression, end = "…", at + 2
    hint = f'write `env: {{VALUE: "{{{{ {expression} }}}}"}}` beside `run` and read the variable VALUE in the script'
    return RunTextError(message, at, end - at, hint)
