"""Requirements of Python packages, united."""

import pytest
from treadle_merging import Merge, Side, unite_requirements


def united(*lists):
    merge = Merge()
    value = unite_requirements(
        merge, ("dependencies",), [Side(name, list(one)) for name, one in zip("abc", lists, strict=False)]
    )
    return value, [row.key for row in merge.open]


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ("httpx>=0.27", "httpx>=0.28", "httpx>=0.28"),
        ("httpx>=0.27", "HTTPX", "httpx>=0.27"),
        ("httpx>=0.27", "httpx<1", "httpx>=0.27,<1"),
        ("httpx ~= 0.27", "httpx>=0.20", "httpx ~= 0.27"),
        ("httpx[http2]>=0.27", "httpx[cli]>=0.27", "httpx[cli,http2]>=0.27"),
        ("a-b", "A_B>=1", "a-b>=1"),
        ("a>=1; python_version < '3.12'", "a>=2; python_version<'3.12'", 'a>=2; python_version < "3.12"'),
        ("a!=1.5", "a>=1", "a>=1,!=1.5"),
    ],
)
def test_one_requirement_for_both(one, other, result):
    assert united([one], [other]) == ([result], [])


@pytest.mark.parametrize(
    ("one", "other"), [("a>=2", "a<1"), ("a==1", "a==2"), ("a @ https://example.org/a.whl", "a>=1")]
)
def test_nothing_satisfies_both(one, other):
    assert united([one], [other]) == ([one], ["dependencies.a"])


def test_order_and_what_is_no_requirement():
    lists = (["b>=1", {"include-group": "test"}, "not a requirement!"], ["a", {"include-group": "test"}, "b>=1"])
    assert united(*lists) == (["b>=1", {"include-group": "test"}, "not a requirement!", "a"], [])


def test_different_markers_are_different_requirements():
    assert united(["a; sys_platform == 'win32'"], ["a; sys_platform == 'linux'"])[1] == []
