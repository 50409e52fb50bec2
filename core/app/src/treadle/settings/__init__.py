"""Settings: what they are, where they come from, and how to read them."""

from treadle.settings._load import load_settings
from treadle.settings._model import DEFAULT, KEYS, PluginSettings, SecretSettings, Settings, SqliteSettings, processors
from treadle.settings._sources import user_file
from treadle.settings._variables import COUNTERPARTS, VARIABLES

__all__ = [
    "COUNTERPARTS",
    "DEFAULT",
    "KEYS",
    "VARIABLES",
    "PluginSettings",
    "SecretSettings",
    "Settings",
    "SqliteSettings",
    "load_settings",
    "processors",
    "reference",
    "user_file",
]


def reference() -> str:
    """The text of `docs/reference/settings.md`, written from the model."""
    from treadle.settings._reference import reference as written

    return written()
