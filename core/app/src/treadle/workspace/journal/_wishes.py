"""What a transaction wants to stand where: pure bookkeeping over one look at each path that is named."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from treadle_hookspecs import ExitCode

from treadle.workspace._names import refused
from treadle.workspace.journal._folders import Folders, Parts
from treadle.workspace.journal._plan import Change, Plan, ordered
from treadle.workspace.journal._stage import Content, Copied
from treadle.workspace.journal.states import ABSENT, State, folded


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to stand at a path, and where a file's content comes from."""

    state: State
    content: Content | None = None
    last: bool = False


class Wishes:
    """The tree as it will be: the project with the wishes laid over it."""

    def __init__(self) -> None:
        self._wishes: dict[Parts, Wish] = {}
        self._seen: dict[Parts, State] = {}
        self._below: dict[Parts, set[str]] = {}
        """Names that were ever wished for in each folder."""

    def __len__(self) -> int:
        return len(self._wishes)

    @property
    def contents(self) -> Mapping[Parts, Content]:
        """Of each file that is wished for."""
        return {parts: it.content for parts, it in self._wishes.items() if it.content is not None}

    def view(self, folders: Folders, parts: Parts) -> State:
        """What will stand at a path."""
        if parts in self._wishes:
            return self._wishes[parts].state
        return self._disk(folders, parts) if self._stays(parts[:-1]) else ABSENT

    def content(self, parts: Parts, state: State) -> Content:
        """Where the content of a file that will stand there comes from."""
        wish = self._wishes.get(parts)
        if wish is not None and wish.content is not None:
            return wish.content
        return Copied(parts, state.sha256)

    def names(self, folders: Folders, parts: Parts) -> list[str]:
        """What a folder will hold."""
        there = folders.names(parts) if self._stays(parts) else []
        wished = {
            name: wish.state != ABSENT
            for name in self._below.get(parts, ())
            if (wish := self._wishes.get((*parts, name)))
        }
        return sorted(
            {name for name in there if wished.get(name, True)} | {name for name, made in wished.items() if made}
        )

    def wish(self, folders: Folders, parts: Parts, wish: Wish) -> None:
        """Want something at a path."""
        self._disk(folders, parts)
        self._wishes[parts] = wish
        self._below.setdefault(parts[:-1], set()).add(parts[-1])

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Wishes of which one fails are not wished at all."""
        before = dict(self._wishes)
        try:
            yield
        except BaseException:
            self._wishes = before
            raise

    def plan(self, folders: Folders, id: str, *, portable: bool = True) -> Plan:
        """The plan that brings the project from what was seen to what is wished.

        Raises:
            TreadleError: two names would differ only in what some system takes for the same.
        """
        changes = [
            Change(parts, self._seen[parts], wish.state, wish.last)
            for parts, wish in self._wishes.items()
            if self._seen[parts] != wish.state
        ]
        if portable:
            self._check_spellings(folders, changes)
        touched = {it.parts[:-1] for it in changes}
        modified = {
            "/".join(parts): moment for parts in sorted(touched) if (moment := folders.modified(parts)) is not None
        }
        return Plan(id, ordered(changes), modified)

    def _stays(self, parts: Parts) -> bool:
        """A folder will hold what it holds now: neither it nor a folder above it goes, or comes anew."""
        for depth in range(len(parts), 0, -1):
            wish = self._wishes.get(parts[:depth])
            if wish is not None:
                return wish.state.kind == "dir" == self._seen[parts[:depth]].kind
        return True

    def _disk(self, folders: Folders, parts: Parts) -> State:
        if parts not in self._seen:
            # In a folder that is not there nothing is; a look at each of many new files would cost more than they do.
            inside = len(parts) == 1 or self._disk(folders, parts[:-1]).kind == "dir"
            self._seen[parts] = folders.look(parts) if inside else ABSENT
        return self._seen[parts]

    def _check_spellings(self, folders: Folders, changes: list[Change]) -> None:
        """A checkout on macOS or Windows would lose one of two names that differ only in case or composition."""
        made = {it.parts for it in changes if it.pre == ABSENT}
        for parent in {parts[:-1] for parts in made}:
            names: dict[str, str] = {}
            for name in self.names(folders, parent):
                other = names.setdefault(folded(name), name)
                if other != name and made & {(*parent, name), (*parent, other)}:
                    reason = f"beside {other!r} it is the same name on systems that do not tell case"
                    raise refused("/".join((*parent, name)), reason, "use one spelling", ExitCode.CONFLICT)


def digest(content: bytes) -> str:
    """As states name a file's content."""
    return hashlib.sha256(content).hexdigest()


def below(wishes: Wishes, folders: Folders, parts: Parts) -> Iterator[Parts]:
    """A path and everything that will be below it, a folder before what it holds."""
    yield parts
    if wishes.view(folders, parts).kind == "dir":
        for name in wishes.names(folders, parts):
            yield from below(wishes, folders, (*parts, name))
