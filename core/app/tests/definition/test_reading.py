"""Reading YAML and JSON strictly and within bounds."""

import json
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treadle.definition import load_yaml, parse_document, plain
from treadle.definition._document import Scalar, Table, scalars
from treadle_hookspecs import TreadleError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("0755", "0755"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("=", "="),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1.", 1.0),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n  1\n  2\n", "1\n2\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    read = load_yaml(f"key: {text}\n", "a.yaml")
    assert read == {"key": value}
    assert type(read["key"]) is type(value)


def test_anchors_and_merge_keys_are_followed() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\nd: {'<<': 1}\ne: *a\n"
    assert load_yaml(text, "a.yaml") == {
        "a": {"x": 1, "y": 2},
        "b": {"y": 3, "z": 4},
        "c": {"x": 0, "y": 2, "z": 4},
        "d": {"<<": 1},
        "e": {"x": 1, "y": 2},
    }


BOMB = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
LONG_BOMB = f"a: &a {'x' * 3_000_000}\nb: [{', '.join(['*a'] * 1000)}]\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "TRD0102", 3, 1, "the key `a` stands twice"),
        ("a: {b: 1, 'b': 2}\n", "TRD0102", 1, 11, "the key `b` stands twice"),
        ("a: !!python/object:os.system x\n", "TRD0113", 1, 4, "the tag `!!python/object:os.system` may not stand here"),
        ("a: !custom {b: 1}\n", "TRD0113", 1, 4, "the tag `!custom` may not stand here"),
        ("1: a\n", "TRD0113", 1, 1, "a key must be a text"),
        ("a: {{ x }}\n", "TRD0113", 1, 5, "a key must be a text"),
        ("? [a]\n: b\n", "TRD0113", 1, 3, "a key must be a text"),
        ("a\n---\nb\n", "TRD0113", 2, 1, "a file holds one document"),
        ("a: &a [*a]\n", "TRD0101", 1, 8, "it would contain itself"),
        ("a: *b\n", "TRD0101", 1, 4, "nothing above has this anchor"),
        ("a: [1, 2\n", "TRD0101", 2, 1, "this is not YAML"),
        ("a: b: c\n", "TRD0101", 1, 5, "this is not YAML"),
        ("a:\n\t- b\n", "TRD0101", 2, 1, "this is not YAML"),
        ("a: \x07\n", "TRD0113", 1, 4, "the character U+0007"),
        ("a: '\x85'\n", "TRD0113", 1, 5, "the character U+0085"),
        ("a: " + "[" * 65 + "]" * 65, "TRD0103", 1, 67, "this nests deeper than 64"),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40, "TRD0103", 2, 44, "deeper than 64"),
        (BOMB, "TRD0103", 7, 4, "more than 1000000 values"),
        (LONG_BOMB, "TRD0103", 2, 4, "more than 1000000 values"),
        ("<<: 1\n", "TRD0106", 1, 1, "`<<` takes an object"),
    ],
)
def test_what_is_refused_in_yaml(text: str, code: str, line: int, column: int, message: str) -> None:
    with pytest.raises(TreadleError) as caught:
        parse_document(text, "a.yaml")
    assert message in caught.value.message
    assert (caught.value.code, caught.value.context["line"], caught.value.context["column"]) == (code, line, column)


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "message"),
    [
        ('{"a": 1,\n "a": 2}', "TRD0102", 2, 2, "the key `a` stands twice"),
        ('{"a": 1,}', "TRD0101", 1, 8, "nothing follows this comma"),
        ("[1 2]", "TRD0101", 1, 4, "here `]` is missing"),
        ('{"a" 1}', "TRD0101", 1, 6, "a `:` is missing"),
        ("{a: 1}", "TRD0101", 1, 2, "a key in double quotes is missing"),
        ('["a', "TRD0101", 1, 2, "unterminated string"),
        ("[nan]", "TRD0101", 1, 2, "a value is missing"),
        ("[Infinity]", "TRD0101", 1, 2, "a value is missing"),
        ("[1e999]", "TRD0103", 1, 2, "too large"),
        (f"[{2**63}]", "TRD0103", 1, 2, "too large"),
        ("[" + "1" * 5000 + "]", "TRD0103", 1, 2, "too long"),
        ("1 2", "TRD0101", 1, 3, "something follows"),
        ("", "TRD0101", 1, 1, "a value is missing"),
        ("[" * 100_000, "TRD0103", 1, 66, "deeper than 64"),
    ],
)
def test_what_is_refused_in_json(text: str, code: str, line: int, column: int, message: str) -> None:
    with pytest.raises(TreadleError) as caught:
        parse_document(text, "a.json")
    assert message in caught.value.message
    assert (caught.value.code, caught.value.context["line"], caught.value.context["column"]) == (code, line, column)


