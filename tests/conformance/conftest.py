"""What the conformance tests need lies beside them."""

import sys
from functools import partial
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "patterns")]


@pytest.fixture(scope="session", autouse=True)
def local_on_postgres(postgres_server):
    """The runtime of this machine with its state in Postgres: one store for all that is played."""
    from hosts import RUNTIMES, Local

    url = postgres_server.new_url()
    RUNTIMES["local on Postgres"] = partial(Local, store=url)
    yield
    del RUNTIMES["local on Postgres"]
