"""Sensitive values at rest: AES-256 in Galois/counter mode, with a key that is never beside the data by accident."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from treadle_hookspecs import ExitCode, TreadleError

from treadle.secrets._key_file import create_key_file, read_key_file
from treadle.secrets._keyring import read_keyring, write_keyring

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_VARIABLE: Final = "TREADLE_KEY"
KEY_BYTES: Final = 32

KeySource: TypeAlias = Literal["auto", "env", "file", "keyring"]

_VERSION: Final = "v1"
_NONCE_BYTES: Final = 12
_KEYRING_ENTRY: Final = ("treadle", "state-key")


class _Key:
    """The key and a name for it, which tells keys apart and gives nothing away."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.id = hashlib.sha256(b"treadle key id\0" + raw).hexdigest()[:16]

    @cached_property
    def cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._raw)

    def bound(self, aad: str) -> bytes:
        """What the data is tied to."""
        return f"{_VERSION}\0{self.id}\0{aad}".encode()


class Vault:
    """Seals and unseals bytes.

    A token is `v1.KEY_ID.DATA`, safe in JSON and in file names. The key is looked for when it is first needed; the
    first `seal` makes one where the source is a file or the keyring. Nothing is ever kept in plain text instead.

    Args:
        home: treadle's state folder; the file is `home/key`.
        environ: where `TREADLE_KEY` (32 bytes in base64) is looked up.
        source: `auto` takes the variable if it is set, else the file.
    """

    def __init__(self, home: Path, environ: Mapping[str, str], source: KeySource = "auto") -> None:
        self._path = home / "key"
        self._environ = environ
        self._source = ("env" if KEY_VARIABLE in environ else "file") if source == "auto" else source
        self._key: _Key | None = None

    def seal(self, data: bytes, aad: str) -> str:
        """Encrypt. `aad` says what the data belongs to, e.g. an execution's id; `unseal` must be given the same.

        Raises:
            TreadleError: there is no usable key.
        """
        if self._key is None:
            text = self._read()
            self._key = self._decoded(self._create() if text is None else text)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._key.cipher.encrypt(nonce, data, self._key.bound(aad))
        return f"{_VERSION}.{self._key.id}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def unseal(self, token: str, aad: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            TreadleError: the key is missing or another one, or the token was changed or belongs elsewhere.
        """
        version, _, rest = token.partition(".")
        key_id, _, encoded = rest.partition(".")
        if version != _VERSION or not encoded:
            raise _broken()
        return _decrypted(self._key_of(key_id), encoded, aad)

    def _key_of(self, key_id: str) -> _Key:
        if self._key is None:
            text = self._read()
            if text is None:
                raise _unreadable(f"its key {key_id} is gone: {self._where} holds none")
            self._key = self._decoded(text)
        if key_id != self._key.id:
            raise _unreadable(f"it was encrypted with key {key_id}, and {self._where} holds {self._key.id}")
        return self._key

    @property
    def _where(self) -> str:
        return {"env": KEY_VARIABLE, "keyring": "the keyring"}.get(self._source, str(self._path))

    def _read(self) -> str | None:
        if self._source == "env":
            return self._from_environment()
        return read_keyring(*_KEYRING_ENTRY) if self._source == "keyring" else read_key_file(self._path)

    def _from_environment(self) -> str:
        if KEY_VARIABLE not in self._environ:
            raise TreadleError(
                f"the encryption key is to come from {KEY_VARIABLE}, which is not set",
                suggestions=(f'export {KEY_VARIABLE}="$(head -c 32 /dev/urandom | base64)" and keep it',),
                exit_code=ExitCode.NOT_FOUND,
            )
        return self._environ[KEY_VARIABLE]

    def _create(self) -> str:
        text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
        if self._source == "keyring":
            write_keyring(*_KEYRING_ENTRY, text)
            return text
        return create_key_file(self._path, text)

    def _decoded(self, text: str) -> _Key:
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            # Without the cause: it would carry the key's text.
            raise TreadleError(
                f"the encryption key in {self._where} is not {KEY_BYTES} bytes in base64",
                suggestions=("put the key back that was there; what was encrypted with it needs it",),
            )
        return _Key(key)


def _decrypted(key: _Key, encoded: str, aad: str) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
        return key.cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key.bound(aad))
    except (InvalidTag, ValueError) as error:
        raise _broken() from error


def _broken() -> TreadleError:
    return _unreadable("it was changed, or belongs to another execution")


def _unreadable(reason: str) -> TreadleError:
    return TreadleError(
        f"a sensitive value in the state cannot be decrypted: {reason}",
        suggestions=(f"bring back the key that was used ({KEY_VARIABLE}, or the file `key` in the state folder)",),
        exit_code=ExitCode.STORAGE,
    )