@pytest.mark.parametrize("text", ["[" * 50_000, "{a: " * 50_000, "- " * 50_000, "&a [" * 50_000, "? " * 50_000])
def test_depth_does_not_kill_the_process(text: str) -> None:
    program = """
import sys
from treadle.definition import load_yaml
from treadle_hookspecs import TreadleError
try:
    load_yaml(sys.stdin.read(), "deep.yaml")
except TreadleError as error:
    print(error.code)
"""
    done = subprocess.run([sys.executable, "-c", program], input=text, text=True, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "TRD0103"), done.stderr


def test_size_is_bounded_before_anything_is_parsed() -> None:
    with pytest.raises(TreadleError, match="larger than 4 MB"):
        load_yaml("a: " + "ü" * (2 * 2**20), "a.yaml")


def test_every_key_and_value_knows_its_place() -> None:
    text = "steps:\n  - id: a\n    with: {x: 'ü', y: [1,  2]}\n"
    document = parse_document(text, "a.yaml")
    assert document.place(document.key(("steps", 0, "with", "y"))) == (3, 20, 1)
    assert document.place(document.nearest(("steps", 0, "with", "y", 1))) == (3, 28, 1)
    assert document.place(document.nearest(("steps", 0, "with", "x"))) == (3, 15, 3)
    assert document.place(document.nearest(("steps", 0))) == (2, 5, 5)
    assert document.place(document.nearest(("steps", 0, "missing"))) == (2, 5, 5)


@pytest.mark.parametrize(
    ("text", "part", "place"),
    [
        ("a: 'x {{ y }}'", "{{ y", (1, 7, 4)),
        ('a: "\\u00fc {{ y }}"', "{{ y", (1, 12, 4)),
        ("a: |\n  one\n  {{ y }} and {{ y }}\n", "y }} and", (3, 6, 8)),
        ("a: >\n  one\n  {{ y }}\n", "{{ y", (3, 3, 4)),
        ("a: x x x", "x", (1, 4, 1)),
    ],
)
def test_a_part_of_a_text_is_found_in_its_source(text: str, part: str, place: tuple[int, int, int]) -> None:
    document = parse_document(text, "a.yaml")
    assert isinstance(document.root, Table)
    scalar = document.root.entries["a"].node
    assert isinstance(scalar, Scalar)
    span = document.within(scalar, scalar.raw.index(part), len(part))
    assert document.place(span) == place


def test_the_second_of_two_equal_parts_is_found() -> None:
    document = parse_document("a: 'y {{ y }} {{ y }}'", "a.yaml")
    [scalar] = scalars(document.root)
    assert document.place(document.within(scalar, scalar.raw.rindex("y"), 1)).column == 18


printable = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn"], exclude_characters="\ufeff")
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn"], exclude_characters="\ufeff")
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(values, st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_the_standard_library_reads_it(value: object, indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent)
    document = parse_document(text, "a.json")
    assert plain(document.root) == json.loads(text)
    assert document.root.span == (0, len(text))


@settings(max_examples=100, deadline=None)
@given(values)
def test_json_is_yaml_too(value: object) -> None:
    assert load_yaml(json.dumps({"key": value}, ensure_ascii=False), "a.yaml") == {"key": value}


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("{}[]:,- \n\"'&*!|>#%@`a1\\"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("a.yaml", "a.json"):
        with suppress(TreadleError):
            load_yaml(text, name)
