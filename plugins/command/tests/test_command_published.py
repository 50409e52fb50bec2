"""The file `$TREADLE_OUTPUT`."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_command._published import LIMIT, PublishedError, read_published


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "output"


def test_not_written(file: Path) -> None:
    assert read_published(file) == {}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", {}),
        ("\n\n", {}),
        ("a=1", {"a": "1"}),
        ("a=1\r\nb=2\r\n", {"a": "1", "b": "2"}),
        ("a=", {"a": ""}),
        ("a= spaces kept ", {"a": " spaces kept "}),
        ("a=1\na=2", {"a": "2"}),
        ("a<<E\nE", {"a": ""}),
        ("a<<E\nx\r\ny\r\nE\r\nb=1", {"a": "x\ny", "b": "1"}),
        ("a<<E\n E\nE \nE", {"a": " E\nE "}),
        ("a=x<<E", {"a": "x<<E"}),
        ("with-hyphen_9=ü", {"with-hyphen_9": "ü"}),
        ('{"a": {"b": [1, 2.5, null]}}', {"a": {"b": [1, 2.5, None]}}),
        (' \n{"a": 1}\n', {"a": 1}),
        ("\ufeffa=1", {"a": "1"}),
    ],
)
def test_readable(file: Path, content: str, found: object) -> None:
    file.write_bytes(content.encode())
    assert read_published(file) == found


def test_utf_16_as_windows_powershell_appends_it(file: Path) -> None:
    file.write_bytes("a=ü\r\n".encode("utf-16"))
    assert read_published(file) == {"a": "ü"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a", r"line 1 of \$TREADLE_OUTPUT is neither"),
        (b"ok=1\n9a=1", r"line 2 of \$TREADLE_OUTPUT is neither"),
        (b"a<<\nx", r"line 1 .* lacks the word"),
        (b"x=1\na<<E\nx\n", r"line 2 .* a<<E is never ended"),
        (b"a=\xff", "not UTF-8 at byte 2"),
        (b"{", "is none"),
        (b'{"a": NaN}', "NaN is no JSON"),
        (b'{"a":' * 100_000, "nested too deeply|is none"),
        (b"exit_code=0\nstdout=x", "sets exit_code, stdout"),
        (b"a=" + b"x" * LIMIT, f"larger than {LIMIT} bytes"),
    ],
)
def test_unreadable(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(PublishedError, match=message):
        read_published(file)


def test_links_pipes_and_folders_are_not_read(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("a=1")
    file.symlink_to(tmp_path / "other")
    with pytest.raises(PublishedError, match="cannot be read"):
        read_published(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(PublishedError, match="not a regular file"):
        read_published(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(PublishedError, match="not a regular file"):
        read_published(file)


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]))


@given(st.dictionaries(NAMES, TEXTS))
def test_any_text_survives_as_lines(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    file = tmp_path_factory.getbasetemp() / "lines"
    word = "END_OF_VALUE_7f3a"
    file.write_bytes("".join(f"{name}<<{word}\n{text}\n{word}\n" for name, text in values.items()).encode())
    assert read_published(file) == values


@given(st.dictionaries(NAMES, TEXTS, min_size=1))
def test_any_text_survives_as_json(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    file = tmp_path_factory.getbasetemp() / "json"
    file.write_text(json.dumps(values))
    assert read_published(file) == values
