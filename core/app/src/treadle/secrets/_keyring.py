"""The system's keyring, by the optional library `keyring`."""

from importlib import import_module
from typing import Any

from treadle_hookspecs import ExitCode, TreadleError


def read_keyring(service: str, user: str) -> str | None:
    """What the keyring has, or None.

    Raises:
        TreadleError: the library is not installed, or no keyring answers.
    """
    keyring = _library()
    try:
        value: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise _silent(error, service, user) from error
    return value


def write_keyring(service: str, user: str, value: str) -> None:
    """Put a value in. Raises as `read_keyring` does."""
    keyring = _library()
    try:
        keyring.set_password(service, user, value)
    except keyring.errors.KeyringError as error:
        raise _silent(error, service, user) from error


def _library() -> Any:
    try:
        import_module("keyring.errors")
        return import_module("keyring")
    except ImportError as error:
        raise TreadleError(
            "the system's keyring needs the library keyring, which is not installed",
            suggestions=("pip install keyring",),
            exit_code=ExitCode.NOT_FOUND,
        ) from error


def _silent(error: Exception, service: str, user: str) -> TreadleError:
    return TreadleError(
        f"the system's keyring does not answer for {service}/{user}: {type(error).__name__}",
        suggestions=("unlock it, or keep the secret in the environment or in a file",),
        exit_code=ExitCode.NOT_ALLOWED,
    )
