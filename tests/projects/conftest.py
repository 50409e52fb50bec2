"""A workshop with a real project in it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from installed import REFERENCING, unpack
from workshop import Workshop


@pytest.fixture
def workshop(user):
    """A release of referencing in a repository, with a program as agent."""
    shop = Workshop(user, REFERENCING)
    unpack(shop.root)
    shop.begin()
    return shop
