"""Loading a definition: read, check, compile."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from treadle_engine.plan import Plan
from treadle_hookspecs import ExitCode, TreadleError

from treadle.definition._catalogue import Catalogue
from treadle.definition._problems import Problem
from treadle.definition._reading import read
from treadle.definition._text import UnreadableError, decoded


@dataclass(frozen=True, slots=True)
class Loaded:
    """A definition and what is to be said about it.

    Attributes:
        plan: the compiled, linked plan; None when a problem is an error.
        problems: all of them, by place.
        text: what was read.
        path: its file, or the name it was given.
        hash: the SHA-256 of `text` in UTF-8, in hex.
    """

    plan: Plan | None
    problems: tuple[Problem, ...]
    text: str
    path: str
    hash: str

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep it from running."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def load_file(path: Path, catalogue: Catalogue) -> Loaded:
    """Load a definition from a file; problems name it as it is given.

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
    return load_text(text, name, catalogue)


def load_text(text: str, name: str, catalogue: Catalogue) -> Loaded:
    """Load a definition from a text. A name that ends with `.json` means JSON. Never raises for what the text says."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    try:
        document, problems = read(text, name)
    except UnreadableError as error:
        return Loaded(None, error.problems, text, name, digest)
    from treadle.definition._validation import validated

    plan, found = validated(document, catalogue)
    everything = sorted({*problems, *found}, key=lambda problem: problem.order)
    return Loaded(None if problems else plan, tuple(everything), text, name, digest)
