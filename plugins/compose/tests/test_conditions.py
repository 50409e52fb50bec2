"""When hooks run: a grammar of its own, never a shell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_compose._conditions import Facts, parse
from treadle_hookspecs import TreadleError

FACTS = Facts(
    {"db": "postgres", "port": 5432, "web": True, "os": "linux", "none": ""},
    lambda path: path in ("package.json", "a b/c.txt"),
    {"node": "v18.19.1\n", "python3": "Python 3.11.7", "gone": ""},
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("node --version >= 18", True),
        ("node --version == 18", True),
        ("node --version > 18", False),
        ("node --version >= 18.20", False),
        ("node --version < v20.1", True),
        ("python3 --version >= 3.9 and node --version != 16", True),
        ("gone --version >= 1", False),
        ("gone --version", False),
        ("not gone --version", True),
        ("exists(package.json)", True),
        ("exists( a b/c.txt )", True),
        ("not exists(package.json) or web", True),
        ("db == postgres", True),
        ('db == "post gres"', False),
        ("port >= 1024 && port < 6000", True),
        ("web == true", True),
        ("none", False),
        ("os == linux and (db == mysql or db == postgres)", True),
        ("not (web and web)", False),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    assert parse(text).holds(FACTS) is holds


def test_programs_are_known_before_it_is_judged() -> None:
    assert parse("node --version >= 18 or deno --version").programs == ("node", "deno")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node --version >=", "ends too early"),
        ("node --version >= x", "a version is expected"),
        ("(web", "ends too early"),
        ("web)", "is not expected"),
        ("web web", "is not expected"),
        ("== 3", "is not expected"),
        ("/bin/rm --version >= 1", "no program's name"),
        ("a" + " and (a" * 80, "deep"),
        ("'open", "is not understood"),
    ],
)
def test_what_is_wrong_is_told_with_its_column(text: str, message: str) -> None:
    with pytest.raises(TreadleError, match="column") as error:
        parse(text)
    assert message in error.value.message


def test_a_variable_that_is_not_there_is_told() -> None:
    with pytest.raises(TreadleError, match="there is no variable nope"):
        parse("nope == 1").holds(FACTS)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        condition = parse(text)
    except TreadleError:
        return
    assert condition.text == text
