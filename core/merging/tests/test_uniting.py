"""Uniting values: maps, lists, groups, strategies, a base."""

import pytest
from treadle_hookspecs import KeyRule, MergeConfig
from treadle_merging import MISSING, Group, Merge, Rules, Side, align, choose, same


def united(*values, rules=None, base=MISSING, **strategies):
    config = MergeConfig(rules=tuple(KeyRule(key.replace("__", "."), name) for key, name in strategies.items()))
    merge = Merge(rules or Rules(), config, base)
    value = merge.unite((), [Side(name, value) for name, value in zip("abc", values, strict=False)])
    return value, [row.key for row in merge.open]


@pytest.mark.parametrize(
    ("values", "result", "rows"),
    [
        (({"a": 1}, {"b": 2}), {"a": 1, "b": 2}, []),
        (({"a": 1}, {"a": 2}), {"a": 1}, ["a"]),
        (({"a": 1}, {"a": True}), {"a": 1}, ["a"]),
        (({"a": {"b": 1}}, {"a": [1]}), {"a": {"b": 1}}, ["a"]),
        (({"a": ["x"]}, {"a": ["y", "x"]}), {"a": ["x", "y"]}, []),
        (({"a": [1]}, {"a": [2]}), {"a": [1]}, ["a"]),
        (({"a.b": 1}, {"a.b": 2}), {"a.b": 1}, ['"a.b"']),
        (({"a": 1}, {"a": 1}, {"a": 3}), {"a": 1}, ["a"]),
        (
            ({"l": [{"id": "x", "v": 1}]}, {"l": [{"id": "y"}, {"id": "x", "w": 2}]}),
            {"l": [{"id": "x", "v": 1, "w": 2}, {"id": "y"}]},
            [],
        ),
        (({"l": [{"id": "x", "v": 1}]}, {"l": [{"id": "x", "v": 2}]}), {"l": [{"id": "x", "v": 1}]}, ["l.x.v"]),
    ],
)
def test_what_unites(values, result, rows):
    assert united(*values) == (result, rows)


def test_a_strategy_reaches_what_lies_below():
    assert united({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "d": 2}}, a="last") == ({"a": {"b": 2, "c": 1, "d": 2}}, [])
    assert united({"a": ["x"]}, {"a": ["y"]}, a="b") == ({"a": ["y"]}, [])
    assert united({"a": ["x"]}, {"a": ["x", "y"]}, a="append") == ({"a": ["x", "x", "y"]}, [])
    assert united({"a": ["x"]}, {"a": ["y"]}, a="prepend") == ({"a": ["y", "x"]}, [])
    assert united({"a": 1}, {"a": 2}, a="value:7") == ({"a": 7}, [])
    assert united({"a": 1}, {"a": 2}, a="nobody") == ({"a": 1}, ["a"])


def test_a_group_comes_whole():
    rules = Rules(groups={"": (Group("g", frozenset({"x", "y"})),)})
    assert united({"x": 1, "z": 0}, {"y": 2, "w": 0}, rules=rules) == ({"x": 1, "z": 0, "w": 0}, ["g"])
    assert united({"x": 1, "z": 0}, {"y": 2, "w": 0}, rules=rules, g="b") == ({"z": 0, "y": 2, "w": 0}, [])
    assert united({"x": 1}, {"x": 1}, rules=rules) == ({"x": 1}, [])


@pytest.mark.parametrize(
    ("ours", "theirs", "result", "rows"),
    [
        ({"k": 1}, {"k": 2}, {"k": 2}, []),
        ({"k": 5}, {"k": 1}, {"k": 5}, []),
        ({"k": 5}, {"k": 6}, {"k": 5}, ["k"]),
        ({}, {"k": 1}, {}, []),
        ({}, {"k": 2}, {"k": 2}, []),
        ({"k": 1, "n": 1}, {"k": 1, "m": 1}, {"k": 1, "n": 1, "m": 1}, []),
    ],
)
def test_three_ways(ours, theirs, result, rows):
    assert united(ours, theirs, base={"k": 1}) == (result, rows)


@pytest.mark.parametrize(
    ("ours", "theirs", "result", "rows"),
    [
        ({"x": 1, "y": 1, "z": 0}, {"x": 2, "z": 0}, {"x": 2, "z": 0}, []),
        ({"x": 1, "y": 1, "z": 0}, {"x": 2, "y": 1, "z": 5}, {"x": 2, "y": 1, "z": 5}, []),
        ({"x": 3, "y": 1}, {"x": 1, "y": 1, "w": 0}, {"x": 3, "y": 1, "w": 0}, []),
        ({"x": 3, "y": 1}, {"x": 1, "y": 4}, {"x": 3, "y": 1}, ["g"]),
    ],
)
def test_a_group_follows_the_side_that_changed_it(ours, theirs, result, rows):
    rules = Rules(groups={"": (Group("g", frozenset({"x", "y"})),)})
    base = {"x": 1, "y": 1} | ({"z": 0} if "z" in ours else {})
    assert united(ours, theirs, rules=rules, base=base) == (result, rows)


def test_items_taken_away_since_the_base_stay_away():
    assert united({"l": ["a"]}, {"l": ["a", "b", "c"]}, base={"l": ["a", "b"]}) == ({"l": ["a", "c"]}, [])


@pytest.mark.parametrize("pair", [(1, True), (1, 1.0), (None, False), ("1", 1), ([1], [1, 1]), ({"a": 1}, {"a": True})])
def test_values_that_are_not_the_same(pair):
    assert not same(*pair)


def test_what_a_strategy_picks():
    sides = [Side("a", 1), Side("b", 2)]
    picked = [choose(name, sides, {"higher": 9}) for name in ("first", "last", "b", "template:a", "higher", "value:x")]
    assert picked == [1, 2, 2, 1, 9, "x"]
    assert choose("c", sides, {}) is MISSING


def test_items_stay_with_what_they_were():
    old = ["a", {"name": "x", "v": 1}, "b"]
    assert align(["b", {"name": "x", "v": 2}, "a", "new"], old) == [2, 1, 0, None]
