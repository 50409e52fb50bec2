"""What the definition must know of installed plugins."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from treadle_hookspecs import Action, JsonObject, RollbackAction

if TYPE_CHECKING:
    from treadle.definition._dialects import Dialect


class Catalogue(Protocol):
    """The actions, rollback actions and triggers at hand. The plugin host is one."""

    def action(self, name: str) -> Action | None:
        """An action by its full name or an alias."""

    def canonical(self, name: str) -> str:
        """The full name `module/action` of an action that exists."""

    def action_inputs(self, name: str) -> JsonObject | None:
        """The JSON Schema of its inputs, None when it is not known."""

    def action_outputs(self, name: str) -> JsonObject | None:
        """The JSON Schema of its outputs, None when it is not known."""

    def action_names(self) -> Sequence[str]:
        """Every full name."""

    def rollback_action(self, type: str) -> RollbackAction | None:
        """An undo action by its type."""

    def rollback_types(self) -> Sequence[str]:
        """Every type of undo action."""

    def trigger_types(self) -> Sequence[str]:
        """Every type of trigger."""

    def install_hint(self, name: str) -> str:
        """The command line that would bring an action, e.g. `pip install treadle-testing`; "" when none is known."""

    def unavailable(self, name: str) -> str:
        """Why a plugin that would have provided an action is not in use; "" when none is known."""

    def dialect(self, name: str, head: str) -> "Dialect | None":
        """The format that takes a file for its own, by the file's name and its first characters."""
