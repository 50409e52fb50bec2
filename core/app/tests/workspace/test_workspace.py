"""Nothing is read or written outside the root, and a file is whole or as it was."""

import collections
import ctypes
import functools
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from treadle.workspace import FolderWorkspace, _by_descriptor, _by_path, _folder, joined
from treadle_hookspecs import ExitCode, TreadleError


@pytest.fixture(params=[_by_descriptor, _by_path], ids=["by_descriptor", "by_path"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderWorkspace:
    monkeypatch.setattr(_folder, "_read", request.param.read)
    monkeypatch.setattr(_folder, "_write", request.param.write)
    (tmp_path / "root").mkdir()
    return FolderWorkspace(tmp_path / "root")


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder beside the root that must stay as it is."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text("theirs")
    yield folder
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("file", "theirs")]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(workspace: FolderWorkspace, name: str, message: str) -> None:
    with pytest.raises(TreadleError, match=message):
        workspace.write_text(name, "ours")
    with pytest.raises(TreadleError):
        workspace.read_text(name)


def test_write_makes_folders_and_read_gives_it_back(workspace: FolderWorkspace) -> None:
    path = workspace.write_text("a/b/c.txt", "text ü\r\n")
    assert path == workspace.root / "a" / "b" / "c.txt" == workspace.path("a//./b/c.txt")
    assert path.read_bytes() == "text ü\r\n".encode()
    assert workspace.read_text("a/b/c.txt") == "text ü\r\n"
    assert workspace.write_bytes("empty", b"").read_bytes() == b""
    assert names(workspace.root) == ["a", "empty"]


def test_the_root_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert FolderWorkspace(Path("x")).root == tmp_path / "x"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/etc/passwd", "absolute"),
        ("../outside/file", r"climbs with \.\."),
        ("a/../../outside/file", r"climbs with \.\."),
        ("..", r"climbs with \.\."),
        ("a\0b", "NUL"),
        ("", "names the root itself"),
        (".", "names the root itself"),
        ("./", "names the root itself"),
    ],
)
def test_names_that_lead_out(workspace: FolderWorkspace, outside: Path, name: str, message: str) -> None:
    refused(workspace, name, message)


@pytest.mark.parametrize(
    "name",
    ["con", "NUL.txt", "a/aux.c", "com1", "LPT9.log", "a:b", "C:\\x", "a\\b", "tab\t", "q?", "dot.", "space ", "a*b"],
)
def test_names_that_some_system_cannot_have(workspace: FolderWorkspace, name: str) -> None:
    refused(workspace, name, "Windows")
    assert list(workspace.root.iterdir()) == []


def test_a_file_that_is_there_may_be_changed_whatever_its_name(workspace: FolderWorkspace) -> None:
    (workspace.root / "aux.c").write_text("old")
    assert workspace.read_text("aux.c") == "old"
    assert workspace.write_text("aux.c", "new").read_text() == "new"


@pytest.mark.parametrize("name", ["conference", "auxiliary.c", "com10", ".gitignore", "ä ö", "a..b", "-x", "nul_"])
def test_names_that_are_fine(workspace: FolderWorkspace, name: str) -> None:
    workspace.write_text(name, "x")
    assert names(workspace.root) == [name]


def test_a_link_in_a_parent_is_not_followed(workspace: FolderWorkspace, outside: Path) -> None:
    (workspace.root / "link").symlink_to(outside)
    (workspace.root / "deep").mkdir()
    (workspace.root / "deep" / "link").symlink_to("../../outside")
    (workspace.root / "inner").symlink_to("deep")
    refused(workspace, "link/file", "it is a link")
    refused(workspace, "link/new/file", "it is a link")
    refused(workspace, "deep/link/file", "'deep/link' is refused: it is a link")
    refused(workspace, "inner/file", "it is a link")


def test_a_link_itself_is_neither_read_nor_replaced(workspace: FolderWorkspace, outside: Path) -> None:
    (workspace.root / "link").symlink_to(outside / "file")
    (workspace.root / "dangling").symlink_to(outside / "none")
    refused(workspace, "link", "link")
    refused(workspace, "dangling", "link")
    assert (workspace.root / "link").is_symlink()


def test_path_follows_links_within_the_root_and_no_others(workspace: FolderWorkspace, outside: Path) -> None:
    (workspace.root / "out").symlink_to(outside)
    (workspace.root / "real").mkdir()
    (workspace.root / "within").symlink_to("real")
    assert workspace.path("within/x") == workspace.root / "within" / "x"
    assert workspace.path(".") == workspace.root
    for name in ("out", "out/file", "../outside"):
        with pytest.raises(TreadleError, match="is refused") as caught:
            workspace.path(name)
        assert caught.value.exit_code == ExitCode.NOT_ALLOWED


