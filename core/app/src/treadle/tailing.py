"""Following the logs of running steps: what was added to them since one last looked."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from treadle.runtime.logs import log_path

_LINE: Final = re.compile(rb"\S+ (?:stdout|stderr|log)([|+])(.*)", re.DOTALL)
_AT_ONCE: Final = 1_000_000
"""Bytes of one log that are taken at a time."""


class LogTail:
    """The logs of one execution as they grow. A line comes when it is whole; masked, as it was written.

    Args:
        folder: the execution's log folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, int] = {}

    def follow(self, address: str) -> None:
        """Begin with an attempt's log, `scope/step#visit.attempt`; it need not be there yet."""
        self._read.setdefault(address, 0)

    def forget(self, visit: str) -> None:
        """A visit, `scope/step#visit`, has ended: its logs will not grow any more."""
        for address in self._followed(visit):
            del self._read[address]

    def new(self, visit: str = "") -> Iterator[tuple[str, str]]:
        """`(address, text)` of the lines added since the last call, to all logs or to those of one visit.

        Of a growing log as many as are read at once; of a visit's that has ended, all that are left.
        """
        for address in self._followed(visit):
            for line in self._rest(address) if visit else self._lines(address):
                yield address, line

    def _rest(self, address: str) -> Iterator[str]:
        before = -1
        while before != self._read[address]:
            before = self._read[address]
            yield from self._lines(address)

    def _followed(self, visit: str) -> list[str]:
        return [address for address in self._read if not visit or address.rpartition(".")[0] == visit]

    def _lines(self, address: str) -> Iterator[str]:
        path = log_path(self._folder, address)
        if not path.is_file():
            return
        with path.open("rb") as file:
            file.seek(self._read[address])
            added = file.read(_AT_ONCE)
        whole = added[: added.rfind(b"\n") + 1]
        self._read[address] += len(whole)
        for line in whole.split(b"\n")[:-1]:
            if match := _LINE.fullmatch(line):
                yield match[2].decode("utf-8", "replace")
