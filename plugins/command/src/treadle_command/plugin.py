"""What treadle-command contributes."""

from collections.abc import Iterable
from typing import Final

from treadle_hookspecs import Action, JsonObject, Module, RollbackAction, hookimpl

_SUMMARY: Final = "Run a script or a program"

_INPUTS: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "script": {"type": "string", "description": "text for the shell; either this or argv"},
        "shell": {
            "enum": ["sh", "bash", "pwsh", "python"],
            "default": "sh",
            "description": "what runs the script; sh and bash stop at the first command that fails",
        },
        "argv": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "description": "a program and its arguments, without a shell",
        },
        "cwd": {"type": "string", "default": ".", "description": "below the execution's root, or an absolute path"},
        "stdin": {"description": "what it reads: text as it is, other values as JSON", "default": ""},
    },
    "additionalProperties": False,
}

_OUTPUTS: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "exit_code": {"type": "integer", "description": "0 to 255, or minus the number of a signal"},
        "stdout": {"type": "string", "description": "bounded: the beginning and the end"},
        "stderr": {"type": "string", "description": "bounded: the beginning and the end"},
        "truncated": {"type": "boolean", "description": "some of its output is in the log only"},
    },
    "additionalProperties": {"description": "what it wrote to the file $TREADLE_OUTPUT"},
}


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `command`."""
    run = Action(
        "run",
        "treadle_command._run:run",
        _SUMMARY,
        aliases=("deploy_production",),
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        risk="medium",
        preview="treadle_command._preview:preview",
    )
    yield Module("command", "0.1.0", (run,), "Commands as steps")


@hookimpl
def treadle_rollback_actions() -> Iterable[RollbackAction]:
    """`compensate: {action: run-cleanup, with: {script: …}}`."""
    yield RollbackAction("run-cleanup", "treadle_command._run:run", _SUMMARY)