def test_a_root_that_is_reached_by_a_link_is_fine(workspace: FolderWorkspace, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(workspace.root)
    alias = FolderWorkspace(tmp_path / "alias")
    alias.write_text("a/b", "x")
    assert alias.read_text("a/b") == "x"
    assert alias.path("a/b") == tmp_path / "alias" / "a" / "b"


def test_what_is_no_file_is_refused_without_waiting(workspace: FolderWorkspace) -> None:
    os.mkfifo(workspace.root / "pipe")
    (workspace.root / "folder").mkdir()
    refused(workspace, "pipe", "not a regular file")
    refused(workspace, "folder", "not a regular file")


def test_a_file_in_place_of_a_folder(workspace: FolderWorkspace) -> None:
    workspace.write_text("a", "x")
    refused(workspace, "a/b", "cannot write")
    assert workspace.read_text("a") == "x"


def test_what_is_missing_is_named(workspace: FolderWorkspace) -> None:
    for name in ("none", "no/folder"):
        with pytest.raises(TreadleError, match=f"cannot read {workspace.root}") as caught:
            workspace.read_text(name)
        assert caught.value.exit_code == ExitCode.NOT_FOUND
    assert list(workspace.root.iterdir()) == []


def test_what_is_no_text_is_refused_with_the_place(workspace: FolderWorkspace) -> None:
    workspace.write_bytes("blob", b"ab\xff")
    with pytest.raises(TreadleError, match="not UTF-8 at byte 2"):
        workspace.read_text("blob")


def test_reading_is_bounded(workspace: FolderWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_folder, "READ_LIMIT", 10)
    workspace.write_text("ten", "x" * 10)
    assert len(workspace.read_text("ten")) == 10
    workspace.write_text("eleven", "x" * 11)
    with pytest.raises(TreadleError, match="larger than 10 bytes"):
        workspace.read_text("eleven")


def test_the_mode_is_kept(workspace: FolderWorkspace) -> None:
    workspace.write_text("script", "old").chmod(0o755)
    workspace.write_text("script", "new")
    assert stat.S_IMODE((workspace.root / "script").stat().st_mode) == 0o755


def test_a_new_file_follows_the_umask(workspace: FolderWorkspace) -> None:
    before = os.umask(0o027)
    try:
        assert stat.S_IMODE(workspace.write_text("new", "x").stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_a_failing_disk_leaves_the_old_file_and_no_draft(
    workspace: FolderWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.write_text("file", "old")

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TreadleError, match=r"cannot write .*file: No space left on device") as caught:
        workspace.write_text("file", "new")
    assert caught.value.exit_code == ExitCode.STORAGE
    assert workspace.read_text("file") == "old"
    assert names(workspace.root) == ["file"]


def test_other_names_of_the_old_file_keep_its_content(workspace: FolderWorkspace) -> None:
    workspace.write_text("file", "old")
    os.link(workspace.root / "file", workspace.root / "other")
    workspace.write_text("file", "new")
    assert workspace.read_text("other") == "old"


def test_the_longest_name(workspace: FolderWorkspace) -> None:
    name = "x" * 255
    assert workspace.write_text(name, "a").read_text() == "a"
    assert workspace.write_text(name, "b").read_text() == "b"
    assert names(workspace.root) == [name]


def test_writers_of_one_file_do_not_mix(workspace: FolderWorkspace) -> None:
    texts = [str(number) * 200_000 for number in range(6)]
    threads = [threading.Thread(target=workspace.write_text, args=("file", text)) for text in texts for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert workspace.read_text("file") in texts
    assert names(workspace.root) == ["file"]


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from treadle.workspace import FolderWorkspace
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
FolderWorkspace(Path(sys.argv[1])).write_text("file", "new")
"""


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_takes_its_draft_away(tmp_path: Path) -> None:
    workspace = FolderWorkspace(tmp_path)
    workspace.write_text("file", "old")
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(tmp_path)], check=False)
        assert killed.returncode == -9
        assert workspace.read_text("file") == "old"
        assert len(names(tmp_path)) == 2
    workspace.write_text("file", "newer")
    assert names(tmp_path) == ["file"]


def test_a_link_planted_as_a_draft_is_not_followed(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / ".file.treadle-draft").symlink_to(outside / "file")
    with pytest.raises(TreadleError, match="cannot write"):
        FolderWorkspace(root).write_text("file", "ours")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="exchanging two names at once is Linux's")
def test_a_folder_that_becomes_a_link_cannot_redirect_a_write(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "evil").symlink_to(outside)
    workspace, done = FolderWorkspace(root), threading.Event()
    exchange = functools.partial(
        ctypes.CDLL(None).renameat2, -100, os.fsencode(root / "a"), -100, os.fsencode(root / "evil"), 2
    )

    def swap() -> None:
        while not done.is_set():
            exchange()

    swapping = threading.Thread(target=swap)
    swapping.start()
    endings = collections.Counter[str]()
    try:
        while min(endings["written"], endings["refused"]) < 20:
            try:
                workspace.write_text("a/file", "ours")
                endings["written"] += 1
            except TreadleError:
                endings["refused"] += 1
    finally:
        done.set()
        swapping.join()


@pytest.mark.parametrize("name", ["a/b", "./a//b/", "a/./b"])
def test_joined(name: str) -> None:
    assert joined(Path("/root"), name) == Path("/root/a/b")
    with pytest.raises(TreadleError) as caught:
        joined(Path("/root"), f"{name}/../..")
    assert caught.value.context["name"] == f"{name}/../.."
    assert caught.value.suggestions
