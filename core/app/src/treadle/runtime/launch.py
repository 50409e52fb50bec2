"""What a new execution is started with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from treadle_engine.plan import Plan
from treadle_hookspecs import Definition, JsonObject


@dataclass(frozen=True, slots=True)
class Launch:
    """A new execution: what to run, with what, where."""

    plan: Plan
    definition: Definition
    inputs: JsonObject
    root: Path
    trigger_type: str = "cli"
    trigger_data: JsonObject = field(default_factory=dict)
    origin: str = ""
    takeover: JsonObject | None = None
    actor: str = ""
    publish_ends: bool = False
    sensitive: tuple[str, ...] = ()
    """Values that are sealed beside the sensitive inputs."""
    children: Mapping[str, str] = field(default_factory=dict)
    """Of the workflows that steps start as executions of their own: the hashes of their definitions, by key."""
    definitions: tuple[Definition, ...] = ()
    """Those of them that may not be in the store yet."""
