"""Plugins: found by metadata, imported and called each on its own, and what they offer, with its provenance."""

from treadle.plugins._catalogues import InstalledCatalogue
from treadle.plugins._host import PluginHost
from treadle.plugins._imports import load_object
from treadle.plugins._records import Contributed, PluginRecord, PluginStatus
from treadle.plugins._resolved import ResolvedAction

__all__ = [
    "Contributed",
    "InstalledCatalogue",
    "PluginHost",
    "PluginRecord",
    "PluginStatus",
    "ResolvedAction",
    "load_object",
]
