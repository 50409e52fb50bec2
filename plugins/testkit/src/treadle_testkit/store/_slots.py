# ruff: noqa: S101 - the suite is made of assertions
"""Clauses about places in groups: never more than the limit, first come first served, all at once, nothing leaks."""

from collections.abc import Sequence

import pytest
from treadle_hookspecs import Append, Claim, ClaimLostError, Slot, StoreBackend

from treadle_testkit._store_samples import finished, noted, started
from treadle_testkit.store._fixtures import StoreFixtures


def wants(execution: str, *groups: str, limit: int = 1, holder: str = "", status: str = "running") -> Append:
    """The first append of an execution that waits for places."""
    places = [Slot(execution, holder, group, limit, 1_000) for group in groups]
    return started(execution, status=status)._replace(slots=places)


def claim(store: StoreBackend, execution: str) -> Claim:
    """The claim of an execution that nobody has."""
    found = store.claim(execution)
    assert found is not None
    return found


def take(store: StoreBackend, execution: str, holder: str = "", epoch: int = 2**60) -> bool:
    """Ask for what the holder waits for."""
    return store.take_slots(execution, epoch, holder, 5_000)


def holders(slots: Sequence[Slot]) -> list[str]:
    """Who has a place, in the order in which they asked."""
    return [slot.execution for slot in slots if slot.granted_at is not None]


