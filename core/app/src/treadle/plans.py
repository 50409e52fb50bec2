"""Compiled plans by content: a definition that was sound once is not read, checked and compiled for each run.

The key holds everything that a verdict depends on: the text, the plugins with their versions, and the versions of
language, plan and core. What is stored is data: only the plugin registry turns names into code.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from treadle_engine.plan import LANGUAGE_VERSION, PLAN_VERSION, Plan, plan_from_json, plan_to_json

from treadle.records import private_folder

if TYPE_CHECKING:
    from treadle.definition import Use
    from treadle.plugins import PluginRecord

_READ: Final = 16
"""Plans that one process keeps as it has read them."""

_SIZE_LIMIT: Final = 64_000_000
"""Bytes on disk above which the plans that were used longest ago are dropped."""


class PlanCache:
    """The plans of one treadle home. A cache that cannot be read or written is an empty one, never an error.

    Args:
        home: treadle's state folder; made when it is first needed.
        records: of the plugins in use.
    """

    def __init__(self, home: Path, records: Iterable["PluginRecord"]) -> None:
        self._home = home
        self._circumstances = _circumstances(records)
        self._cache: Any = None
        self._read: dict[str, tuple[Sequence[Use], Plan]] = {}

    def find(self, text: bytes, suffix: str, as_it_was: "Callable[[Use], bool]" = lambda _: True) -> Plan | None:
        """The plan of a definition's text, if it was compiled under these circumstances before.

        `as_it_was` says whether a file of another workflow that it runs is still the same.
        """
        key = self._key(text, suffix)
        try:
            found = self._read.get(key) or self._stored(key)
            return found[1] if found is not None and all(as_it_was(use) for use in found[0]) else None
        except (OSError, ValueError, KeyError, TypeError, sqlite3.Error):
            return None

    def _stored(self, key: str) -> "tuple[Sequence[Use], Plan] | None":
        stored = self._opened().get(key)
        if stored is None:
            return None
        while len(self._read) >= _READ:
            del self._read[next(iter(self._read))]
        found = self._read[key] = _uses(stored["uses"]), plan_from_json(stored["plan"])
        return found

    def keep(self, text: bytes, suffix: str, plan: Plan, uses: "Sequence[Use]" = ()) -> None:
        """Remember a plan, and the files of the other workflows that are in it."""
        written = {"plan": plan_to_json(plan), "uses": [list(astuple(use)) for use in uses]}
        key = self._key(text, suffix)
        self._read.pop(key, None)
        try:
            self._opened().set(key, written)
        except (OSError, ValueError, TypeError, sqlite3.Error):
            return

    def close(self) -> None:
        """Let go of the files."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _opened(self) -> Any:
        if self._cache is None:
            from diskcache import Cache, JSONDisk

            folder = private_folder(self._home) / "cache" / "plans"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._cache = Cache(str(folder), disk=JSONDisk, size_limit=_SIZE_LIMIT, timeout=1)
        return self._cache

    def _key(self, text: bytes, suffix: str) -> str:
        return hashlib.sha256(b"\0".join((self._circumstances, suffix.encode(), text))).hexdigest()


def _uses(stored: "Sequence[Sequence[str]]") -> "Sequence[Use]":
    if not stored:
        return ()
    from treadle.definition import Use

    return [Use(*use) for use in stored]


def _circumstances(records: Iterable["PluginRecord"]) -> bytes:
    from treadle.plugins import installed_version

    plugins = sorted((record.name, record.distribution, record.version, record.status) for record in records)
    own = [*map(installed_version, ("treadle-core", "treadle-engine")), LANGUAGE_VERSION, PLAN_VERSION]
    return orjson.dumps([plugins, own])
