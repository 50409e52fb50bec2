"""Which templates, in which versions, in which order; and who asked for what where that cannot be."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, Resolver
from treadle_hookspecs import ExitCode, TreadleError

from treadle_compose._manifest import Dependency
from treadle_compose._present import Present
from treadle_compose._sources import Candidate, Library
from treadle_compose._specs import Spec, parse_spec

_MOST: Final = 200
"""Templates in one composition."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One demand: a template by id, a constraint, and who asked."""

    template: str
    version: str
    by: str
    purpose: str = ""

    def told(self) -> str:
        """For a message."""
        what = f"{self.template}{_shown(self.version)}"
        return f"{self.by} needs {what}" + (f" ({self.purpose})" if self.purpose else "")


@dataclass(frozen=True, slots=True)
class Resolution:
    """The templates in composition order, each after those that it needs; and what a person should know."""

    templates: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()


async def resolve(
    library: Library, specs: Sequence[str], here: Path, optional: Iterable[str] = (), present: Present | None = None
) -> Resolution:
    """Resolve specs and all that they need.

    Args:
        library: where templates come from.
        specs: as the user wrote them.
        here: what folders are relative to.
        optional: ids that the composition goes on without.
        present: templates that are in the project already and satisfy who needs them.

    Raises:
        TreadleError: a template cannot be had (3), two demands cannot both hold, or templates need each other in a
            circle (2).
    """
    search = _Search(library, here, frozenset(optional), present)
    await search.gather(specs)
    chosen = search.solve()
    return Resolution(tuple(_ordered(chosen, search.order(), search.lacking)), tuple(search.notes))


