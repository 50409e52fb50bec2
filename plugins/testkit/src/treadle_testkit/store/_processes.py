# ruff: noqa: S101 - the suite is made of assertions
"""Clauses that take several processes: claims that vanish, writers that are killed, signals from elsewhere."""

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import IO, ClassVar, TypeAlias

import pytest
from treadle_hookspecs import Json, Signal, Slot, StoreBackend

from treadle_testkit._store_samples import started
from treadle_testkit.store._fixtures import Opener, StoreFixtures

Child: TypeAlias = subprocess.Popen[str]
StartChild: TypeAlias = Callable[..., Child]


class ProcessClauses(StoreFixtures):
    """What holds between processes, and when one is killed."""

    kill_rounds: ClassVar[int] = 5
    """How many writers are killed, one after the other, on the same log."""

    @pytest.fixture
    def start_child(self, store_url: str, store_options: Mapping[str, Json]) -> Iterator[StartChild]:
        """Start a process with a command of `_store_child`; ended when the test ends."""
        children: list[Child] = []

        def start(*command: str) -> Child:
            words = [sys.executable, "-m", "treadle_testkit._store_child", self.target, store_url]
            child = subprocess.Popen(
                [*words, json.dumps(dict(store_options)), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            children.append(child)
            return child

        yield start
        for child in children:
            _kill(child)
            _stdout(child).close()

    def test_two_processes_do_not_claim_one_execution(self, store: StoreBackend, start_child: StartChild) -> None:
        child = start_child("claim", "e")
        assert _answer(child) > 0
        assert store.claimed("e")
        assert store.claim("e") is None
        assert _answer(start_child("claim", "e")) == 0
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait() == 0
        assert store.claim("e") is not None

    def test_a_claim_vanishes_with_its_process(self, store: StoreBackend, start_child: StartChild) -> None:
        child = start_child("claim", "e")
        epoch = _answer(child)
        assert store.claimed("e")
        _kill(child)
        assert not store.claimed("e")
        claim = store.claim("e")
        assert claim is not None
        assert claim.epoch > epoch

    def test_what_was_acknowledged_survives_a_kill(self, open_store: Opener, start_child: StartChild) -> None:
        """However the writer dies, the log holds all that it was told is durable, and is whole."""
        chance = random.Random(20)  # noqa: S311 - when to kill is no secret
        acknowledged = 0
        for _ in range(self.kill_rounds):
            child = start_child("write", "e")
            for _ in range(chance.randrange(1, 60)):
                acknowledged = _answer(child)
            _kill(child)
            acknowledged = max([acknowledged, *_rest(child)])
            store = open_store()
            seqs = [event.seq for event in store.read("e")]
            assert seqs == list(range(1, len(seqs) + 1))
            # The one that was being written may have become durable without the writer's knowing.
            assert acknowledged <= len(seqs) <= acknowledged + 1
            assert list(store.check()) == []
            store.close()

    def test_two_processes_write_at_once(self, store: StoreBackend, start_child: StartChild) -> None:
        children = {name: start_child("write", name) for name in ("a", "b")}
        for _ in range(100):
            store.send([Signal("a", "ping")])
        acknowledged = {}
        for name, child in children.items():
            for _ in range(100):
                acknowledged[name] = _answer(child)
            _kill(child)
        assert all(len(store.read(name)) >= count for name, count in acknowledged.items())
        assert len(store.inbox(["a"])) == 100
        assert list(store.check()) == []

    def test_a_kill_frees_a_place_at_once(self, store: StoreBackend, start_child: StartChild) -> None:
        child = start_child("take", "e", "deploy")
        assert _answer(child) == 1
        claim = store.claim("next")
        assert claim is not None
        store.append([started("next", claim.epoch)._replace(slots=[Slot("next", "", "deploy", 1, 1_000)])])
        assert not store.take_slots("next", claim.epoch, "", 2_000)
        _kill(child)
        assert store.take_slots("next", claim.epoch, "", 3_000)

    def test_processes_share_a_group(self, store: StoreBackend, start_child: StartChild) -> None:
        """Each takes, says so, and gives up again; who has a place writes into its log that it is alone."""
        children = {name: start_child("turns", name, "deploy", "10") for name in ("a", "b", "c")}
        for child in children.values():
            assert [_answer(child) for _ in range(10)] == [1] * 10
            assert child.wait() == 0
        turns = sorted((event.at, int(str(event.data["until"]))) for name in children for event in store.read(name)[1:])
        assert len(turns) == 30
        assert all(until <= begin for (_, until), (begin, _) in itertools.pairwise(turns))
        assert list(store.slots()) == []

    def test_a_signal_from_another_process_is_noticed(self, store: StoreBackend, start_child: StartChild) -> None:
        store.append([started("e")])
        store.watch(0)
        child = start_child("send", "e", "3")
        seen = 0
        while seen < 3:
            assert store.watch(30)
            seen = len(store.inbox(["e"]))
        assert [signal.id for signal in store.inbox(["e"])] == [_answer(child) for _ in range(3)]


def _answer(child: Child) -> int:
    line = _stdout(child).readline()
    assert line, "the child ended without an answer"
    return int(line)


def _rest(child: Child) -> list[int]:
    """Lines that the child wrote before it was killed and that nobody has read; the last may be cut off."""
    lines = _stdout(child).read().splitlines(keepends=True)
    return [int(line) for line in lines if line.endswith("\n")]


def _stdout(child: Child) -> IO[str]:
    assert child.stdout is not None
    return child.stdout


def _kill(child: Child) -> None:
    child.kill()
    child.wait()
    if child.stdin and not child.stdin.closed:
        child.stdin.close()
