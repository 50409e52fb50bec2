import json
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treadle_hookspecs import Json
from treadle_sqlite._codec import dump, load

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(VALUES)
def test_what_goes_in_comes_out(value: Json) -> None:
    assert load(dump(value)) == value


@settings(max_examples=50)
@given(VALUES.filter(lambda value: value is not None))
def test_the_column_is_json_to_everybody(value: Json) -> None:
    text = dump(value)
    assert text is not None
    assert json.loads(text) == value


@pytest.mark.parametrize("value", ["\ud800", "a\udcffb", {"\ud800": 1}, 2**64, [-(10**30)]])
def test_what_orjson_cannot_carry_is_carried(value: Json) -> None:
    assert load(dump(value)) == value


def test_none_is_null_in_the_table_and_in_json_only_inside() -> None:
    assert dump(None) is None
    assert dump([None]) == "[null]"


def test_other_mappings_and_sequences_are_taken() -> None:
    assert load(dump(MappingProxyType({"a": (1, range(2))}))) == {"a": [1, [0, 1]]}


def test_very_deep_data_is_carried() -> None:
    deep: Json = 1
    for _ in range(300):
        deep = [deep]
    assert load(dump(deep)) == deep


@pytest.mark.parametrize("value", [{1: 2}, {"a": object()}, {"a": {2, 3}}, b"bytes"])
def test_what_json_has_no_word_for_is_refused(value: Json) -> None:
    with pytest.raises(TypeError):
        dump(value)
