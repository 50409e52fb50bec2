from importlib.metadata import entry_points

from treadle_hookspecs import StateStore
from treadle_postgres import plugin
from treadle_postgres._store import PostgresStore


def test_the_store_is_found_by_both_names_of_its_scheme() -> None:
    stores = list(plugin.treadle_state_stores())
    assert all(isinstance(store, StateStore) for store in stores)
    assert [store.scheme for store in stores] == ["postgresql", "postgres"]
    for store in stores:
        module, _, name = store.target.partition(":")
        assert (module, name) == (PostgresStore.__module__, PostgresStore.__name__)


def test_the_plugin_is_registered() -> None:
    (entry,) = entry_points(group="treadle", name="postgres")
    assert entry.load() is plugin
