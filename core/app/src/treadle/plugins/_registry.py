"""Names and who claims them. A name that several claim is an error only for those who use it."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from treadle_hookspecs import TreadleError

from treadle.plugins._records import Contributed

T = TypeVar("T")


class Registry(Generic[T]):
    """What plugins contributed of one kind, by name, in plugin order."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._claims: dict[str, list[Contributed[T]]] = {}

    def add(self, name: str, item: Contributed[T]) -> None:
        """Record a claim."""
        self._claims.setdefault(name, []).append(item)

    def get(self, name: str) -> Contributed[T] | None:
        """The one that has the name, or None.

        Raises:
            TreadleError: several claim it; the message names their distributions.
        """
        claims = self._claims.get(name)
        if claims is None:
            return None
        if len(claims) > 1:
            raise contested_name(self.label, name, claims)
        return claims[0]

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._claims))

    def __iter__(self) -> Iterator[Contributed[T]]:
        """All that was contributed, contested or not."""
        return (item for claims in self._claims.values() for item in claims)

    def contested(self) -> Iterator[tuple[str, list[Contributed[T]]]]:
        """Names that several claim, and those."""
        return ((name, claims) for name, claims in self._claims.items() if len(claims) > 1)


def contested_name(label: str, name: str, claims: list[Contributed[T]]) -> TreadleError:
    """The error for using a name that several plugins claim."""
    rivals = [claim.record.distribution for claim in claims]
    return TreadleError(
        f"{label} `{name}` is offered by {_listed(rivals)}",
        context={"name": name, "distributions": list(rivals)},
        suggestions=(f"uninstall one of them, or switch one off with TREADLE_DISABLE={rivals[-1]}",),
    )


def _listed(names: list[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]
