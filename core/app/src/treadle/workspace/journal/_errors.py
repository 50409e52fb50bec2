"""What the system says, as an error that a person can use."""

from collections.abc import Iterator
from contextlib import contextmanager

from treadle_hookspecs import ExitCode, TreadleError


@contextmanager
def storage_errors(what: str, told: str) -> Iterator[None]:
    """`OSError` becomes `TreadleError` (exit code 6).

    Args:
        what: was being done.
        told: what has become of it, and what to do.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(what, error, (told,)) from error


def storage_error(what: str, error: OSError, told: tuple[str, ...]) -> TreadleError:
    """The error for one refusal of the system."""
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return TreadleError(
        f"cannot {what}: {error.strerror or error}{' (' + ' -> '.join(names) + ')' if names else ''}",
        context={"errno": error.errno},
        suggestions=told,
        exit_code=ExitCode.STORAGE,
    )
