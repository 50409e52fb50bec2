"""treadle's own log, `<home>/treadle.log`: opened when there is something to say, so a quiet run pays nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from treadle.settings import Settings

_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


class Diagnostics:
    """What treadle says of itself, at the level that the settings ask for.

    Args:
        settings: gives the settings; asked when something is first said.
    """

    def __init__(self, settings: "Callable[[], Settings]") -> None:
        self._settings = settings
        self._end: Callable[[], None] | None = None

    def say(self, level: str, message: str) -> None:
        """Write a line if the settings want lines of this level: DEBUG, INFO, WARNING or ERROR."""
        settings = self._settings()
        if _LEVELS.index(level) < _LEVELS.index(settings.log_level):
            return
        from loguru import logger

        if self._end is None:
            from treadle.runtime.logs import configure_diagnostics

            self._end = configure_diagnostics(settings)
        logger.opt(depth=1).log(level, "{}", message)

    def close(self) -> None:
        """Close the file."""
        if self._end is not None:
            self._end()
            self._end = None
