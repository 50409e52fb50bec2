"""Which mock plays an attempt: that of the visit's address, else of the address, else of the step."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from treadle_engine.protocol import Address, Compensate
from treadle_hookspecs import JsonObject

from treadle.definition import base_place
from treadle.rehearsal._stage import Asked, Ending

if TYPE_CHECKING:
    from treadle.definition import Case, Mock

Real = Callable[[Asked], Ending]
"""Runs an action after all."""

_BAD: Final = frozenset({"failure", "timeout", "rejected", "cancelled"})


class Cast:
    """Plays the attempts of one case; `real` runs actions."""

    def __init__(self, case: "Case", real: Real) -> None:
        self._attempts = _Script(case.mocks)
        self._undo = _Script(case.undo)
        self._all_real = case.real
        self._real = real

    def __call__(self, command: Asked) -> Ending:
        """How what was commanded ends."""
        undo = isinstance(command, Compensate)
        mock = (self._undo if undo else self._attempts).next(command.address)
        if mock is None:
            return self._real(command) if self._all_real else Ending()
        if mock.real:
            played = self._real(command)
            return Ending(played.outcome, played.outputs, played.error, _micros(mock.duration))
        return _ending(mock)

    @property
    def unused(self) -> list[str]:
        """The keys of mocks that no attempt came to."""
        return [*self._attempts.unused, *(f"undo {key}" for key in self._undo.unused)]


class _Script:
    """Lists of mocks by key; the n-th attempt that a key plays takes its n-th, the last one all others."""

    def __init__(self, listed: "Mapping[str, Sequence[Mock]]") -> None:
        self._listed = listed
        self._played = dict.fromkeys(listed, 0)

    @property
    def unused(self) -> list[str]:
        """The keys that nothing came to."""
        return [key for key, count in self._played.items() if not count]

    def next(self, address: Address) -> "Mock | None":
        """The mock for this attempt, if there is one."""
        for key in keys_of(address):
            mocks = self._listed.get(key)
            if mocks is not None:
                at = self._played[key]
                self._played[key] += 1
                return mocks[min(at, len(mocks) - 1)]
        return None


def keys_of(address: Address) -> list[str]:
    """Under which keys a visit may be found, the most exact first."""
    scope, step, visit = address[:3]
    full = f"{scope}/{step}" if scope else step
    names = [full, base_place(full), step]
    return list(dict.fromkeys(key for name in names for key in (f"{name}#{visit}", name)))


def _ending(mock: "Mock") -> Ending:
    outcome = mock.outcome or ("failure" if mock.error is not None else "success")
    error: JsonObject | None = None
    if mock.error is not None:
        error = {"type": mock.error.type, "message": mock.error.message}
        error = error if mock.error.retryable else {**error, "retryable": False}
    elif outcome in _BAD:
        error = {"type": outcome if outcome != "failure" else "error", "message": f"the mock says {outcome}"}
    return Ending(outcome, mock.outputs, error, _micros(mock.duration))


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
