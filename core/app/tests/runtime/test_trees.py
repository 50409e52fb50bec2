"""Folders in the blobs, and content by its hash."""

import os
import stat

import pytest
from treadle.runtime.blobs import FolderBlobs
from treadle.runtime.trees import Trees
from treadle_hookspecs import ExitCode, TreadleError


@pytest.fixture
def blobs(tmp_path):
    return FolderBlobs(tmp_path / "blobs")


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "src/empty").mkdir(parents=True)
    (root / "src/a.py").write_text("print()\n", "utf-8")
    (root / "tool").write_text("#!/bin/sh\n", "utf-8")
    (root / "tool").chmod(0o755)
    (root / "link").symlink_to("src/a.py")
    os.mkfifo(root / "pipe")
    return root


def shape(root):
    found = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[path.relative_to(root).as_posix()] = (stat.S_IFMT(mode), mode & 0o111, content)
    return found


def test_a_folder_comes_back_whole(blobs, project, tmp_path):
    digest = Trees(blobs).keep(project)
    (project / "pipe").unlink()
    there = tmp_path / "there"
    (there / "old").mkdir(parents=True)
    Trees(blobs).restore(digest, there)
    assert shape(there) == shape(project)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".there")] == []


def test_only_what_has_changed_is_read_again(blobs, project, monkeypatch):
    trees = Trees(blobs)
    first = trees.keep(project)
    assert trees.keep(project) == first
    kept = []
    monkeypatch.setattr(blobs, "put", lambda content: kept.append(content) or FolderBlobs.put(blobs, content))
    (project / "tool").write_text("#!/bin/dash\n", "utf-8")
    assert trees.keep(project) != first
    assert kept[0] == b"#!/bin/dash\n"
    assert len(kept) == 2


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out"])
def test_a_tree_stays_inside_its_folder(blobs, tmp_path, name):
    digest = blobs.put(f'{{"{name}": ["folder", 448, ""]}}'.encode())
    with pytest.raises(TreadleError, match="leads out of it"):
        Trees(blobs).restore(digest, tmp_path / "there")
    assert not (tmp_path / "out").exists()


def test_content_is_kept_once_and_known_by_its_hash(blobs, tmp_path):
    digest = blobs.put(b"hello")
    assert blobs.put(b"hello") == digest
    assert blobs.get(digest) == b"hello"
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


def test_what_is_missing_or_damaged_is_told(blobs, tmp_path):
    digest = blobs.put(b"hello")
    (path,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    path.write_bytes(b"other")
    with pytest.raises(TreadleError, match="is damaged"):
        blobs.get(digest)
    path.unlink()
    with pytest.raises(TreadleError, match="is not in") as missing:
        blobs.get(digest)
    assert missing.value.exit_code == ExitCode.STORAGE
    with pytest.raises(TreadleError, match="no content hash"):
        blobs.get("../../etc/passwd")
