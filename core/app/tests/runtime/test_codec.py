import orjson
import pytest
from treadle.runtime.codec import MASK, Codec, displayed
from treadle_hookspecs import Event


class Vault:
    """Seals by reversing, bound to its place: enough to see what was sealed for whom."""

    def seal(self, content: bytes, place: str) -> str:
        return f"{place}|{content[::-1].decode()}"

    def unseal(self, token: str, place: str) -> bytes:
        owner, _, content = token.partition("|")
        assert owner == place
        return content[::-1].encode()


@pytest.fixture
def payloads() -> dict[str, bytes]:
    return {}


@pytest.fixture
def codec(payloads: dict[str, bytes]) -> Codec:
    vault = Vault()
    return Codec(vault.seal, vault.unseal, payloads.get, threshold=200)


def event(data: object) -> Event:
    return Event(1, "x1", "visit_settled", 1, data=data)  # type: ignore[arg-type]


def test_what_is_neither_sensitive_nor_large_passes_as_the_same_object(codec: Codec) -> None:
    plain = event({"outputs": {"n": 1}})
    assert codec.protect(plain) is plain


def test_every_leaf_that_holds_a_sensitive_value_is_sealed_and_comes_back(codec: Codec) -> None:
    codec.add_sensitive({"password": "hunter2", "pin": 4711})
    original = event({"inputs": {"line": "mysql -phunter2", "pin": 4711, "other": "fine", "flag": True}})
    stored = codec.protect(original)
    text = orjson.dumps(stored.data)
    assert b"hunter2" not in text
    assert b"4711" not in text
    assert stored.data["inputs"]["other"] == "fine"  # type: ignore[index, call-overload]
    assert codec.reveal(stored) == original


def test_true_false_and_null_never_count_as_sensitive(codec: Codec) -> None:
    codec.add_sensitive([True, None, ""])
    plain = event({"a": True, "b": None, "c": ""})
    assert codec.protect(plain) is plain


def test_what_was_unsealed_is_sealed_again_by_another_process(codec: Codec, payloads: dict[str, bytes]) -> None:
    codec.add_sensitive("hunter2")
    stored = codec.protect(event({"inputs": {"password": "hunter2"}}))
    vault = Vault()
    other = Codec(vault.seal, vault.unseal, payloads.get, threshold=200)
    other.reveal(stored)
    assert b"hunter2" not in orjson.dumps(other.protect(event({"outputs": {"echo": "hunter2!"}})).data)


def test_only_the_large_part_goes_to_the_payloads(codec: Codec, payloads: dict[str, bytes]) -> None:
    original = event({"outputs": {"small": 1, "large": "x" * 500}})
    stored = codec.protect(original)
    assert stored.data["outputs"]["small"] == 1  # type: ignore[index, call-overload]
    assert len(orjson.dumps(stored.data)) < 200
    payloads.update(codec.take_payloads())
    assert codec.reveal(stored) == original
    assert codec.take_payloads() == {}


def test_a_large_sensitive_value_is_sealed_before_it_is_stored(codec: Codec, payloads: dict[str, bytes]) -> None:
    codec.add_sensitive("hunter2")
    original = event({"outputs": {"dump": "hunter2 " * 100}})
    stored = codec.protect(original)
    payloads.update(codec.take_payloads())
    assert all(b"hunter2" not in content for content in payloads.values())
    assert codec.reveal(stored) == original


def test_people_see_masks_and_whole_payloads(codec: Codec, payloads: dict[str, bytes]) -> None:
    codec.add_sensitive("hunter2")
    stored = codec.protect(event({"outputs": {"password": "hunter2", "large": ["y" * 300, "hunter2"]}}))
    payloads.update(codec.take_payloads())
    assert displayed(stored.data, payloads.get) == {"outputs": {"password": MASK, "large": ["y" * 300, MASK]}}


def test_a_payload_that_was_pruned_is_named(codec: Codec) -> None:
    assert displayed({"$payload": "abc", "size": 9}, {}.get) == {"missing_payload": "abc"}


def test_keys_other_spellings_and_data_that_looks_sealed(codec: Codec) -> None:
    codec.add_sensitive("hunter2-of-old")
    original = event({"outputs": {"a": {"k-hunter2-of-old": 1}, "b": "aHVudGVyMi1vZi1vbGQ=", "c": {"$sealed": "junk"}}})
    stored = codec.protect(original)
    text = orjson.dumps(stored.data)
    assert b"hunter2" not in text
    assert b"aHVudGVyMi1vZi1vbGQ" not in text
    assert codec.reveal(stored) == original
