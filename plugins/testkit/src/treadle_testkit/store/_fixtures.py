"""What the clauses start from: an open store, and more connections to the same state."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, TypeAlias

import pytest
from treadle_hookspecs import Json, StoreBackend

from treadle_testkit._store_samples import load_store

Opener: TypeAlias = Callable[[], StoreBackend]


class StoreFixtures:
    """The fixtures of the suite."""

    target: ClassVar[str] = ""
    """Import string of the store's class."""

    @pytest.fixture
    def store_url(self) -> str:
        """The URL of an empty store; to be overridden."""
        raise NotImplementedError("a subclass of StoreConformance needs a fixture `store_url`")

    @pytest.fixture
    def store_options(self) -> Mapping[str, Json]:
        """Options for the class; may be overridden."""
        return {}

    @pytest.fixture
    def open_store(self, store_url: str, store_options: Mapping[str, Json]) -> Iterator[Opener]:
        """Open one more connection to the same state; closed when the test ends."""
        opened: list[StoreBackend] = []

        def open_one() -> StoreBackend:
            store = load_store(self.target, store_url, store_options)
            store.open()
            opened.append(store)
            return store

        yield open_one
        for store in opened:
            store.close()

    @pytest.fixture
    def store(self, open_store: Opener) -> StoreBackend:
        """An open, empty store."""
        return open_store()

    @pytest.fixture
    def other(self, open_store: Opener) -> StoreBackend:
        """A second connection to the same state, as another process would have it."""
        return open_store()
