"""What steps with `cache:` left, by content: outputs and files, for a later run with the same key.

Everything is data (diskcache with its JSON disk; files as they are). A cache that cannot be read or written is an empty
one, never an error. Keys and parts of keys are hashes under a key of this machine, so that no value can be guessed
from them.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject

FAILURES: Final = Exception
"""A damaged cache, a full disk, a lock that nobody gives back (`diskcache.Timeout`): none of it may fail a step."""


class StepCache:
    """The step cache of one treadle home.

    Args:
        folder: where it is.
        limit: bytes on disk above which what was put there first is dropped.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._cache: Any = None
        self._secret = b""

    def digest(self, content: bytes) -> str:
        """A hash that tells nobody what was hashed. Raises whatever it is when the cache cannot be used."""
        self._opened()
        return hmac.digest(self._secret, content, "sha256").hex()

    def find(self, key: str) -> JsonObject | None:
        """The entry of a key, if it was kept and has not expired."""
        try:
            found: JsonObject | None = self._opened().get(f"entry:{key}")
        except FAILURES:
            return None
        return found

    def content(self, digest: str) -> bytes | None:
        """The content of a file that an entry names."""
        try:
            with self._opened().read(f"file:{digest}") as file:
                found: bytes = file.read()
                return found
        except FAILURES:
            return None

    def keep(self, key: str, entry: JsonObject, files: Iterable[tuple[str, Path]], ttl: float | None) -> bool:
        """Keep an entry with the contents of its files; False when that failed.

        Args:
            key: its key.
            entry: JSON data.
            files: their digests, and where they are now.
            ttl: seconds until it expires; None: never.
        """
        try:
            cache = self._opened()
            for digest, path in files:
                with path.open("rb") as file:
                    cache.set(f"file:{digest}", file, expire=ttl, read=True)
            return bool(cache.set(f"entry:{key}", entry, expire=ttl))
        except FAILURES:
            return False

    def latest(self, step: str) -> JsonObject | None:
        """What `remember` was told last of a step."""
        try:
            found: JsonObject | None = self._opened().get(f"latest:{step}")
        except FAILURES:
            return None
        return found

    def remember(self, step: str, facts: Mapping[str, Json]) -> None:
        """Note the parts of the key of a step's last run, so that the next miss can say what has changed."""
        try:
            self._opened().set(f"latest:{step}", dict(facts))
        except FAILURES:
            return

    def size(self) -> tuple[int, int]:
        """How many results it holds, and bytes on disk."""
        if not self._folder.is_dir():
            return 0, 0
        cache = self._opened()
        return sum(1 for key in cache if str(key).startswith("entry:")), int(cache.volume())

    def clear(self) -> int:
        """Forget everything; how many results there were."""
        count, _ = self.size()
        if count:
            cache = self._opened()
            cache.clear()
            cache.add("secret", self._secret.hex())
        return count

    def close(self) -> None:
        """Let go of the files."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _opened(self) -> Any:
        if self._cache is None:
            from diskcache import Cache, JSONDisk

            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            cache = Cache(str(self._folder), disk=JSONDisk, size_limit=self._limit, timeout=1)
            cache.add("secret", secrets.token_hex(32))
            self._secret = bytes.fromhex(cache.get("secret"))
            self._cache = cache
        return self._cache


def of_home(home: Path, limit: int) -> StepCache:
    """The step cache of a treadle home."""
    return StepCache(home / "cache" / "steps", limit)
