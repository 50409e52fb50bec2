"""What is stored holds no sensitive value in any form, and comes back as it was."""

import base64
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle.secrets import RESERVED, Sensitive, Vault, seal_json, unseal_json
from treadle_hookspecs import Json

PIN = 'top"secret-pin-ü9'

VAULT = Vault(Path("unused"), {"TREADLE_KEY": base64.b64encode(bytes(32)).decode()})


def seal(data: bytes) -> str:
    return VAULT.seal(data, "place")


def unseal(token: str) -> bytes:
    return VAULT.unseal(token, "place")


def sensitive(*values: Json) -> Sensitive:
    made = Sensitive()
    for value in values:
        made.add(value)
    return made


def sealed(data: Json, values: Sensitive) -> Any:
    stored = seal_json(data, values, seal)
    assert unseal_json(stored, unseal) == data
    return stored


def test_leaves_that_hold_it_and_no_others() -> None:
    stored = sealed({"a": PIN, "b": [f"x {PIN} y", "other", 1, None, True], "c": {"d": "other"}}, sensitive(PIN))
    assert set(stored["a"]) == set(stored["b"][0]) == {"$sealed"}
    assert stored["b"][1:] == ["other", 1, None, True]
    assert stored["c"] == {"d": "other"}


@pytest.mark.parametrize(
    "form", [json.dumps(PIN), base64.b64encode(f"user:{PIN}".encode()).decode(), PIN.encode().hex()]
)
def test_other_forms_of_it(form: str) -> None:
    assert set(sealed({"a": f"<{form}>"}, sensitive(PIN))["a"]) == {"$sealed"}


def test_an_object_with_it_in_a_key_is_sealed_whole() -> None:
    stored = sealed({"a": {f"k-{PIN}": 1}, "b": 2}, sensitive(PIN))
    assert set(stored["a"]) == {"$sealed"}
    assert stored["b"] == 2


@pytest.mark.parametrize("key", sorted(RESERVED))
def test_data_that_looks_sealed_comes_back_as_it_was(key: str) -> None:
    stored = sealed({"a": {key: "junk"}, "b": [{key: {key: 1}, "more": 2}]}, sensitive())
    assert set(stored["a"]) == set(stored["b"][0]) == {"$sealed"}


def test_every_leaf_of_a_value_is_sensitive() -> None:
    values = sensitive({"user": "somebody", "pins": [123456, "7", True, None]})
    stored = sealed(["somebody", "is 123456", 123456, "7", 7, "17", True, None, "user"], values)
    assert [isinstance(item, dict) for item in stored] == [True, True, True, True, True, False, False, False, False]


@pytest.mark.parametrize(
    "data", [{"a": PIN}, {PIN: 1}, {"a": [f"{PIN}x"]}, {"a": "7"}, {"a": 7}, {"$sealed": 1}, "$payload"]
)
def test_one_look_at_the_text_misses_nothing(data: Json) -> None:
    values = sensitive(PIN, "7")
    assert values.may_be_in(orjson.dumps(data))
    assert not values.may_be_in(orjson.dumps({"a": ["other", 1, None, {"sealed": "payload"}]}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.sampled_from('ab"ü\\ '), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.sampled_from('ab"ü\\'), max_size=8) | st.sampled_from(sorted(RESERVED)), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(JSON, st.lists(st.text(st.sampled_from('ab"ü\\'), min_size=1, max_size=5), max_size=3))
def test_any_data_and_any_values(data: Json, values: list[str]) -> None:
    marked = sensitive(*values)
    stored = sealed(data, marked)
    if not marked.may_be_in(orjson.dumps(data)):
        assert stored == data
    for leaf in _plain_leaves(stored):
        assert not any(value == leaf or (len(value) >= 4 and value in leaf) for value in values)


def _plain_leaves(data: Any) -> list[str]:
    if isinstance(data, dict):
        if set(data) == {"$sealed"}:
            return []
        return [*data, *(leaf for value in data.values() for leaf in _plain_leaves(value))]
    if isinstance(data, list):
        return [leaf for item in data for leaf in _plain_leaves(item)]
    return [data] if isinstance(data, str) else []
