"""A plugin host that knows the core's own plugin and what a test gave it, whatever is installed."""

from collections.abc import Iterator

from treadle.plugins import PluginHost
from treadle_hookspecs import Action, TreadleError


class ClosedPluginHost(PluginHost):
    """A `PluginHost` that refuses discovery and is strict: what is wrong with a registered plugin raises at once.

    Give it to the facade, `Treadle(root, plugins=host)`, or ask it directly.
    """

    def __init__(self) -> None:
        super().__init__(discover=False, strict=True)

    def register_installed(self, *names: str) -> None:
        """Register installed plugins by the names of their entry points, e.g. `sqlite`.

        Raises:
            LookupError: no installed distribution has such a plugin.
        """
        from importlib_metadata import entry_points

        found = entry_points(group="treadle")
        for name in names:
            if name not in found.names:
                raise LookupError(f"no installed distribution has a plugin {name}; there are {sorted(found.names)}")
            entry = found[name]
            distribution = entry.dist
            if distribution is None:
                raise LookupError(f"no distribution announces the plugin {name}")
            version = distribution.version
            self.register(entry.load(), name=name, distribution=distribution.name, version=version)

    def check(self) -> None:
        """Import everything that the registered plugins name, and read the signature of each action.

        Raises:
            AssertionError: something cannot be imported, or could never be called; all problems are named.
        """
        problems = [*self._of_actions(), *self._of_the_rest(), *self.problems()]
        if problems:
            raise AssertionError("\n".join(problems))

    def _of_actions(self) -> Iterator[str]:
        for name in self.action_names():
            try:
                action = self.resolve(name)
                _ = (action.input_schema, action.output_schema, self.preview(name))
            except TreadleError as error:
                yield error.message
            else:
                yield from _undescribed(name, action.action)
        for type_ in self.rollback_types():
            try:
                _ = self.resolve_rollback(type_).input_schema
            except TreadleError as error:
                yield error.message

    def _of_the_rest(self) -> Iterator[str]:
        asked = (
            *((self.trigger, one.value.type) for one in self.triggers()),
            *((self.state_store, one.value.scheme) for one in self.state_stores()),
            *((self.command, one.value.name) for one in self.commands()),
        )
        for ask, name in asked:
            try:
                ask(name)
            except TreadleError as error:
                yield error.message
        self.workflow_files()


def _undescribed(name: str, action: Action) -> Iterator[str]:
    if not action.summary:
        yield f"action {name} has no summary: `treadle show {name}` would say nothing of it"
