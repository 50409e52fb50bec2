"""New users for the tests that type commands."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fault_counts
from users import User


def pytest_configure(config):
    """Faults are counted where that was asked for."""
    fault_counts.register(config)


@pytest.fixture
def faults(record_property):
    """Say what was done to treadle: `faults("killed while it syncs")`, with a number where it was done more often."""

    def record(kind, times=1):
        record_property("faults", {kind: times})

    return record


@pytest.fixture
def make_user(tmp_path):
    """Make new users, each with a home and a project of their own; at the end, everything that they started ends."""
    users = []

    def make():
        folder = tmp_path / f"user-{len(users)}"
        folder.mkdir()
        users.append(User(folder))
        return users[-1]

    yield make
    for someone in users:
        someone.leave()


@pytest.fixture
def user(make_user):
    """A new user."""
    return make_user()
