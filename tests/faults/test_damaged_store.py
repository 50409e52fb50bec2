"""A state file that is not as treadle left it: every command says so, exits with 6, and changes nothing."""

import sqlite3

import pytest
from sweeps import RUN, Subject

STORAGE = 6


@pytest.fixture
def subject(user):
    found = Subject(user)
    found.type(*RUN, status=0)
    return found


def database(subject):
    return subject.user.state / "state.db"


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path):
    path.write_bytes(b"")


def foreign(path):
    path.write_bytes(b"this is no database, whoever wrote it\n" * 100)


def newer(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def vanished(path):
    path.unlink()


@pytest.mark.parametrize("harm", [truncated, emptied, foreign, newer, vanished], ids=lambda harm: harm.__name__)
def test_it_is_refused_and_stays_as_it_is(subject, harm, faults):
    path = database(subject)
    for rest in path.parent.glob("state.db-*"):
        rest.unlink()
    harm(path)
    before = path.read_bytes() if path.exists() else None
    for command in (("status",), RUN, ("doctor", "--json")):
        ran = subject.type(*command, status=None)
        told = ran.out + ran.err
        assert "Traceback" not in told
        assert "state.db" in told
        if command[0] != "doctor":
            assert ran.status == STORAGE, told
    assert (path.read_bytes() if path.exists() else None) == before
    kinds = {newer: "written by a newer version", foreign: "replaced by another program's", vanished: "deleted"}
    faults(f"a state file that was {kinds.get(harm, harm.__name__)}")


def test_a_lock_that_is_not_given_back_is_told(subject, faults):
    """Another program holds the write lock: a run that cannot begin says so, and goes on when it is free."""
    holder = sqlite3.connect(database(subject), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ran = subject.type(*RUN, status=None)
    assert ran.status == STORAGE, ran.err
    assert "lock" in ran.err
    holder.execute("ROLLBACK")
    holder.close()
    subject.type(*RUN, status=0)
    faults("the write lock of SQLite held by another program")
