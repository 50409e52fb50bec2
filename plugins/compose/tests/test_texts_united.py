"""Texts united by lines, and the store of what templates brought."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treadle_compose import _contents
from treadle_compose._contents import Contents
from treadle_compose._texts import unite

BASE = b"1\n2\n3\n4\n5\n"


def test_line_ends_of_a_checkout_are_no_change() -> None:
    ours = BASE.replace(b"1", b"mine").replace(b"\n", b"\r\n")
    found = unite(BASE, ours, BASE.replace(b"5", b"theirs"))
    assert found is not None
    assert (found.content, found.conflicts) == (b"mine\r\n2\r\n3\r\n4\r\ntheirs\r\n", ())


def test_conflicts_show_both_sides_and_where() -> None:
    found = unite(BASE, BASE.replace(b"3", b"a\nb"), BASE.replace(b"3", b"c"))
    assert found is not None
    assert found.conflicts == ((3, "a\nb\n", "c\n"),)
    assert found.content.splitlines()[2:11] == [
        b"<<<<<<< ours", b"a", b"b", b"||||||| base", b"3", b"=======", b"c", b">>>>>>> theirs", b"4",
    ]  # fmt: skip


def test_what_is_no_text_or_holds_markers_of_its_own_is_left_to_a_person() -> None:
    assert unite(b"\0", b"a\0", b"b\0") is None
    marked = b"<<<<<<< ours\nx\n||||||| base\n=======\ny\n>>>>>>> theirs\n"
    assert unite(BASE, marked + BASE, BASE + b"6\n") is None


@settings(max_examples=25, deadline=None)
@given(*[st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=5)] * 2)
def test_a_side_that_changed_nothing_gives_the_other(base: list[bytes], other: list[bytes]) -> None:
    one, two = b"".join(base), b"".join(other)
    for found in (unite(one, one, two), unite(one, two, one), unite(one, two, two)):
        assert found is not None
        assert (found.content, found.conflicts) == (two, ())


def test_the_store_gives_back_what_it_was_given_and_nothing_that_was_damaged(tmp_path: Path) -> None:
    store = Contents(tmp_path / "store", tmp_path)
    name = sha256(b"text").hexdigest()
    store.put([(name, lambda: b"text")])
    assert store.get(name, "a.txt") == b"text"
    (path,) = (tmp_path / "store").glob("*/*")
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"other")
    assert store.get(name, "a.txt") is None


def test_the_oldest_contents_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_contents, "_TOTAL", 10)
    monkeypatch.setattr(_contents, "_EVERY", 0.0)
    store = Contents(tmp_path / "store", tmp_path)
    names = {text: sha256(text).hexdigest() for text in (b"one!", b"two!", b"tri!")}
    for number, (text, name) in enumerate(names.items()):
        store.put([(name, lambda text=text: text)])  # type: ignore[misc]
        os.utime(store.folder / name[:2] / name[2:], (number, number))
    assert [text for text, name in names.items() if store.get(name, "") is not None] == [b"two!", b"tri!"]
