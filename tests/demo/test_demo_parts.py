"""The parts of the demonstration that need no package index; `make demo` itself is the whole."""

import ast
import hashlib
import io
import runpy
import sys
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def sdist(monkeypatch: pytest.MonkeyPatch):
    """The module `sdist`, loaded as a script would load it."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.delitem(sys.modules, "sdist", raising=False)
    import sdist

    return sdist


def archive(path: Path, **members: str) -> str:
    """Write a source distribution; its SHA-256."""
    with tarfile.open(path, "w:gz") as files:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            files.addfile(info, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_both_forms_of_the_change_are_python() -> None:
    change = runpy.run_path(str(HERE / "change.py"))
    for files in (change["FLAWED"], change["MENDED"]):
        assert files["src/pluggy/_snapshot.py"] != ""
        for name, text in files.items():
            if name.endswith(".py"):
                ast.parse(text, name)
                assert "{{" not in text, "a brace of the template is left"


def test_the_cached_archive_is_taken_only_when_it_is_whole(sdist, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "thing-1.tar.gz"
    wanted = sdist.SourceDistribution("thing", "1", archive(path, **{"thing-1/a.txt": "a"}))
    assert wanted.fetch(tmp_path) == path
    path.write_bytes(path.read_bytes()[:-9])
    monkeypatch.setattr(sdist.subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(sdist, "_pip", lambda: ["pip"])
    with pytest.raises(SystemExit, match="is not what was asked for"):
        wanted.fetch(tmp_path)


def test_nothing_is_unpacked_outside(sdist, tmp_path: Path) -> None:
    path = tmp_path / "thing-1.tar.gz"
    wanted = sdist.SourceDistribution("thing", "1", archive(path, **{"../evil.txt": "x"}))
    with pytest.raises(tarfile.TarError):
        wanted.unpack(path, tmp_path / "deep" / "target")
    assert not (tmp_path / "evil.txt").exists()


def test_the_repository_is_the_same_every_time(sdist, tmp_path: Path) -> None:
    commits = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".gitignore").write_text("generated.py\n")
        (tmp_path / name / "generated.py").write_text("x = 1\n")
        repository = sdist.Repository(tmp_path / name)
        repository.begin("first")
        repository.commit({"new/file.py": "y = 2\n"}, "second")
        commits.append((tmp_path / name / ".git/refs/heads/main").read_text())
        repository.git("cat-file", "-e", "HEAD:generated.py")
    assert commits[0] == commits[1]
