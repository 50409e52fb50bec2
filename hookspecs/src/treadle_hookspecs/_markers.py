"""The two pluggy markers, and the names they carry."""

from typing import Final

import pluggy

PROJECT: Final = "treadle"
"""The pluggy project name: hook markers of another project are not ours."""

ENTRY_POINT_GROUP: Final = "treadle"
"""The one entry-point group a plugin distribution registers its thin `plugin` module in."""

API_VERSION: Final = "0.1.0"
"""The version of this contract; equal to the version of the `treadle-hookspecs` distribution."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
