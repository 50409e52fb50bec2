from importlib.metadata import entry_points

from treadle_hookspecs import StateStore
from treadle_sqlite import plugin
from treadle_sqlite._store import SqliteStore


def test_the_store_is_found_by_its_scheme() -> None:
    (store,) = plugin.treadle_state_stores()
    assert isinstance(store, StateStore)
    module, _, name = store.target.partition(":")
    assert (store.scheme, module, name) == ("sqlite", SqliteStore.__module__, SqliteStore.__name__)


def test_the_plugin_is_registered() -> None:
    (entry,) = entry_points(group="treadle", name="sqlite")
    assert entry.load() is plugin