class _Search:
    """What was found so far."""

    def __init__(self, library: Library, here: Path, optional: frozenset[str], present: Present | None) -> None:
        self._library = library
        self._here = here
        self._optional = optional
        self._present = present
        self._known: dict[str, list[Candidate]] = {}
        self._asked: list[Requirement] = []
        self.lacking: set[str] = set()
        """Optional templates that cannot be had."""
        self.notes: list[str] = []

    async def gather(self, specs: Sequence[str]) -> None:
        """Everything that the specs may need is brought to this machine."""
        for text in specs:
            spec = parse_spec(text, self._library.host.composition.schemes(), self._here)
            found = await self._found(spec)
            if found:
                self._given(spec, found)
        pending = [candidate for known in self._known.values() for candidate in known]
        while pending:
            if sum(map(len, self._known.values())) > _MOST:
                raise TreadleError(f"more than {_MOST} templates would be needed")
            candidate = pending.pop()
            for dependency in candidate.manifest.dependencies:
                pending += await self._needed(candidate, dependency)
        for who, template, constraint in self._present.needs() if self._present else ():
            if template in self._known:
                self._asked.append(Requirement(template, constraint, who))

    def order(self) -> Mapping[str, int]:
        """The places of the templates: where they are in the project, else on the command line."""
        there = [str(it["id"]) for it in self._present.lock.templates] if self._present else []
        named = {it.template: len(there) + place for place, it in reversed(list(enumerate(self._asked)))}
        return named | {id_: place for place, id_ in enumerate(there)}

    def solve(self) -> dict[str, Candidate]:
        """One version per id that satisfies everybody."""
        reporter: BaseReporter[Requirement, Candidate, str] = BaseReporter()
        try:
            result = Resolver(_Provider(self._known, self.lacking), reporter).resolve(self._asked)
        except ResolutionImpossible as error:
            raise self._impossible([cause.requirement for cause in error.causes]) from None
        return dict(result.mapping)

    async def _found(self, spec: Spec) -> tuple[Candidate, ...]:
        try:
            found = await self._library.candidates(spec)
        except TreadleError as error:
            if spec.place in self._optional or spec.text in self._optional:
                self.notes.append(f"left out {spec.text}: {error.message}")
                return ()
            raise
        if not found and spec.place not in self._optional:
            raise self._unknown(spec.place)
        if not found:
            self.notes.append(f"left out {spec.text}: nobody knows it")
        return found

    def _given(self, spec: Spec, found: Sequence[Candidate]) -> None:
        owner = found[0].id
        others = [one for one in self._known.get(owner, ()) if one.template.digest != found[0].template.digest]
        if others and spec.kind != "name":
            raise TreadleError(
                f"two templates are called {owner}: {others[0].spec} and {spec.text}",
                suggestions=("change the id of one of them in its template.yaml",),
            )
        self._known.setdefault(owner, []).extend(found)
        constraint = spec.version if spec.kind in ("name", "folder") else ""
        self._asked.append(Requirement(owner, constraint, "the command line"))

    async def _needed(self, candidate: Candidate, dependency: Dependency) -> list[Candidate]:
        """New candidates for a dependency."""
        if dependency.template in self._known:
            return []
        if self._is_there(dependency) or dependency.template in self.lacking:
            return []
        text = dependency.source or dependency.template
        base = candidate.template.folder if dependency.source.startswith(".") else self._here
        # A neighbour of the template is meant before a stranger of the same name.
        beside = candidate.template.folder.parent / dependency.template
        spec = parse_spec(text, self._library.host.composition.schemes(), base)
        try:
            found = await self._library.candidates(spec)
            if not found and candidate.template.native:
                from treadle_compose._manifest import manifest_path

                if manifest_path(beside) is not None:
                    found = (self._library.folder(beside, dependency.template),)
        except TreadleError:
            if not self._may_lack(dependency):
                raise
            found = ()
        if found:
            self._known[dependency.template] = list(found)
        elif self._may_lack(dependency):
            self.lacking.add(dependency.template)
            self.notes.append(f"left out {dependency.template}, which {candidate.id} can do without: it was not found")
        else:
            raise self._missing(candidate, dependency)
        return list(found)

    def _is_there(self, dependency: Dependency) -> bool:
        """It is in the project already, in a version that will do: nobody has to bring it."""
        there = self._present.versions.get(dependency.template) if self._present else None
        if there is None:
            return False
        enough = satisfies(there, dependency.version)
        (self.lacking.add if enough else self.lacking.discard)(dependency.template)
        return enough

    def _may_lack(self, dependency: Dependency) -> bool:
        return dependency.optional or dependency.template in self._optional

    def _unknown(self, name: str) -> TreadleError:
        from difflib import get_close_matches

        names = sorted({listing.id for _, listing in self._library.listings()})
        meant = tuple(f"did you mean `{it}`?" for it in get_close_matches(name, names, n=1))
        return TreadleError(
            f"there is no template {name}: neither a folder of that name nor an installed one",
            suggestions=(*meant, "treadle template list shows the installed ones", "pip install treadle-templates"),
            exit_code=ExitCode.NOT_FOUND,
        )

    def _missing(self, candidate: Candidate, dependency: Dependency) -> TreadleError:
        demand = Requirement(dependency.template, dependency.version, candidate.id, dependency.purpose)
        return TreadleError(
            f"{demand.told()}, and there is none",
            context={"type": "missing-dependency", "template": dependency.template, "needed_by": candidate.id},
            suggestions=(
                f"add it: --from-templates {candidate.id},{dependency.template}",
                f"go on without it: --optional {dependency.template}",
            ),
            exit_code=ExitCode.NOT_FOUND,
        )

    def _impossible(self, causes: Sequence[Requirement]) -> TreadleError:
        ids = list(dict.fromkeys(cause.template for cause in causes))
        lines = list(dict.fromkeys(cause.told() for cause in causes))
        there = [
            f"{owner}: {', '.join(it.version for it in self._known.get(owner, ())) or 'no version'}" for owner in ids
        ]
        return TreadleError(
            f"no versions fit: {'; '.join(lines)}; there is {'; '.join(there)}",
            context={"type": "unsatisfiable", "requirements": lines},
            suggestions=("ask for versions that fit each other", "give one of the templates from another place"),
        )


