"""Mappings: what is computed, what is a text, and what is never done."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_compose._arithmetic import evaluate, names_in
from treadle_hookspecs import TreadleError

VALUES = {
    "PORT": 3000,
    "TEXT": "3000",
    "HOST": "db",
    "A-B": 2,
    "YES": True,
    "LIST": ["a", "b"],
    "EVIL": "__import__('os')",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{PORT}} + 1", 3001),
        ("{{TEXT}} + 1", 3001),
        ("{{ PORT }}", 3000),
        ("{{LIST}}", ["a", "b"]),
        ("({{PORT}} - 1) * 2 // 3 % 7", (3000 - 1) * 2 // 3 % 7),
        ("{{A-B}} * {{PORT}}", 6000),
        ("{{PORT}} / 7", 3000 / 7),
        ("-{{PORT}}", -3000),
        ("{{PORT}} if {{YES}} else 1", 3000),
        ("{{PORT}} > 10 and {{PORT}} != 3 and not {{HOST}} == 'x'", True),
        ("upper({{HOST}})", "DB"),
        ("slug({{HOST}} + ' Main')", "db-main"),
        ("http://{{HOST}}:{{PORT}}/{{LIST}}", "http://db:3000/a,b"),
        ("{{HOST}}-{{TEXT}}", "db-3000"),
        ("{{HOST}}/{{HOST}}", "db/db"),
        ("{{EVIL}}", "__import__('os')"),
        ("{{EVIL}}-1", "__import__('os')-1"),
        ("no names", "no names"),
        ("__import__('os').getcwd()", "__import__('os').getcwd()"),
        ("{{HOST}}.upper()", "db.upper()"),
        ("[x for x in {{LIST}}]", "[x for x in a,b]"),
        ("{{PORT}} ** 9999999", "3000 ** 9999999"),
        ("{{HOST}}*9", "db*9"),
        ("{{HOST}} + ' - 1'", "db - 1"),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert evaluate(text, VALUES) == value


def test_what_cannot_be_computed_is_told() -> None:
    with pytest.raises(TreadleError, match="names MISSING"):
        evaluate("{{MISSING}} + 1", VALUES)
    for text in ("{{EVIL}} + 1", "{{HOST}} * 9", "2 - {{HOST}}", "{{YES}} // 2"):
        with pytest.raises(TreadleError, match="is no number"):
            evaluate(text, VALUES)
    with pytest.raises(TreadleError, match="divides by zero"):
        evaluate("{{PORT}} / 0", VALUES)
    with pytest.raises(TreadleError, match="256 bits"):
        evaluate(" * ".join(["{{PORT}}"] * 40), VALUES)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_value_never_becomes_program_text(text: str, value: str) -> None:
    result = evaluate(text + "{{V}}", {"V": value, **dict.fromkeys(names_in(text), "x")})
    assert isinstance(result, str | int | float | bool)
    if "{" not in text and not text.strip():
        assert result in (value, f"{text}{value}")


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_sums_are_sums(one: int, other: int) -> None:
    assert evaluate("{{A}} + {{B}}", {"A": one, "B": str(other)}) == one + other
