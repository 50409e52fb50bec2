"""The action `command/run`."""

import json
import signal
from pathlib import Path
from typing import Final, Literal

from treadle_hookspecs import ActionContext, ActionError, Json, ProcessResult

from treadle_command._published import PublishedError, read_published
from treadle_command._shells import command_line

OUTPUT_VARIABLE: Final = "TREADLE_OUTPUT"

_LAST_LINES = 10
_LAST_CHARACTERS = 2_000


async def run(
    script: str | None = None,
    shell: Literal["sh", "bash", "pwsh", "python"] = "sh",
    argv: list[str] | None = None,
    cwd: str = ".",
    stdin: Json = "",
    *,
    context: ActionContext,
) -> dict[str, Json]:
    """Run a script or a program; it inherits the environment and gets what the workflow and the step declare.

    Args:
        script: text for the shell. This or `argv`.
        shell: see `treadle_command._shells.command_line`.
        argv: a program and its arguments, without a shell.
        cwd: the folder it runs in: relative to the execution's root, which it may not leave, or absolute.
        stdin: what it reads: text as it is, other values as JSON.
        context: the step.

    Returns:
        `exit_code`, `stdout`, `stderr`, `truncated`, and what it wrote to the file `$TREADLE_OUTPUT`.

    Raises:
        ActionError: it exited with another code than 0 (`exit-code`), or what it published cannot be read
            (`invalid-output`); both publish what there is.
        ToolMissingError: the shell or the program is not on PATH.
    """
    published_to = context.scratch / "outputs"
    # What a killed attempt left is not this one's; what this one publishes may be sensitive and is not left behind.
    published_to.unlink(missing_ok=True)
    try:
        result = await context.run(
            _command(script, shell, argv, context.scratch),
            cwd=folder(cwd, context),
            env={OUTPUT_VARIABLE: str(published_to)},
            stdin=as_input(stdin),
        )
        return _outputs(result, published_to)
    finally:
        published_to.unlink(missing_ok=True)


def _command(script: str | None, shell: str, argv: list[str] | None, scratch: Path) -> tuple[str, ...]:
    if (script is None) == (argv is None):
        raise ActionError("give either script or argv", error_class="invalid-input", retryable=False)
    return tuple(argv) if argv is not None else command_line(script or "", shell, scratch)


def folder(cwd: str, context: ActionContext) -> Path:
    """The folder that `cwd` means. A relative one stays below the root; an absolute one is the author's word."""
    path = Path(cwd)
    if path.is_absolute():
        return path
    return context.workspace.root if path == Path() else context.workspace.path(cwd)


def as_input(stdin: Json) -> bytes:
    """What the program reads."""
    return (stdin if isinstance(stdin, str) else json.dumps(stdin, ensure_ascii=False)).encode("utf-8", "surrogatepass")


def _outputs(result: ProcessResult, published_to: Path) -> dict[str, Json]:
    outputs: dict[str, Json] = {
        "exit_code": result.exit_code,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "truncated": result.truncated,
    }
    unreadable = ""
    try:
        outputs = read_published(published_to) | outputs
    except PublishedError as error:
        unreadable = str(error)
    if not result.ok:
        lines = [f"{_ending(result)}{_place(result)}", unreadable, last_lines(result)]
        raise ActionError("\n".join(filter(None, lines)), error_class="exit-code", outputs=outputs)
    if unreadable:
        raise ActionError(unreadable, error_class="invalid-output", outputs=outputs)
    return outputs


def _ending(result: ProcessResult) -> str:
    if result.exit_code >= 0:
        return f"the command exited with {result.exit_code}"
    try:
        name = signal.Signals(-result.exit_code).name
    except ValueError:
        name = f"signal {-result.exit_code}"
    return f"the command was ended by {name}"


def _place(result: ProcessResult) -> str:
    return f" (all of its output: {result.log})" if result.truncated and result.log else ""


def last_lines(result: ProcessResult) -> str:
    """The end of what it said, preferably on stderr."""
    said = result.stderr.strip() or result.stdout.strip()
    return "\n".join(said.splitlines()[-_LAST_LINES:])[-_LAST_CHARACTERS:]
