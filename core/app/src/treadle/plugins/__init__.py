"""Plugins: found by metadata, imported and called each on its own, and what they offer, with its provenance."""

from treadle.plugins._catalogues import CatalogueFile
from treadle.plugins._discovery import installed_version
from treadle.plugins._host import PluginHost
from treadle.plugins._records import Contributed, PluginRecord, PluginStatus
from treadle.plugins._resolved import ResolvedAction

__all__ = [
    "CatalogueFile",
    "Contributed",
    "PluginHost",
    "PluginRecord",
    "PluginStatus",
    "ResolvedAction",
    "installed_version",
]
