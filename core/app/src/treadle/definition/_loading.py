"""Loading a definition: read, check, compile."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_engine.plan import Plan
from treadle_hookspecs import ExitCode, TreadleError

from treadle.definition._catalogue import Catalogue
from treadle.definition._dialects import read_definition
from treadle.definition._document import Document
from treadle.definition._problems import Problem
from treadle.definition._text import UnreadableError, decoded

if TYPE_CHECKING:
    from treadle.definition._family import Library, Member
    from treadle.definition._gate_file import LoadedGates

NO_FOLDER: Final = Path()
"""Of a definition that is no file: the current folder."""


@dataclass(frozen=True, slots=True)
class Use:
    """A file that a definition was compiled with: how it was named, from which folder, and what it held.

    `beside` is "" for the folder of the definition itself.
    """

    reference: str
    beside: str
    path: str
    hash: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A definition and what is to be said about it.

    Attributes:
        plan: the compiled, linked plan; None when a problem is an error.
        problems: all of them, by place.
        text: what was read.
        members: the workflows that its steps run, and those that these run.
        uses: the files that these were read from, and how they were found.
        path: its file, or the name it was given.
        hash: the SHA-256 of `text` in UTF-8, in hex.
        document: the canonical tree, whatever dialect the text is written in; None when it cannot be read.
    """

    plan: Plan | None
    problems: tuple[Problem, ...]
    text: str
    path: str
    hash: str
    document: Document | None = None
    members: "tuple[Member, ...]" = ()
    uses: "tuple[Use, ...]" = ()
    gates: "LoadedGates | None" = None
    """The file of gates that it was loaded with, if there was one."""

    @property
    def sources(self) -> dict[str, str]:
        """The texts that problems are about, by the names of their files."""
        gates = {self.gates.path: self.gates.text} if self.gates is not None else {}
        return {**{str(member.path): member.text for member in self.members}, **gates, self.path: self.text}

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep it from running."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def load_file(
    path: Path, catalogue: Catalogue, library: "Library | None" = None, gates: "LoadedGates | None" = None
) -> Loaded:
    """Load a definition from a file; problems name it as it is given. Without a library its steps run no workflows.

    `gates` are judged besides its own, and win over those of the same name.

    Raises:
        TreadleError: there is no such file, or it cannot be opened (exit code 3).
    """
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TreadleError(
            f"cannot read {name}: {error.strerror or error}", context={"file": name}, exit_code=ExitCode.NOT_FOUND
        ) from error
    try:
        text = decoded(content, name)
    except UnreadableError as error:
        return Loaded(None, error.problems, "", name, hashlib.sha256(content).hexdigest())
    return load_text(text, name, catalogue, library, path.parent, gates)


def load_text(
    text: str,
    name: str,
    catalogue: Catalogue,
    library: "Library | None" = None,
    folder: Path = NO_FOLDER,
    gates: "LoadedGates | None" = None,
) -> Loaded:
    """Load a definition from a text. A name that ends with `.json` means JSON. Never raises for what the text says.

    From `folder` its steps name other workflows by path.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    try:
        document, problems = read_definition(text, name, catalogue)
    except UnreadableError as error:
        return Loaded(None, error.problems, text, name, digest)
    from treadle.definition._family import Family
    from treadle.definition._validation import validated

    family = Family(library, catalogue)
    plan, found = validated(document, catalogue, family, folder, gates.gates if gates is not None else ())
    if gates is not None:
        found += gates.found
        plan = None if any(problem.severity == "error" for problem in gates.found) else plan
    everything = sorted({*problems, *found}, key=lambda problem: (problem.file != name, problem.file, problem.order))
    sound = not any(problem.severity == "error" for problem in problems)
    uses = tuple(family.uses.values())
    return Loaded(plan if sound else None, tuple(everything), text, name, digest, document, family.members, uses, gates)
