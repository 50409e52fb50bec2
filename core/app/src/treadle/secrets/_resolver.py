"""Where the workflow's secrets come from: the environment, files, the system's keyring."""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from treadle_engine.plan import SecretSource
from treadle_hookspecs import ExitCode, Json, TreadleError

from treadle.secrets._keyring import read_keyring
from treadle.secrets._masker import Masker
from treadle.suggestions import did_you_mean

_LARGEST: Final = 65_536
"""Bytes that a secret's file may have."""


class SecretResolver:
    """The secrets that one workflow declares; fulfils `treadle_hookspecs.Secrets`.

    A value is looked up when it is first asked for, and the masker knows it before anybody else does. Errors name the
    source, never the value.

    Args:
        sources: `plan.secrets`.
        environ: where `env` secrets are looked up.
        root: the execution's root: a `file` secret may not lie in it.
        masker: gets every value.
    """

    def __init__(
        self, sources: Sequence[tuple[str, SecretSource]], environ: Mapping[str, str], root: Path, masker: Masker
    ) -> None:
        self._sources = dict(sources)
        self._environ = environ
        self._root = root
        self._masker = masker
        self._values: dict[str, str] = {}

    def names(self) -> Sequence[str]:
        """The names declared, in the order written."""
        return tuple(self._sources)

    def get(self, name: str) -> str:
        """The value of a secret.

        Raises:
            TreadleError: it is not declared, or its source does not have it or must not be used.
        """
        if name not in self._values:
            value = self._look_up(name)
            self._masker.add(value)
            self._values[name] = value
        return self._values[name]

    def reveal(self, data: Json) -> Json:
        """A copy of JSON data with every `{"$secret": NAME}` replaced by the value."""
        if isinstance(data, Mapping):
            name = data.get("$secret")
            if len(data) == 1 and isinstance(name, str):
                return self.get(name)
            return {key: self.reveal(value) for key, value in data.items()}
        if isinstance(data, Sequence) and not isinstance(data, str):
            return [self.reveal(item) for item in data]
        return data

    def _look_up(self, name: str) -> str:
        source = self._sources.get(name)
        if source is None:
            raise TreadleError(
                f"secret `{name}` is not declared by this workflow",
                suggestions=(did_you_mean(name, self._sources) or "declare it under `secrets:`",),
                exit_code=ExitCode.NOT_FOUND,
            )
        look_up = {"env": self._from_environment, "file": self._from_file, "keyring": self._from_keyring}
        value = look_up[source.kind](name, source.reference)
        if not value:
            raise _missing(name, f"{source.kind} {source.reference} is empty", "give it a value")
        return value

    def _from_environment(self, name: str, variable: str) -> str:
        if variable not in self._environ:
            raise _missing(name, f"the environment variable {variable} is not set", f"export {variable}=…")
        return self._environ[variable]

    def _from_file(self, name: str, reference: str) -> str:
        path = Path(reference).expanduser()
        self._check_place(name, path)
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            raise _missing(
                name, f"{path} cannot be read: {error.strerror}", "create it, or correct the path"
            ) from error
        try:
            _check_protection(name, path, descriptor)
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(_LARGEST + 1)
        finally:
            os.close(descriptor)
        if len(content) > _LARGEST:
            raise _refused(name, f"{path} is larger than {_LARGEST} bytes", "name the file that holds the secret alone")
        try:
            return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            # The chained error would carry the content.
            raise _refused(name, f"{path} is not UTF-8 text", "encode it, e.g. in base64") from None

    def _check_place(self, name: str, path: Path) -> None:
        if not path.is_absolute():
            raise _refused(name, f"the file {path} is relative", "write an absolute path, or one that begins with ~")
        if path.resolve().is_relative_to(self._root.resolve()):
            raise _refused(
                name,
                f"{path} lies in the project, one commit away from everybody",
                "move it out of the project, e.g. to ~/.config",
            )

    def _from_keyring(self, name: str, reference: str) -> str:
        service, separator, user = reference.rpartition("/")
        if not separator or not service or not user:
            raise _refused(name, f"the keyring entry {reference!r} is not SERVICE/USER", "write keyring: SERVICE/USER")
        value = read_keyring(service, user)
        if value is None:
            raise _missing(name, f"the keyring has no {reference}", f"keyring set {service} {user}")
        return value


def _check_protection(name: str, path: Path, descriptor: int) -> None:
    """A regular file that only its owner can read, or one that an administrator mounted read-only for us."""
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise _refused(name, f"{path} is not a regular file", "name the file that holds the secret")
    if os.name != "posix" or os.fstatvfs(descriptor).f_flag & os.ST_RDONLY:
        return
    if facts.st_uid not in (os.geteuid(), 0):
        raise _refused(name, f"{path} belongs to another user", "keep the secret in a file of your own")
    if facts.st_mode & 0o077 and facts.st_uid == os.geteuid():
        raise _refused(name, f"others can read or write {path}", f"chmod 600 {path}")
    if facts.st_mode & 0o022:
        raise _refused(name, f"others can write {path}", "keep the secret in a file of your own")


def _missing(name: str, reason: str, remedy: str) -> TreadleError:
    return TreadleError(f"secret `{name}`: {reason}", suggestions=(remedy,), exit_code=ExitCode.NOT_FOUND)


def _refused(name: str, reason: str, remedy: str) -> TreadleError:
    return TreadleError(f"secret `{name}`: {reason}", suggestions=(remedy,), exit_code=ExitCode.NOT_ALLOWED)
