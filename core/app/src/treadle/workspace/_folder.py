"""`treadle_hookspecs.Workspace` over a folder."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace import _by_descriptor, _by_path
from treadle.workspace._names import check_portable, components, joined, refused

if TYPE_CHECKING:
    from treadle.workspace.journal import Transaction

READ_LIMIT: Final = 64_000_000
"""Bytes that a file may have to be read whole."""

if _by_descriptor.AVAILABLE:
    _read, _write = _by_descriptor.read, _by_descriptor.write
else:
    _read, _write = _by_path.read, _by_path.write


class FolderWorkspace:
    """The files below one folder.

    A name is relative, with `/` between its parts. Reading and writing follow no link below the root, not even one
    that is put there meanwhile (where the system has directory descriptors: all but Windows).
    """

    __slots__ = ("_root",)

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 - `resolve` would replace links above the root

    @property
    def root(self) -> Path:
        """The absolute folder."""
        return self._root

    def path(self, name: str) -> Path:
        """The absolute path of a name, for programs that are to use it.

        Raises:
            TreadleError: the name is refused, or a link leads out of the root.
        """
        path = joined(self._root, name)
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise refused(name, "a link leads out of the root", f"look at {path}")
        return path

    def read_text(self, name: str) -> str:
        """The text of a file.

        Raises:
            TreadleError: the name is refused, there is no such file, or it is not UTF-8, too large, or no file.
        """
        content = self._content(name)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise refused(name, f"it is not UTF-8 at byte {error.start}", "name a text file", ExitCode.USAGE) from error

    def write_text(self, name: str, text: str) -> Path:
        """Write a file whole or not at all, in UTF-8 and with the line ends that `text` has; its path.

        Raises:
            TreadleError: the name is refused, or the disk does.
        """
        return self.write_bytes(name, text.encode("utf-8"))

    def write_bytes(self, name: str, content: bytes) -> Path:
        """Write a file whole or not at all, folders included; its path. An earlier file's mode is kept.

        Raises:
            TreadleError: the name is refused, or the disk does.
        """
        parts = _file(name)
        path = self._root.joinpath(*parts)
        if not os.path.lexists(path):
            check_portable(name, parts)
        try:
            _write(self._root, parts, content)
        except OSError as error:
            raise _failed("write", path, error) from error
        return path

    def transaction(self, id: str | None = None) -> "AbstractContextManager[Transaction]":
        """Several changes that happen all or not at all, whenever the process may die, and can be undone later.

            with workspace.transaction() as change:
                change.write("src/app.py", source)
                change.rename("README", "README.md")
                change.delete("setup.cfg")

        They happen when the block ends; after an exception in it nothing happens. See `journal.Transaction`.

        Args:
            id: under which `journal.Journal.undo` finds it; default: a new one, `change.id`.

        Raises:
            TreadleError: the block ends, and somebody else changed one of the files meanwhile (exit code 5), or the
                system refuses (6): then everything is as it was before.
        """
        from treadle.workspace.journal import Journal

        return Journal(self._root).changes(id)

    def _content(self, name: str) -> bytes:
        parts = _file(name)
        try:
            content = _read(self._root, parts, READ_LIMIT + 1)
        except OSError as error:
            raise _failed("read", self._root.joinpath(*parts), error) from error
        if len(content) > READ_LIMIT:
            raise refused(name, f"it is larger than {READ_LIMIT} bytes", "read it in parts, with a program")
        return content


def _file(name: str) -> tuple[str, ...]:
    parts = components(name)
    if not parts:
        raise refused(name, "it names the root itself", "name a file")
    return parts


def _failed(verb: str, path: Path, error: OSError) -> TreadleError:
    code = ExitCode.NOT_FOUND if isinstance(error, FileNotFoundError) else ExitCode.STORAGE
    return TreadleError(f"cannot {verb} {path}: {error.strerror}", context={"file": str(path)}, exit_code=code)
