"""Content by its hash in a folder that several machines may share."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

_HEX: Final = frozenset("0123456789abcdef")


class FolderBlobs:
    """Fulfils `treadle_hookspecs.Blobs`. A file appears whole or not at all; it is never changed.

    Args:
        folder: made when something is first put there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep content, durable on return; its SHA-256 in hex."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not path.is_file():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = path.with_name(f"{digest}.{secrets.token_hex(4)}")
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return digest

    def get(self, hash: str) -> bytes:
        """What was kept. Raises `TreadleError` (exit code 6) when it is not there, or is damaged."""
        try:
            content = self._path(hash).read_bytes()
        except OSError as error:
            raise TreadleError(
                f"content {hash[:12]} is not in {self._folder}: {error.strerror or error}",
                exit_code=ExitCode.STORAGE,
                suggestions=("the setting `blobs` has to name the same folder for whoever starts and for all workers",),
            ) from error
        if hashlib.sha256(content).hexdigest() != hash:
            raise TreadleError(f"content {hash[:12]} in {self._folder} is damaged", exit_code=ExitCode.STORAGE)
        return content

    def _path(self, digest: str) -> Path:
        if len(digest) != hashlib.sha256().digest_size * 2 or not set(digest) <= _HEX:
            raise TreadleError(f"{digest!r} is no content hash", exit_code=ExitCode.STORAGE)
        return self._folder / digest[:2] / digest