class SlotClauses(StoreFixtures):
    """`take_slots`, `slots`, and what appends do to them."""

    def driven(self, store: StoreBackend, *appends: Append) -> None:
        """Append, with somebody driving each."""
        for append in appends:
            claim(store, append.execution)
        store.append(appends)

    def test_a_place_is_listed_as_it_was_asked_for(self, store: StoreBackend, other: StoreBackend) -> None:
        self.driven(store, wants("e", "deploy", "gpu", limit=3, holder="build/run#2"))
        waiting = [Slot("e", "build/run#2", group, 3, 1_000) for group in ("deploy", "gpu")]
        assert list(other.slots()) == waiting
        assert take(store, "e", "build/run#2")
        assert list(other.slots(execution="e")) == [slot._replace(granted_at=5_000) for slot in waiting]
        assert [slot.group for slot in other.slots(group="gpu")] == ["gpu"]
        assert list(other.slots(execution="nobody")) == []

    def test_who_asked_for_nothing_has_nothing(self, store: StoreBackend) -> None:
        self.driven(store, started("e"))
        assert not take(store, "e")
        assert not take(store, "nobody")

    def test_what_is_held_is_held(self, store: StoreBackend) -> None:
        self.driven(store, wants("e", "deploy"))
        assert take(store, "e")
        assert take(store, "e")
        assert [slot.granted_at for slot in store.slots()] == [5_000]

    def test_never_more_than_the_limit(self, store: StoreBackend, other: StoreBackend) -> None:
        names = [f"e{number}" for number in range(5)]
        self.driven(store, *(wants(name, "deploy", limit=3) for name in names))
        assert [take(asked, name) for asked, name in zip([store, other] * 3, names, strict=False)] == [True] * 3 + [
            False
        ] * 2

    def test_first_come_first_served(self, store: StoreBackend, other: StoreBackend) -> None:
        self.driven(store, wants("first", "deploy"), wants("second", "deploy"))
        assert not take(other, "second")
        assert take(store, "first")
        store.append([noted("first", 2)._replace(freed=[""])])
        self.driven(store, wants("third", "deploy"))
        assert not take(store, "third")
        assert take(other, "second")

    def test_asking_again_keeps_the_place_in_the_line(self, store: StoreBackend) -> None:
        self.driven(store, wants("first", "deploy"), wants("second", "deploy"))
        store.append([noted("first", 2)._replace(slots=[Slot("first", "", "deploy", 1, 9_000)])])
        assert [slot.execution for slot in store.slots()] == ["first", "second"]
        assert take(store, "first")

    def test_all_or_none(self, store: StoreBackend) -> None:
        self.driven(store, wants("a", "disk"), wants("both", "disk", "gpu"), wants("late", "gpu"))
        assert take(store, "a")
        assert not take(store, "both")
        assert holders(store.slots()) == ["a"]
        assert not take(store, "late")  # it came later, and would keep `both` waiting
        store.append([noted("a", 2)._replace(freed=[""])])
        assert take(store, "both")
        assert holders(store.slots()) == ["both", "both"]

    def test_groups_do_not_hinder_each_other(self, store: StoreBackend) -> None:
        self.driven(store, wants("a", "disk"), wants("b", "gpu"))
        assert take(store, "a")
        assert take(store, "b")

    def test_visits_of_one_execution_share_a_group(self, store: StoreBackend) -> None:
        first = wants("e", "gpu", holder="one#1")
        self.driven(store, first._replace(slots=[*first.slots, Slot("e", "two#1", "gpu", 1, 1_000)]))
        assert take(store, "e", "one#1")
        assert not take(store, "e", "two#1")
        store.append([noted("e", 2)._replace(freed=["one#1"])])
        assert take(store, "e", "two#1")

    def test_the_end_of_an_execution_gives_up_all(self, store: StoreBackend) -> None:
        first = wants("e", "deploy")
        self.driven(store, first._replace(slots=[*first.slots, Slot("e", "one#1", "gpu", 1, 1_000)]))
        assert take(store, "e")
        store.append([finished("e", 2, 3_000)._replace(freed=[""])])
        assert list(store.slots()) == []
        assert list(store.check()) == []

    def test_what_is_refused_asks_for_nothing(self, store: StoreBackend) -> None:
        self.driven(store, started("e"))
        with pytest.raises(Exception, match="e"):
            store.append([noted("e", 9)._replace(slots=[Slot("e", "", "deploy", 1, 1_000)])])
        assert list(store.slots()) == []

    def test_one_that_was_cut_off_gives_way_and_keeps_its_place(self, store: StoreBackend, other: StoreBackend) -> None:
        mine = claim(other, "cut")
        other.append([wants("cut", "deploy")])
        assert take(other, "cut")
        self.driven(store, wants("next", "deploy"))
        assert not take(store, "next")
        mine.release()
        assert take(store, "next")
        assert holders(store.slots()) == ["next"]
        assert [slot.execution for slot in store.slots()] == ["cut", "next"]
        again = claim(other, "cut")
        assert not take(other, "cut", epoch=again.epoch)
        store.append([noted("next", 2)._replace(freed=[""])])
        assert take(other, "cut", epoch=again.epoch)

    def test_what_nobody_wants_stays_with_one_that_was_cut_off(self, store: StoreBackend) -> None:
        mine = claim(store, "cut")
        store.append([wants("cut", "deploy")])
        assert take(store, "cut")
        mine.release()
        assert holders(store.slots()) == ["cut"]

    @pytest.mark.parametrize("status", ["queued", "waiting"])
    def test_one_that_rests_keeps_what_it_has_and_its_place(self, store: StoreBackend, status: str) -> None:
        mine = claim(store, "rests")
        store.append([wants("rests", "deploy", status=status)])
        self.driven(store, wants("next", "deploy"))
        mine.release()
        assert not take(store, "next")
        assert take(store, "rests", epoch=claim(store, "rests").epoch)

    def test_one_that_lost_its_claim_gets_nothing(self, store: StoreBackend, other: StoreBackend) -> None:
        mine = claim(store, "e")
        store.append([wants("e", "deploy")])
        mine.release()
        newer = claim(other, "e")
        with pytest.raises(ClaimLostError):
            take(store, "e", epoch=1)
        assert take(other, "e", epoch=newer.epoch)

    def test_pruning_leaves_no_places(self, store: StoreBackend) -> None:
        mine = claim(store, "e")
        store.append([wants("e", "deploy")])
        store.append([finished("e", 2, 3_000)])
        mine.release()
        assert [finding.invariant for finding in store.check()] == ["I8"]
        store.prune(10_000)
        assert list(store.slots()) == []
