"""Files as steps, on real folders, through the real journal."""

import hashlib
from pathlib import Path

import pytest
from treadle_files._names import _parts_match
from treadle_files.plugin import ACTIONS
from treadle_hookspecs import ActionError, TreadleError, figure_marks
from treadle_testkit.actions import StandaloneContext


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("src/a.py", "src/deep/b.py", "src/c.txt", "d.tmp", "src/e.py~", ".git/f.tmp", "node_modules/g.tmp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.fixture
def perform(root: Path, tmp_path: Path):
    def run(action: str, **inputs):
        return StandaloneContext(root, tmp_path).perform(f"files/{action}", **inputs).outputs

    return run


def test_write_tells_what_it_did(perform, root: Path) -> None:
    first = perform("write", path="new/x.json", value={"a": [1]})
    assert (root / "new/x.json").read_text() == '{\n  "a": [\n    1\n  ]\n}\n'
    assert (first["created"], first["modified"], first["changed"]) == (["new/x.json"], [], True)
    assert first["sha256"] == hashlib.sha256((root / "new/x.json").read_bytes()).hexdigest()
    again = perform("write", path="new/x.json", value={"a": [1]})
    assert (again["created"], again["modified"], again["changed"]) == ([], [], False)
    assert perform("write", path="new/x.json", text="other")["modified"] == ["new/x.json"]


def test_write_keeps_what_it_may_not_replace(perform, root: Path) -> None:
    with pytest.raises(ActionError) as raised:
        perform("write", path="src/a.py", text="other", overwrite=False)
    assert raised.value.error_class == "exists"
    assert (root / "src/a.py").read_text() == "src/a.py"


def test_write_takes_permissions(perform, root: Path) -> None:
    perform("write", path="go.sh", text="echo", mode="755")
    assert (root / "go.sh").stat().st_mode & 0o777 == 0o755
    with pytest.raises(ActionError, match="no permissions"):
        perform("write", path="go.sh", text="echo", mode="rwx")


@pytest.mark.parametrize("inputs", [{}, {"text": "a", "value": 1}])
def test_write_needs_one_content(perform, inputs) -> None:
    with pytest.raises(ActionError, match="either"):
        perform("write", path="x", **inputs)


@pytest.mark.parametrize("path", ["../out", "/etc/passwd"])
def test_nothing_leads_out(perform, path: str) -> None:
    with pytest.raises(TreadleError):
        perform("write", path=path, text="x")
    with pytest.raises(ActionError, match="does not stay"):
        perform("delete", patterns=[path])


def test_read(perform, root: Path) -> None:
    (root / "v.json").write_text('{"a": 1}')
    assert perform("read", path="v.json")["json"] == {"a": 1}
    assert perform("read", path="src/c.txt")["json"] is None
    (root / "v.json").write_text("{")
    (root / "bin").write_bytes(b"\xff")
    for path, error_class in (("v.json", "not-json"), ("bin", "not-text"), ("none", "not-found")):
        with pytest.raises(ActionError) as raised:
            perform("read", path=path)
        assert raised.value.error_class == error_class
    with pytest.raises(ActionError, match="`limit` is 3"):
        perform("read", path="src/c.txt", limit=3)


def test_find_leaves_out_what_is_not_the_project_s(perform) -> None:
    assert perform("find", patterns=["**/*.py"])["files"] == ["src/a.py", "src/deep/b.py"]
    assert perform("find", patterns=["src/*"])["files"] == ["src/a.py", "src/c.txt", "src/e.py~"]
    assert perform("find", patterns=["**"], exclude=["src/**"])["files"] == ["d.tmp"]


@pytest.mark.parametrize(
    ("name", "pattern", "matches"),
    [
        ("a/b/c.py", "**/*.py", True),
        ("c.py", "**/*.py", True),
        ("a/b/c.py", "*.py", False),
        ("a/b/c.py", "a/**/c.py", True),
        ("a/c.py", "a/**/c.py", True),
        ("a/b/c.py", "a/**", True),
        ("a/b", "**/a/**", True),
        ("b/a", "a/**", False),
    ],
)
def test_patterns(name: str, pattern: str, matches: bool) -> None:
    assert _parts_match(name.split("/"), pattern.split("/")) is matches


def test_copy_is_idempotent_and_keeps_paths_and_modes(perform, root: Path) -> None:
    (root / "src/a.py").chmod(0o755)
    assert perform("copy", patterns=["src/**/*.py"], to="out")["created"] == ["out/src/a.py", "out/src/deep/b.py"]
    assert (root / "out/src/a.py").stat().st_mode & 0o777 == 0o755
    assert perform("copy", patterns=["src/**/*.py"], to="out")["created"] == []
    (root / "out/src/a.py").write_text("mine")
    with pytest.raises(ActionError, match=r"out/src/a\.py"):
        perform("copy", patterns=["src/**/*.py"], to="out", overwrite=False)
    assert perform("copy", patterns=["src/**/*.py"], to="out")["modified"] == ["out/src/a.py"]


def test_move(perform, root: Path) -> None:
    perform("move", old="src", new="lib")
    assert (root / "lib/deep/b.py").is_file()
    for old, new in (("none", "x"), ("lib", "d.tmp")):
        with pytest.raises(ActionError):
            perform("move", old=old, new=new)


def test_delete_and_temporary_files(perform, root: Path) -> None:
    assert perform("remove-temporary")["deleted"] == ["d.tmp", "src/e.py~"]
    assert (root / ".git/f.tmp").is_file()
    assert perform("delete", patterns=["src/**"], exclude=["**/*.txt"])["deleted"] == ["src/a.py", "src/deep/b.py"]
    assert perform("delete", patterns=["src/*.py"])["deleted"] == []
    with pytest.raises(ActionError, match="no file matches"):
        perform("delete", patterns=["src/*.py"], must_exist=True)


def test_changes_are_figures() -> None:
    marks = {action.name: dict(figure_marks(action.outputs)) for action in ACTIONS}
    assert marks["write"] == {"files_created": "created", "files_modified": "modified"}
    assert marks["delete"] == {"files_deleted": "deleted"}
