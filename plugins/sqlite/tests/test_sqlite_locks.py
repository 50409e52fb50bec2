import os
import threading
from pathlib import Path

import pytest
from treadle_sqlite._lock import FlockLock, PortableLock, take

Kind = type[FlockLock] | type[PortableLock]


@pytest.fixture(params=[FlockLock, PortableLock])
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def test_one_holds_it(kind: Kind, file: Path) -> None:
    lock = kind.take(file)
    assert lock is not None
    assert kind.take(file) is None
    assert kind.held(file)
    lock.release()
    assert not kind.held(file)


def test_no_file_stays(kind: Kind, file: Path) -> None:
    lock = kind.take(file)
    assert lock is not None
    lock.release()
    assert not file.exists()


def test_asking_makes_no_file(kind: Kind, file: Path) -> None:
    assert not kind.held(file)
    assert not file.exists()


def test_what_a_killed_process_left_is_not_held_and_cleared_away(kind: Kind, file: Path) -> None:
    file.write_text("      4711\n")
    assert not kind.held(file)
    assert not file.exists()


def test_the_kinds_exclude_each_other(file: Path) -> None:
    flock, portable = FlockLock.take(file), PortableLock.take(file)
    assert flock is not None
    assert portable is None
    flock.release()
    portable = PortableLock.take(file)
    assert portable is not None
    assert FlockLock.take(file) is None
    portable.release()


def test_the_file_names_its_holder(file: Path) -> None:
    lock = FlockLock.take(file)
    assert lock is not None
    assert int(file.read_text()) == os.getpid()
    lock.release()


def test_never_two_holders_while_files_come_and_go(kind: Kind, file: Path) -> None:
    """Releasing removes the file, so others lock files that have no name any more; they must notice."""
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        won = 0
        while won < 100:
            if lock := kind.take(file):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                lock.release()
                won += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert not file.exists()


def test_waiting_gives_up(file: Path) -> None:
    lock = take(file)
    assert lock is not None
    assert take(file, wait=0.01) is None
    lock.release()
