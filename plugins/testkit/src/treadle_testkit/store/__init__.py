"""The conformance suite for state stores.

A store proves itself by subclassing, in a test module of its own:

    from treadle_testkit.store import StoreConformance

    class TestMyStore(StoreConformance):
        target = "treadle_mystore._store:MyStore"

        @pytest.fixture
        def store_url(self, tmp_path):
            return f"mystore:///{tmp_path}/state"

Each test states one clause of `treadle_hookspecs.StoreBackend`. The store is used from several connections, threads and
processes, and processes are killed; nothing is known of it but the contract.
"""

import pytest

pytest.register_assert_rewrite(
    "treadle_testkit.store._append",
    "treadle_testkit.store._claims",
    "treadle_testkit.store._inbox",
    "treadle_testkit.store._keeping",
    "treadle_testkit.store._processes",
    "treadle_testkit.store._queries",
    "treadle_testkit.store._slots",
    "treadle_testkit.store._waits",
)

from treadle_testkit.store._append import AppendClauses  # noqa: E402 - after the registration
from treadle_testkit.store._claims import ClaimClauses  # noqa: E402
from treadle_testkit.store._inbox import InboxClauses  # noqa: E402
from treadle_testkit.store._keeping import KeepingClauses  # noqa: E402
from treadle_testkit.store._processes import ProcessClauses  # noqa: E402
from treadle_testkit.store._queries import QueryClauses  # noqa: E402
from treadle_testkit.store._slots import SlotClauses  # noqa: E402
from treadle_testkit.store._waits import WaitClauses  # noqa: E402

__all__ = ["StoreConformance"]


class StoreConformance(
    AppendClauses,
    ClaimClauses,
    InboxClauses,
    KeepingClauses,
    ProcessClauses,
    QueryClauses,
    SlotClauses,
    WaitClauses,
):
    """Every clause of the store contract.

    A subclass gives `target` (an import string) and the fixture `store_url`: the URL of an empty store of its own for
    each test. The fixture `store_options` may be overridden too.
    """