class _Provider(AbstractProvider[Requirement, Candidate, str]):
    """resolvelib's questions, answered from what was gathered."""

    def __init__(self, known: Mapping[str, Sequence[Candidate]], lacking: set[str]) -> None:
        self._known = known
        self._lacking = lacking

    def identify(self, requirement_or_candidate: Requirement | Candidate) -> str:
        """One version per id."""
        item = requirement_or_candidate
        return item.template if isinstance(item, Requirement) else item.id

    def get_preference(self, identifier: str, *_: Any, **__: Any) -> str:
        """Any order finds the same; a fixed one is reproducible."""
        return identifier

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Requirement]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> list[Candidate]:
        """Candidates that satisfy every demand, the preferred first."""
        demands = list(requirements[identifier])
        bad = [(it.version, it.template.digest) for it in incompatibilities[identifier]]
        return [
            it
            for it in self._known.get(identifier, ())
            if (it.version, it.template.digest) not in bad and all(self.is_satisfied_by(one, it) for one in demands)
        ]

    def is_satisfied_by(self, requirement: Requirement, candidate: Candidate) -> bool:
        """The candidate's version is in the demanded range."""
        return satisfies(candidate.version, requirement.version)

    def get_dependencies(self, candidate: Candidate) -> list[Requirement]:
        """What a candidate demands of others."""
        return [
            Requirement(it.template, it.version, f"{candidate.id} {candidate.version}", it.purpose)
            for it in candidate.manifest.dependencies
            if it.template not in self._lacking
        ]


def satisfies(version: str, constraint: str) -> bool:
    """True when a version is in a range. Raises `TreadleError` for what is no range.

    npm's `^1.2` and `~1.2` are understood; a version that is none (`main`) satisfies only "".
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    if not constraint.strip() or constraint.strip() == "*":
        return True
    try:
        return SpecifierSet(_pep440(constraint.strip())).contains(version, prereleases=True)
    except InvalidSpecifier:
        raise TreadleError(f"{constraint!r} is no version range; write e.g. >=1.2,<2") from None
    except InvalidVersion:
        return False


def _pep440(constraint: str) -> str:
    if constraint[0] == "^" or (constraint[0] == "~" and constraint[1:2] != "="):
        return f">={constraint[1:]},<{_ceiling(constraint)}"
    return f"=={constraint}" if constraint[0].isdigit() else ",".join(constraint.replace(",", " ").split())


def _ceiling(constraint: str) -> str:
    """npm: `^` keeps the first part that is not 0, `~` the second part, or the first where there is no second."""
    parts = [int(part) for part in constraint[1:].split(".") if part.isdigit()] or [0]
    if constraint[0] == "^":
        fixed = next((place for place, part in enumerate(parts) if part), len(parts) - 1)
    else:
        fixed = min(1, len(parts) - 1)
    return ".".join(str(part) for part in [*parts[:fixed], parts[fixed] + 1])


def _ordered(chosen: Mapping[str, Candidate], places: Mapping[str, int], lacking: set[str]) -> Iterator[Candidate]:
    """Each after what it needs; among those that could be next, the command line's order, then the ids."""
    needs = {
        owner: {
            it.template
            for it in candidate.manifest.dependencies
            if it.template in chosen and it.template not in lacking
        }
        for owner, candidate in chosen.items()
    }
    last = max(places.values(), default=0) + 1
    ready = [(places.get(owner, last), owner) for owner, wanted in needs.items() if not wanted]
    heapq.heapify(ready)
    done: set[str] = set()
    while ready:
        _, owner = heapq.heappop(ready)
        done.add(owner)
        yield chosen[owner]
        for other, wanted in needs.items():
            if owner in wanted and wanted <= done:
                heapq.heappush(ready, (places.get(other, last), other))
    if len(done) < len(chosen):
        raise _circle(chosen, {owner: wanted - done for owner, wanted in needs.items() if owner not in done})


def _circle(chosen: Mapping[str, Candidate], needs: Mapping[str, set[str]]) -> TreadleError:
    """The whole circle, with the constraints of those who asked."""
    way = [min(needs)]
    while (after := min(needs[way[-1]] & needs.keys())) not in way:
        way.append(after)
    circle = [*way[way.index(after) :], after]
    lines = []
    for one, other in pairwise(circle):
        demand = next(it for it in chosen[one].manifest.dependencies if it.template == other)
        lines.append(Requirement(other, demand.version, one, demand.purpose).told())
    return TreadleError(
        f"templates need each other in a circle: {' -> '.join(circle)}",
        context={"type": "circular-dependency", "circle": circle},
        suggestions=(*lines, "take one of these out, or move what both need into a third template"),
    )


def _shown(version: str) -> str:
    return f" {version}" if version else ""
