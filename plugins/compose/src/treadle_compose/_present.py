"""What earlier compositions have left in a project: templates that stay as they are, and answers that were given."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle_hookspecs import ExitCode, Json, TreadleError

from treadle_compose._lock import Lock
from treadle_compose._manifest import ConflictRule, Manifest
from treadle_compose._operations import Stage
from treadle_compose._request import Request


@dataclass(frozen=True, slots=True)
class Present:
    """The templates in a project that a composition does not render anew.

    Attributes:
        lock: of the project.
        ids: theirs, in composition order.
    """

    lock: Lock
    ids: tuple[str, ...]

    @classmethod
    def of(cls, request: Request, chosen: Iterable[str] = ()) -> "Present":
        """All that are there but those that were chosen or are to go."""
        lock = Lock.read(request.target)
        gone = {*chosen, *request.without}
        there = (str(it["id"]) for it in lock.templates)
        return cls(lock, () if request.whole else tuple(id_ for id_ in there if id_ not in gone))

    def check(self, request: Request) -> None:
        """Raises `TreadleError` when a template is to go that is not there (3), or that another one needs (5)."""
        there = [str(it["id"]) for it in self.lock.templates]
        for id_ in request.without:
            if id_ not in there:
                raise TreadleError(
                    f"{id_} is not composed into {request.target}",
                    suggestions=(f"there are: {', '.join(there) or 'none'}",),
                    exit_code=ExitCode.NOT_FOUND,
                )
        for who, template, _ in self.needs():
            if template in request.without:
                raise TreadleError(f"{template} cannot go: {who}, needs it", exit_code=ExitCode.CONFLICT)

    @property
    def versions(self) -> dict[str, str]:
        """By id."""
        return {id_: str(self._known(id_)["version"]) for id_ in self.ids}

    def needs(self) -> Iterator[tuple[str, str, str]]:
        """`(who, template, constraint)` of each."""
        for id_ in self.ids:
            for it in self._known(id_).get("needs", ()):
                yield f"{id_} {self.versions[id_]}, which is there", it["template"], it["version"]

    def stages(self) -> tuple[Stage, ...]:
        """What they brought."""
        return tuple(Stage(id_, self.lock.files(id_)) for id_ in self.ids)

    def values(self) -> dict[str, Json]:
        """What they were answered and what they provide: offered to the others."""
        found: dict[str, Json] = {}
        for id_ in self.ids:
            known = self._known(id_)
            found |= {**known["answers"], **known.get("provides", {})}
        return found

    def manifests(self) -> dict[str, Manifest]:
        """As far as they are needed: what they want where another template wants the same."""
        return {
            id_: Manifest(id_, conflicts=tuple(ConflictRule(**it) for it in self._known(id_).get("conflicts", ())))
            for id_ in self.ids
        }

    def order(self, chosen: Sequence[str]) -> tuple[str, ...]:
        """All ids in composition order: what was there keeps its place, what is new comes behind."""
        if not self.ids:
            return tuple(chosen)
        every = {*self.ids, *chosen}
        there = [str(it["id"]) for it in self.lock.templates]
        return (*(id_ for id_ in there if id_ in every), *(id_ for id_ in chosen if id_ not in there))

    def _known(self, id: str) -> dict[str, Any]:
        return dict(self.lock.template(id) or {})


def remembered(lock: Lock, manifests: Sequence[Manifest], given: Mapping[str, Json]) -> dict[str, Json]:
    """What templates were answered before, as `TEMPLATE.NAME`, where nobody answers anew."""
    found: dict[str, Json] = {}
    for manifest in manifests:
        known: Any = lock.template(manifest.id)
        names = {*(it.name for it in manifest.questions if not it.secret), *manifest.mappings}
        for name, answer in (known["answers"] if known is not None else {}).items():
            place = f"{manifest.id}.{name}"
            if name in names and name not in given and place not in given:
                found[place] = answer
    return found
