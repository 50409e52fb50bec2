# ruff: noqa: S101 - the suite is made of assertions
"""Clauses about claims: one driver for an execution, wherever it runs."""

import threading

import pytest
from treadle_hookspecs import Claim, ClaimLostError, StoreBackend

from treadle_testkit._store_samples import noted, started
from treadle_testkit.store._fixtures import Opener, StoreFixtures


class ClaimClauses(StoreFixtures):
    """`claim` and `claimed`."""

    def test_a_claim_names_its_execution(self, store: StoreBackend) -> None:
        assert _claim(store, "e").execution == "e"

    def test_an_execution_is_claimed_once(self, store: StoreBackend, other: StoreBackend) -> None:
        claim = _claim(store, "e")
        assert store.claim("e") is None
        assert other.claim("e") is None
        claim.release()
        assert other.claim("e") is not None

    def test_others_can_be_claimed_meanwhile(self, store: StoreBackend, other: StoreBackend) -> None:
        # Ids that differ in case only, or hold what a file name cannot, are different executions.
        claims = [_claim(store, "e"), _claim(other, "E"), _claim(store, "a/../e"), _claim(other, "é" * 60)]
        assert len({claim.execution for claim in claims}) == 4

    def test_claimed_tells_without_claiming(self, store: StoreBackend, other: StoreBackend) -> None:
        assert not store.claimed("e")
        claim = _claim(store, "e")
        assert store.claimed("e")
        assert other.claimed("e")
        claim.release()
        assert not other.claimed("e")
        assert not store.claimed("e")
        _claim(other, "e")

    def test_releasing_again_is_harmless(self, store: StoreBackend, other: StoreBackend) -> None:
        first = _claim(store, "e")
        first.release()
        first.release()
        _claim(other, "e")
        first.release()
        assert store.claimed("e")

    def test_the_epoch_grows(self, store: StoreBackend, other: StoreBackend) -> None:
        """With each claim, whether the one before wrote something or not."""
        epochs = []
        for number, connection in enumerate([store, other, store, other, store]):
            claim = _claim(connection, "e")
            epochs.append(claim.epoch)
            if number == 1:
                connection.append([started("e", epoch=claim.epoch)])
            if number == 3:
                connection.append([noted("e", 2, epoch=claim.epoch)])
            claim.release()
        assert epochs == sorted(set(epochs))

    def test_who_lost_the_claim_can_append_nothing(self, store: StoreBackend, other: StoreBackend) -> None:
        """From the moment of the next claim on, not only after its first append."""
        lost = _claim(store, "e")
        store.append([started("e", epoch=lost.epoch)])
        lost.release()
        claim = _claim(other, "e")
        with pytest.raises(ClaimLostError):
            store.append([noted("e", 2, epoch=lost.epoch)])
        other.append([noted("e", 2, epoch=claim.epoch)])
        assert len(store.read("e")) == 2

    def test_closing_the_store_releases_its_claims(self, open_store: Opener) -> None:
        first, second = open_store(), open_store()
        _claim(first, "e")
        first.close()
        _claim(second, "e")

    def test_many_executions_at_once(self, store: StoreBackend, other: StoreBackend) -> None:
        claims = [_claim(store, f"e{number}") for number in range(200)]
        assert all(other.claimed(claim.execution) for claim in claims)
        for claim in claims:
            claim.release()
        assert not any(other.claimed(claim.execution) for claim in claims)

    def test_looking_does_not_keep_others_from_claiming(self, store: StoreBackend, other: StoreBackend) -> None:
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                other.claimed("e")

        thread = threading.Thread(target=look)
        thread.start()
        try:
            for _ in range(200):
                _claim(store, "e").release()
        finally:
            done.set()
            thread.join()

    def test_of_many_who_claim_at_once_one_wins(self, open_store: Opener) -> None:
        stores = [open_store() for _ in range(4)]
        for _ in range(20):
            barrier = threading.Barrier(len(stores))
            won: list[Claim] = []

            def race(store: StoreBackend, barrier: threading.Barrier = barrier, won: list[Claim] = won) -> None:
                barrier.wait()
                if claim := store.claim("e"):
                    won.append(claim)

            threads = [threading.Thread(target=race, args=(store,)) for store in stores]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(won) == 1
            won[0].release()


def _claim(store: StoreBackend, execution: str) -> Claim:
    claim = store.claim(execution)
    assert claim is not None
    return claim
