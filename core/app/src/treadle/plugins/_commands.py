"""Actions that are commands: nothing is imported for them."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Action, ActionError, JsonObject

if TYPE_CHECKING:
    from treadle_hookspecs import ActionContext

_LAST_LINES: Final = 10
_LIMIT: Final = 5_000_000
"""Bytes of what it prints that are read."""


@dataclass(frozen=True, slots=True)
class CommandAction(Action):
    """An action that is a command: `argv`, with the inputs on stdin; `folder` is its module's."""

    argv: tuple[str, ...] = ()
    folder: Path = Path()

    async def call(self, context: "ActionContext", inputs: JsonObject) -> JsonObject:
        """Run it; what it printed. Raises `ActionError` (`exit-code`, `invalid-output`)."""
        argv = [str(self.folder / word[2:]) if word.startswith("./") else word for word in self.argv]
        stdin = json.dumps(inputs).encode()
        result = await context.run(argv, stdin=stdin, env={"TREADLE_MODULE": str(self.folder)}, limit=_LIMIT)
        if not result.ok:
            last = (result.stderr.strip() or result.stdout.strip()).splitlines()[-_LAST_LINES:]
            raise ActionError("\n".join([f"{argv[0]} exited with {result.exit_code}", *last]), error_class="exit-code")
        return self._outputs(result.stdout)

    def _outputs(self, printed: str) -> JsonObject:
        """Its last line, or all of it, as a JSON object."""
        for text in (printed, (printed.strip().splitlines() or [""])[-1]):
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, Mapping):
                return dict(found)
        if self.outputs is None:
            return {"stdout": printed}
        raise ActionError(
            "it printed no JSON object, neither as a whole nor as its last line",
            error_class="invalid-output",
            retryable=False,
        )


def caller_of(action: CommandAction) -> Callable[..., Awaitable[JsonObject]]:
    """What a step calls."""

    async def call(*, context: "ActionContext", **inputs: Any) -> JsonObject:
        return await action.call(context, inputs)

    return call
