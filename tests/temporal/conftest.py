"""One Temporal server for all tests here; each test has a task queue of its own."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from services import Service, Team


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """A server that runs."""
    found = Service(tmp_path_factory.mktemp("temporal"))
    found.start()
    yield found
    found.kill()


@pytest.fixture
def team(service, tmp_path, make_user):
    """A client, and whoever it makes workers."""
    return Team(service, tmp_path, make_user)


@pytest.fixture
def make_team(service, tmp_path, make_user):
    """As `team`, with settings of the section `temporal`."""
    return lambda **settings: Team(service, tmp_path, make_user, **settings)
