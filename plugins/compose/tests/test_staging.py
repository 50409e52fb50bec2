"""What a template may leave, and what is refused."""

import os
import socket
from pathlib import Path

import pytest
from treadle_compose._staging import check_link, check_path, digest, scan
from treadle_hookspecs import TreadleError


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../x",
        "/x",
        "a//b",
        "",
        "a/./b",
        "con",
        "a/NUL.txt",
        "a:b",
        "a\\b",
        "x.",
        "x ",
        "a\0b",
        "a\nb",
        "\udc80",
        "/".join("a" * 65),
        "n" * 300,
    ],
)
def test_paths_that_no_project_may_have(path: str) -> None:
    with pytest.raises(TreadleError, match="is refused"):
        check_path("t", path)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "..", "C:\\x", "a/../../../x", ""])
def test_links_that_lead_out(target: str) -> None:
    with pytest.raises(TreadleError, match="leads out"):
        check_link("t", "a", target)


def test_links_inside_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to("../b.txt")
    (tmp_path / "b.txt").write_text("b")
    assert [(it.path, it.kind, it.target) for it in scan(tmp_path, "t")] == [
        ("a/up", "link", "../b.txt"),
        ("b.txt", "file", ""),
    ]


def test_histories_and_empty_folders(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("")
    (tmp_path / "empty").mkdir()
    assert [(it.path, it.kind) for it in scan(tmp_path, "t")] == [("empty", "dir")]


def test_pipes_and_sockets_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TreadleError, match="device, pipe or socket"):
        scan(tmp_path, "t")
    (tmp_path / "pipe").unlink()
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"/proc/self/fd/{folder}/s")
    finally:
        os.close(folder)
    with pytest.raises(TreadleError, match="device, pipe or socket"):
        scan(tmp_path, "t")


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle_compose._staging.FILES", 3)
    for number in range(4):
        (tmp_path / f"{number}").write_text("")
    with pytest.raises(TreadleError, match="more than 3 files"):
        scan(tmp_path, "t")


def test_a_digest_sees_paths_modes_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    first = digest(scan(tmp_path, "t"))
    (tmp_path / "a").chmod(0o755)
    second = digest(scan(tmp_path, "t"))
    (tmp_path / "a").write_text("y")
    assert len({first, second, digest(scan(tmp_path, "t"))}) == 3
