"""Workflows at work: the execution's own, and those that its steps run as sub-workflows.

Names in expressions, handlers and the policy of undoing belong to one of these, however deep its scopes nest.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine.plan import Plan

if TYPE_CHECKING:
    from treadle_engine.scope_state import ScopeState

MAX_DEPTH: Final = 32
"""Workflows inside each other, the execution's own not counted."""


class Frame:
    """One workflow at work.

    Attributes:
        plan: the compiled workflow.
        address: of its scope; "" for the execution's own.
        key: under which the execution's plan has it; "" for the execution's own.
        depth: how many workflows are around it.
        inputs, trigger, env, vars: what its expressions see.
        tops: its scope and those of its handlers, in the order they opened.
        undone: undoing it has begun.
        figures: what its steps measured last, by name; kept where there are gates.
        warned: how often a gate was not met that only warns.
    """

    def __init__(self, plan: Plan, address: str = "", key: str = "", depth: int = 0) -> None:
        self.plan: Final = plan
        self.address: Final = address
        self.key: Final = key
        self.depth: Final = depth
        self.inputs: JsonObject = {}
        self.trigger: JsonObject = {}
        self.env: JsonObject = {}
        self.vars: dict[str, Json] = {}
        self.tops: list[ScopeState] = []
        self.undone = False
        self.figures: dict[str, Json] = {}
        self.warned = 0

    @property
    def root(self) -> "ScopeState":
        """The scope of its own steps."""
        return self.tops[0]

    @property
    def error(self) -> JsonObject | None:
        """`{step, type, message, …}`: why it failed, or is failing."""
        return next((error for scope in self.tops if (error := scope.error) is not None), None)


def dump_frame(frame: Frame) -> dict[str, Json]:
    """What does not follow from a workflow's scopes, as JSON data."""
    names = ("inputs", "trigger", "env", "undone")
    found: dict[str, Json] = {**{name: getattr(frame, name) for name in names}, "vars": dict(frame.vars)}
    if frame.figures:
        found["figures"] = dict(frame.figures)
    if frame.warned:
        found["warned"] = frame.warned
    return found


def load_frame(frame: Frame, data: Mapping[str, Any]) -> None:
    """Take over what `dump_frame` wrote."""
    for name, value in data.items():
        setattr(frame, name, value)
    frame.vars, frame.figures = dict(frame.vars), dict(frame.figures)
