"""The workflows that a definition's steps run, and those that these run; each file is read once."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from treadle_engine.plan import Plan

from treadle.definition._catalogue import Catalogue
from treadle.definition._dialects import read_definition
from treadle.definition._loading import Use
from treadle.definition._model import Workflow
from treadle.definition._problems import Problem
from treadle.definition._report import Report
from treadle.definition._scopes import scopes_of
from treadle.definition._structure import Structure, structure
from treadle.definition._text import UnreadableError, decoded


class Library(Protocol):
    """Finds the workflows that steps run."""

    def file(self, reference: str, beside: Path) -> Path | None:
        """The file of a workflow: by its path from the folder `beside`, else by its name; None when there is none."""

    def names(self) -> Sequence[str]:
        """Every name that there is."""


@dataclass(slots=True)
class Member:
    """One workflow that steps run.

    Attributes:
        key: its own, in `Plan.children`.
        path: its file.
        text: what was read.
        report: its problems.
        found: its model; None when it could not be read.
        plan: once it is compiled.
    """

    key: str
    path: Path
    text: str
    hash: str
    problems: list[Problem] = field(default_factory=list)
    report: Report | None = None
    found: Structure | None = None
    plan: Plan | None = None

    @property
    def workflow(self) -> Workflow | None:
        """Its model."""
        return self.found.workflow if self.found is not None else None


class Family:
    """The members found so far.

    Args:
        library: finds them; None finds nothing.
        catalogue: knows the dialects that they may be written in.
    """

    def __init__(self, library: Library | None, catalogue: Catalogue) -> None:
        self._library = library
        self._catalogue = catalogue
        self._members: dict[Path, Member] = {}
        self.uses: dict[tuple[str, str], Use] = {}

    @property
    def members(self) -> tuple[Member, ...]:
        """In the order they were found."""
        return tuple(self._members.values())

    def beside(self, folder: Path, shown: str = "") -> "Children":
        """What the steps of a definition in a folder may run."""
        return Children(self, folder, shown)

    def find(self, reference: str, folder: Path, shown: str) -> Member | None:
        """The workflow of that name, read when it is asked for first."""
        path = self._library.file(reference, folder) if self._library is not None else None
        if path is None:
            return None
        place = path.resolve()
        if place not in self._members:
            self._members[place] = self._read(path)
        member = self._members[place]
        self.uses.setdefault((reference, shown), Use(reference, shown, str(place), member.hash))
        return member

    def names(self) -> Sequence[str]:
        """Every name that there is."""
        return self._library.names() if self._library is not None else ()

    def undoes(self, member: Member, seen: frozenset[Path] = frozenset()) -> bool:
        """Something of what a member runs can be compensated."""
        if member.found is None or member.path in seen:
            return False
        children = self.beside(member.path.parent, str(member.path.parent.resolve()))
        return any(
            at.step.compensate is not None
            or (
                at.step.workflow is not None
                and (inner := children.find(at.step.workflow)) is not None
                and self.undoes(inner, seen | {member.path})
            )
            for scope in scopes_of(member.found)
            if scope.path[0] == "steps"
            for at in scope.steps
        )

    def _read(self, path: Path) -> Member:
        content = path.read_bytes()
        name = str(path)
        member = Member(self._key(path), path, "", hashlib.sha256(content).hexdigest())
        try:
            member.text = decoded(content, name)
            document, problems = read_definition(member.text, name, self._catalogue)
        except UnreadableError as error:
            member.problems += error.problems
            return member
        member.problems += problems
        member.report = Report(document)
        member.found = structure(member.report)
        if member.workflow is not None:
            member.key = self._key(Path(member.workflow.name))
        return member

    def _key(self, path: Path) -> str:
        """A key that no other member has."""
        taken = {member.key for member in self._members.values()}
        name = path.name if path.suffix not in {".yaml", ".yml", ".json"} else path.stem
        number = 2
        key = name
        while key in taken:
            key, number = f"{name}-{number}", number + 1
        return key


@dataclass(frozen=True, slots=True)
class Children:
    """What the steps of one definition may run."""

    family: Family
    folder: Path
    shown: str

    def find(self, reference: str) -> Member | None:
        """The workflow that a step names."""
        return self.family.find(reference, self.folder, self.shown)


Checked: TypeAlias = Callable[[Structure, Report, Children], Plan | None]


def compile_members(family: Family, check: Checked) -> Iterator[Member]:
    """Check and compile every member; those that are found on the way as well."""
    done = 0
    while done < len(family.members):
        member = family.members[done]
        done += 1
        if member.found is not None and member.report is not None:
            folder = member.path.parent
            member.plan = check(member.found, member.report, family.beside(folder, str(folder.resolve())))
            member.problems += member.report.problems
        yield member
