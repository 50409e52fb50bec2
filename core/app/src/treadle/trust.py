"""What a person has allowed code of strangers to do, by the hash of that code: `$TREADLE_HOME/trust.json`.

It lies in the user's own folder and names content, never a place: a project cannot bring trust along, and code that
was changed is code that nobody was asked about.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, get_args

from treadle_hookspecs import ExitCode, JsonObject, TreadleError, TrustLevel

from treadle.runtime.clock import now

NAME: Final = "trust.json"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Trusted:
    """One answer: what for, how far, when (microseconds since the epoch)."""

    digest: str
    level: TrustLevel
    title: str
    at: int


class TrustFile:
    """`treadle_hookspecs.Trust` in one file.

    Args:
        home: treadle's state folder.
    """

    def __init__(self, home: Path) -> None:
        self._home = home

    def level(self, digest: str) -> TrustLevel | None:
        """What was allowed for this content, or None. Raises `TreadleError` (6) for a file that is damaged."""
        found = self._read().get(digest)
        return found.level if found else None

    def allow(self, digest: str, level: TrustLevel, title: str) -> None:
        """Remember an answer. Raises `TreadleError` for what is no SHA-256 or no level."""
        if not _DIGEST.fullmatch(digest) or level not in get_args(TrustLevel):
            raise TreadleError(
                f"{digest!r} with {level!r} is no hash with a level of {', '.join(get_args(TrustLevel))}"
            )
        self._write({**self._read(), digest: Trusted(digest, level, title, now())})

    def answers(self) -> Sequence[JsonObject]:
        """All answers, the newest first."""
        return [asdict(it) for it in sorted(self._read().values(), key=lambda it: -it.at)]

    def forget(self, prefix: str) -> Sequence[str]:
        """Forget answers by the beginning of their hash; their titles. Raises `TreadleError` (3) when there is none."""
        known = self._read()
        gone = [it for digest, it in known.items() if prefix and digest.startswith(prefix)]
        if not gone:
            raise TreadleError(f"nothing with the hash {prefix!r} is trusted", exit_code=ExitCode.NOT_FOUND)
        self._write({digest: it for digest, it in known.items() if it not in gone})
        return [it.title for it in gone]

    def _read(self) -> Mapping[str, Trusted]:
        path = self._home / NAME
        try:
            data = json.loads(path.read_bytes())
            return {it["digest"]: Trusted(**it) for it in data["trusted"]}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TreadleError(
                f"cannot read {path}: {error}",
                context={"file": str(path)},
                suggestions=("correct it, or delete it: then you are asked again",),
                exit_code=ExitCode.STORAGE,
            ) from error

    def _write(self, trusted: Mapping[str, Trusted]) -> None:
        from treadle.workspace import FolderWorkspace

        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"trusted": [asdict(it) for it in trusted.values()]}, indent=1)
        FolderWorkspace(self._home).write_text(NAME, text + "\n").chmod(0o600)
