"""What counts as breaking a public name."""

import pytest
from treadle_analysis._api import compare, public_names
from treadle_analysis._source import parse


def breaks(before: str, after: str) -> list[tuple[str, bool]]:
    old, new = (public_names("m.py", parse(text), lambda *_: False) for text in (before, after))
    return [(change.reason, change.breaking) for change in compare("m.py", old, new)]


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("(a)", "(a, b)", "parameter `b` is required"),
        ("(a, b)", "(a)", "parameter `b` is gone"),
        ("(a, b=1)", "(a, b)", "parameter `b` has no default any more"),
        ("(a, b)", "(b, a)", "positional parameters stand in another order"),
        ("(a, b)", "(a, *, b)", "parameter `b` is keyword-only"),
        ("(a)", "(a, /)", "parameter `a` is positional-only"),
        ("(a, b=1)", "(a, c=2, b=1)", "positional parameters stand in another order"),
        ("(*args)", "()", "parameter `*` is gone"),
    ],
)
def test_breaking(before: str, after: str, reason: str) -> None:
    assert breaks(f"def f{before}: ...", f"def f{after}: ...") == [(reason, True)]


@pytest.mark.parametrize(
    ("before", "after"),
    [("(a)", "(a, b=1)"), ("(a, /)", "(a)"), ("(a, *, b)", "(a, b)"), ("(a)", "(a: int) -> int"), ("(*a)", "(*b)")],
)
def test_compatible(before: str, after: str) -> None:
    ((_, breaking),) = breaks(f"def f{before}: ...", f"def f{after}: ...")
    assert not breaking


def test_what_is_private_or_local_or_not_listed_does_not_count() -> None:
    before = "def _f(a): ...\ndef g():\n    def local(a): ...\nclass _C:\n    def m(self): ...\n"
    assert breaks(before, "def g(): ...") == []
    assert breaks("__all__ = ['a']\ndef a(): ...\ndef b(): ...\n", "__all__ = ['a']\ndef a(): ...\n") == []


def test_definitions_inside_conditions_count() -> None:
    text = "if x:\n    def f(): ...\nelse:\n    class f: ...\ntry:\n    pass\nexcept E:\n    def g(): ...\n"
    assert {definition.name for definition in parse(text).definitions} == {"f", "g"}


def test_a_function_that_became_a_class() -> None:
    assert breaks("def f(): ...", "class f: ...") == [("it was a function and is a class", True)]
