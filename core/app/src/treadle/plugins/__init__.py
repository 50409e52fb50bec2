"""Plugins: found by metadata, imported and called each on its own, and what they offer, with its provenance."""

from treadle.plugins._catalogues import CatalogueFile
from treadle.plugins._commands import CommandAction
from treadle.plugins._discovery import Candidate, installed_version
from treadle.plugins._host import PluginHost
from treadle.plugins._known import distribution_for_action
from treadle.plugins._records import Contributed, PluginRecord, PluginStatus
from treadle.plugins._resolved import ResolvedAction

__all__ = [
    "Candidate",
    "CatalogueFile",
    "CommandAction",
    "Contributed",
    "PluginHost",
    "PluginRecord",
    "PluginStatus",
    "ResolvedAction",
    "distribution_for_action",
    "installed_version",
]
