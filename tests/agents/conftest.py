"""One agent of each kind, with real processes, for a user who has a repository with unfinished work in it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cast_of_agents import Cast, git


@pytest.fixture
def cast(user):
    """The agents of a user."""
    made = Cast(user)
    yield made
    made.close()


@pytest.fixture
def repository(user):
    """A project with staged, unstaged and untracked work, and the function that `it` is asked to mend."""
    git(user, "init", "--quiet", "--initial-branch=main")
    user.write("calc.py", "def add(a, b):\n    return a - b\n")
    user.write("tracked.txt", "committed\n")
    git(user, "add", "--all")
    git(user, "commit", "--quiet", "-m", "first")
    user.write("tracked.txt", "staged\n")
    git(user, "add", "tracked.txt")
    user.write("tracked.txt", "unstaged\n")
    user.write("untracked.txt", "mine\n")
    user.write("calc.py", "# mine\n\n\ndef add(a, b):\n    return a - b\n")
    return user
