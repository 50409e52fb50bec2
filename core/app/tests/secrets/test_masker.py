"""No form of a registered value survives, however the output is cut."""

import base64
import json
import shlex
import subprocess
import sys
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle.secrets import MASK, Masker, MaskingStream
from treadle_hookspecs import Json

SECRET = 'p@ss/w"örd+\\x y'
MULTI = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7bq1\nq9+zPl/7Zk1vVQ==\n-----END KEY-----\n"

VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=60).filter(
    lambda v: len(v.strip()) >= 6
)


def forms(value: str) -> list[str]:
    raw = value.encode()
    return [
        value,
        json.dumps(value),
        json.dumps({"k": [value]}, ensure_ascii=False),
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    ]


@pytest.mark.parametrize("form", forms(SECRET))
def test_each_form_is_masked(form: str) -> None:
    masked = Masker([SECRET]).mask(f"before {form} after")
    assert form not in masked
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@pytest.mark.parametrize("before", ["", "i", "id", "id:", "id:z"])
@pytest.mark.parametrize("after", ["", "z", "zz"])
def test_base64_of_a_text_that_contains_it(before: str, after: str) -> None:
    value = "correct-horse-battery"
    encoded = base64.b64encode(f"{before}{value}{after}".encode()).decode()
    start, end = Masker([value]).mask(encoded).split(MASK)
    shown = base64.b64decode(start + "A" * (-len(start) % 4)) + b"|" + base64.b64decode("A" * (-len(end) % 4) + end)
    assert not any(value[at : at + 2].encode() in shown for at in range(len(value) - 1))


def test_lines_of_a_value_are_masked_by_themselves() -> None:
    masker = Masker([MULTI])
    for line in MULTI.splitlines():
        assert masker.mask(f"read: {line}!") == f"read: {MASK}!"
    assert masker.mask(MULTI) == MASK
    assert masker.mask(MULTI.strip()) == MASK


def test_folded_base64_of_a_long_value() -> None:
    value = "".join(chr(97 + i % 26) for i in range(200))
    folded = base64.encodebytes(value.encode()).decode()
    assert Masker([value]).mask(folded).split("\n") == [MASK] * 4 + [""]


@pytest.mark.parametrize("value", ["", "a", "abc", "   ", "\n\n", " a \n"])
def test_short_values_do_not_blot_out_text(value: str) -> None:
    masker = Masker()
    assert not masker.add(value)
    assert not masker
    assert masker.mask("a abc   \n\n text") == "a abc   \n\n text"


def test_short_lines_of_a_long_value_are_left() -> None:
    masker = Masker(["{\n  key: supersecret\n}"])
    assert masker.mask("{ } }\n{") == "{ } }\n{"
    assert masker.mask("key: supersecret") == MASK


def test_the_longest_form_wins() -> None:
    masker = Masker(["token", "token-and-more"])
    assert masker.mask("token-and-more token") == f"{MASK} {MASK}"


def test_masking_nothing_costs_nothing() -> None:
    masker = Masker()
    text, data = "text", {"a": ["text"]}
    assert masker.mask(text) is text
    assert masker.mask_json(data) is data
    assert MaskingStream(masker).feed(b"text") == b"text"


def test_json_keys_texts_and_numbers() -> None:
    masker = Masker(["hunter22", "123456"])
    data: Json = {"a": ["x hunter22", 1, None, True], "hunter22": {"pin": 123456, "pi": 3.25}}
    assert masker.mask_json(data) == {"a": [f"x {MASK}", 1, None, True], MASK: {"pin": MASK, "pi": 3.25}}


def test_true_is_not_taken_for_a_number() -> None:
    assert Masker(["True"]).mask_json([True, "True"]) == [True, MASK]


def test_bytes_that_are_no_text() -> None:
    assert Masker([SECRET]).mask_bytes(b"\xff" + SECRET.encode() + b"\xfe") == b"\xff***\xfe"


def test_values_that_are_added_later_count_from_then_on() -> None:
    masker = Masker(["first-value"])
    assert masker.mask("second-value") == "second-value"
    assert masker.add("second-value")
    assert masker.mask("first-value second-value") == f"{MASK} {MASK}"
    assert masker.finds("x second-value")
    assert not masker.finds("third-value")


def test_shell_traces_show_nothing() -> None:
    value = "s3cret with spaces"
    trace = subprocess.run(
        ["sh", "-xc", f"true {shlex.quote(value)}"], capture_output=True, text=True, check=True
    ).stderr
    assert value in trace
    assert value not in Masker([value]).mask(trace)


@given(VALUES, st.data())
def test_a_value_spread_over_chunks(value: str, data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(forms(value)))
    text = f"[before] {form} [after]".encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    stream = MaskingStream(Masker([value]))
    out = b"".join(stream.feed(text[a:b]) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True))
    assert out + stream.close() == Masker([value]).mask_bytes(text)


@given(st.lists(st.text("ab", min_size=4, max_size=7), min_size=1, max_size=4), st.lists(st.text("ab", max_size=9)))
def test_overlapping_values_in_chunks_leave_none(values: list[str], chunks: list[str]) -> None:
    masker = Masker(values)
    stream = MaskingStream(masker)
    out = b"".join(stream.feed(chunk.encode()) for chunk in chunks) + stream.close()
    for piece in out.split(MASK.encode()):
        assert not any(value.encode() in piece for value in values)


def test_output_does_not_wait_for_a_value_that_is_not_coming() -> None:
    stream = MaskingStream(Masker(["secret-value"]))
    assert stream.feed(b"progress: 10 %\n") == b"progress: 10 %\n"
    assert stream.feed(b"it is sec") == b"it is "
    assert stream.feed(b"onds\n") == b"seconds\n"


def test_what_is_abandoned_is_not_shown() -> None:
    stream = MaskingStream(Masker(["secret-value"]))
    assert stream.feed(b"x secret-va") == b"x "
    stream.abandon()
    assert stream.close() == b""


def test_cuts_avoid_values() -> None:
    masker = Masker(["secret-value"])
    data = b"0123 secret-value 89"
    assert masker.cut_before(data, 10) == 5
    assert masker.cut_after(data, 10) == 17
    assert [masker.cut_before(data, at) for at in (0, 5, 17, 20)] == [0, 5, 17, 20]
    assert Masker().cut_before(data, 10) == Masker().cut_after(data, 10) == 10


def test_many_values_at_once() -> None:
    values = [f"value-{number:04d}-{number * 7919 % 10007}" for number in range(200)]
    text = " ".join(values) + " plain" * 1000
    assert Masker(values).mask(text) == " ".join([MASK] * 200) + " plain" * 1000


def test_importing_it_imports_neither_cryptography_nor_keyring() -> None:
    code = "import sys, treadle.secrets; print('cryptography' in sys.modules, 'keyring' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
