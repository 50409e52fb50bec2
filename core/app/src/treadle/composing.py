"""What plugins offer to compositions, and the journal as plugins see it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from treadle_hookspecs import (
    Changes,
    CompositionRequest,
    CompositionResult,
    Conflict,
    ConflictResolver,
    ExitCode,
    JsonObject,
    MergeFunction,
    NewProject,
    Resolution,
    TemplateBackend,
    TreadleError,
)

if TYPE_CHECKING:
    from treadle.plugins import PluginHost


class PluginComposition:
    """`treadle_hookspecs.CompositionHost` over the installed plugins."""

    def __init__(self, plugins: "PluginHost") -> None:
        self._plugins = plugins

    def resolvers(self) -> Sequence[ConflictResolver]:
        """All conflict resolvers, in plugin order."""
        return [item.value for item in self._plugins.conflict_resolvers()]

    def merge_function(self, resolver: str) -> MergeFunction:
        """The function of a resolver, imported."""
        return self._plugins.conflict_resolver(resolver)

    def schemes(self) -> Sequence[str]:
        """The schemes of all template sources."""
        return [item.value.scheme for item in self._plugins.template_sources()]

    def source(self, scheme: str) -> TemplateBackend:
        """The source of a scheme."""
        return self._plugins.template_source(scheme)

    def before(self, request: CompositionRequest) -> None:
        """Call `treadle_before_composition` of all plugins."""
        self._plugins.before_composition(request)

    def on_conflict(self, conflict: Conflict) -> Resolution | None:
        """The first answer that a plugin gives."""
        return self._plugins.on_conflict(conflict)

    def after(self, result: CompositionResult) -> None:
        """Call `treadle_after_setup` of all plugins."""
        self._plugins.after_setup(result)


class FolderJournal:
    """`treadle_hookspecs.ProjectJournal` over the journal of one folder."""

    def __init__(self, root: Path) -> None:
        from treadle.workspace.journal import Journal

        self._root = root
        self._journal = Journal(root)

    def lock(self, purpose: str) -> AbstractContextManager[None]:
        """Hold the project while the block runs."""
        return self._journal.lock(purpose)

    def transaction(self, id: str) -> AbstractContextManager[Changes]:
        """Several changes that happen all or not at all when the block ends."""
        return self._journal.changes(id)

    def committed(self, id: str) -> bool:
        """A transaction of that id was committed, and was not undone."""
        return self._root.is_dir() and self._journal.committed(id)

    def recover(self, mode: Literal["undo", "redo"], id: str) -> bool:
        """Bring to an end what a killed process left of one transaction; True when it stands committed now."""
        if not self._root.is_dir():
            return False
        if left := [line for it in self._journal.recover(mode, only=id) for line in it.left]:
            raise TreadleError("; ".join(left), exit_code=ExitCode.CONFLICT)
        return self._journal.committed(id)

    def undo(self, id: str) -> Sequence[str]:
        """Undo a committed transaction."""
        return self._journal.undo(id).told()

    def look(self, path: str) -> JsonObject:
        """What stands at a path, links not followed."""
        return self._journal.look(path).to_json()

    def new_project(self, id: str) -> NewProject:
        """The folder itself as a project that is not there yet."""
        from treadle.workspace.journal import NewTree

        return NewTree(self._root, id)
