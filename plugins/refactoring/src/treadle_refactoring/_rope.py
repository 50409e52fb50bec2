"""rope at work on a project, without letting it write: what it would change is written through treadle's journal."""

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json

_IGNORED: Final = [".*", "venv", "node_modules", "__pycache__", "build", "dist", "*.egg-info"]


@contextmanager
def project(context: ActionContext) -> Iterator[Any]:
    """Rope's project of the workspace. A refactoring that it refuses is an `ActionError` (`refused`)."""
    from rope.base.exceptions import RopeError
    from rope.base.project import Project

    root = context.workspace.root
    # No folder of its own, and no code of the project is run.
    opened = Project(
        str(root),
        ropefolder=None,
        fscommands=None,
        ignored_resources=_IGNORED,
        source_folders=[name for name in ("src", "lib") if (root / name).is_dir()],
        ignore_syntax_errors=True,
        ignore_bad_imports=True,
        automatic_soa=False,
        soa_followed_calls=0,
        save_history=False,
        save_objectdb=False,
        import_dynload_stdmods=False,
        extension_modules=[],
    )
    try:
        yield opened
    except RopeError as error:
        raise ActionError(f"rope refuses: {error}", error_class="refused", retryable=False) from error
    finally:
        opened.close()


def written(context: ActionContext, changes: Any) -> list[dict[str, Json]]:
    """Do what rope's changes say, in one transaction; `{path, how, old_path}` of each file.

    Raises:
        ActionError: `does-not-parse` when a file would be no Python any more; nothing is written then.
    """
    steps = list(_flat(changes))
    for path, _, text in steps:
        if text is not None and path.endswith(".py"):
            _still_parses(path, text)
    done: dict[str, dict[str, Json]] = {}
    with context.workspace.transaction() as transaction:
        for path, moved, text in steps:
            if moved:
                transaction.rename(path, moved)
                done[moved] = {"path": moved, "how": "renamed", "old_path": path}
            elif text is not None:
                transaction.write(path, text.encode(), context.workspace.path(path).stat().st_mode & 0o777)
                done[path] = {"path": path, "how": "modified", "old_path": None}
    return [done[path] for path in sorted(done)]


def _flat(changes: Any) -> Iterator[tuple[str, str, str | None]]:
    """`(path, moved to, new text)`: contents first, for rope names files as they are before a move."""
    from rope.base.change import ChangeContents, ChangeSet, MoveResource

    found: list[tuple[str, str, str | None]] = []
    for change in changes.changes:
        if isinstance(change, ChangeSet):
            found += _flat(change)
        elif isinstance(change, ChangeContents):
            found.append((change.resource.path, "", change.new_contents))
        elif isinstance(change, MoveResource):
            found.append((change.resource.path, change.new_resource.path, None))
        else:
            raise ActionError(f"rope wants more than is done here: {change}", error_class="refused", retryable=False)
    yield from sorted(found, key=lambda one: bool(one[1]))


def _still_parses(path: str, text: str) -> None:
    try:
        ast.parse(text, path)
    except SyntaxError as error:
        raise ActionError(
            f"{path} would not parse any more (line {error.lineno}: {error.msg}); nothing was changed",
            error_class="does-not-parse",
            retryable=False,
        ) from error


def unsure_of(found: list[dict[str, Json]]) -> Callable[[Any], bool]:
    """What rope asks about a place of which it cannot say whether it means the name: noted, and left as it is."""

    def ask(occurrence: Any) -> bool:
        resource = occurrence.resource
        text = resource.read()
        found.append({"path": resource.path, "line": text.count("\n", 0, occurrence.offset) + 1})
        return False

    return ask


def mentions(context: ActionContext, name: str, files: Sequence[str]) -> list[Json]:
    """Files whose text still has a word."""
    import re

    word = re.compile(rf"\b{re.escape(name)}\b")
    return [path for path in files if word.search(context.workspace.path(path).read_text("utf-8", "replace"))]
