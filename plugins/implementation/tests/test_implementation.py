"""Agents at work, patches, structures, and undoing, in a real repository."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from treadle_hookspecs import ActionError, AgentAnswer, TreadleError
from treadle_implementation._patching import split
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository

BEFORE = "def total(prices):\n    return sum(prices)\n"
AFTER = "def total(prices):\n    return sum(prices) * 2\n"


@dataclass
class Agented(StandaloneContext):
    """A context whose agent does what the test says, and whose diff is git's."""

    work: Callable[[Path], None] = lambda root: None

    async def agent(self, instructions: str, *, files: Sequence[str] = (), **more: Any) -> AgentAnswer:
        self.asked = {"instructions": instructions, "files": tuple(files), **more}
        repository = GitRepository(self.root)
        self.work(self.root)
        repository.git("add", "--all", "--intent-to-add")
        diff = await self.run(["git", "diff", "HEAD"])
        names = repository.git("diff", "--name-status", "HEAD").splitlines()
        how = {"A": "added", "M": "modified", "D": "deleted"}
        changed = {line.split("\t")[1]: how[line[0]] for line in names}
        repository.git("reset", "--quiet")
        if not changed:
            raise ActionError("nothing changed", error_class="no-change")
        return AgentAnswer("scripted", "done", files=changed, diff=diff.stdout, tokens=12)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository.create(
        tmp_path / "project", {"src/shop.py": BEFORE, "old.txt": "old\n", "README.md": "# Shop\n"}
    )


@pytest.fixture
def context(repository: GitRepository, tmp_path: Path) -> Agented:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Agented(repository.root, scratch)


def change(root: Path) -> None:
    (root / "src/shop.py").write_text(AFTER)
    (root / "src/new.py").write_text("NEW = 1\n")
    (root / "old.txt").unlink()


def implemented(context: Agented) -> Any:
    context.work = change
    return context.perform("implementation/implement-feature", feature="Double the total").outputs


def test_the_agent_gets_the_plan_and_the_diff_counts(context: Agented) -> None:
    plan = {
        "feature": "Double the total",
        "steps": [
            {"id": "a", "title": "Test it", "kind": "test", "files": ["tests/test_shop.py"]},
            {"id": "b", "title": "Do it", "kind": "implement", "files": ["src/shop.py"]},
            {"id": "verify", "title": "Verify", "kind": "verify", "files": []},
        ],
        "tests": ["tests/test_shop.py"],
    }
    context.work = change
    outputs = context.perform("implement-feature", plan=plan, check=["true"], feedback="too slow").outputs
    assert context.asked["files"] == ("tests/test_shop.py", "src/shop.py")
    assert "2. Do it (src/shop.py)" in context.asked["instructions"]
    assert "Verify" not in context.asked["instructions"]
    assert (context.asked["check"], context.asked["feedback"]) == (["true"], "too slow")
    changes = {one["path"]: one for one in outputs["code_changes"]}
    assert {path: one["how"] for path, one in changes.items()} == {
        "old.txt": "deleted",
        "src/new.py": "added",
        "src/shop.py": "modified",
    }
    assert (changes["src/shop.py"]["added"], changes["src/shop.py"]["deleted"]) == (1, 1)
    assert (outputs["agent"], outputs["tokens"]) == ("scripted", 12)


def test_a_design_is_instruction_enough(context: Agented) -> None:
    context.work = change
    context.perform("implement-feature", design_doc={"text": "# Design\n\nDouble it.", "plan": {}})
    assert "# Design" in context.asked["instructions"]


def test_no_diff_is_a_failure(context: Agented) -> None:
    with pytest.raises(ActionError) as caught:
        context.perform("implement-feature", feature="x")
    assert caught.value.error_class == "no-change"


def test_nothing_to_do_is_refused(context: Agented) -> None:
    with pytest.raises(ActionError, match="nothing says what is to be implemented"):
        context.perform("implement-feature")


def test_changes_are_undone_to_the_byte(context: Agented, repository: GitRepository) -> None:
    outputs = implemented(context)
    undone = context.perform("implementation/rollback-changes", changes=outputs["code_changes"]).outputs
    assert undone["restored"] == ["old.txt", "src/new.py", "src/shop.py"]
    assert undone["kept"] == []
    assert repository.git("status", "--porcelain") == ""
    again = context.perform("rollback-changes", changes=outputs["code_changes"]).outputs
    assert (again["restored"], again["kept"]) == ([], [])


def test_what_somebody_changed_since_stays(context: Agented) -> None:
    outputs = implemented(context)
    (context.root / "src/shop.py").write_text("def total(prices):\n    return 0  # mine\n")
    undone = context.perform("rollback-changes", changes=outputs["code_changes"]).outputs
    assert [one["path"] for one in undone["kept"]] == ["src/shop.py"]
    assert "# mine" in (context.root / "src/shop.py").read_text()
    assert (context.root / "old.txt").exists()


def test_what_somebody_added_elsewhere_in_the_file_stays(context: Agented, repository: GitRepository) -> None:
    lines = [f"LINE_{number} = {number}\n" for number in range(20)]
    repository.commit({"src/shop.py": "".join(lines)}, "longer")

    def work(root: Path) -> None:
        (root / "src/shop.py").write_text("".join([*lines[:10], "LINE_10 = 0\n", *lines[11:]]))

    context.work = work
    outputs = context.perform("implement-feature", feature="x").outputs
    path = context.root / "src/shop.py"
    path.write_text("MINE = 1\n" + path.read_text() + "MINE = 2\n")
    assert context.perform("rollback-changes", changes=outputs["code_changes"]).outputs["restored"] == ["src/shop.py"]
    assert path.read_text() == "MINE = 1\n" + "".join(lines) + "MINE = 2\n"


def test_without_changes_there_is_nothing_to_undo(context: Agented) -> None:
    assert context.perform("rollback-changes", changes=None).outputs["restored"] == []
    assert context.perform("rollback-changes", changes=["a.bin"]).outputs["kept"][0]["path"] == "a.bin"


PATCH = """Some words before.

diff --git a/src/shop.py b/src/shop.py
--- a/src/shop.py
+++ b/src/shop.py
@@ -1,2 +1,2 @@
 def total(prices):
-    return sum(prices)
+    return sum(prices) * 2
diff --git a/run.sh b/run.sh
new file mode 100755
--- /dev/null
+++ b/run.sh
@@ -0,0 +1 @@
+echo run
"""


def test_a_patch(context: Agented) -> None:
    outputs = context.perform("implementation/apply-patch", patch=PATCH).outputs
    assert {one["path"]: one["how"] for one in outputs["code_changes"]} == {
        "run.sh": "added",
        "src/shop.py": "modified",
    }
    assert (context.root / "src/shop.py").read_text() == AFTER
    assert (context.root / "run.sh").stat().st_mode & 0o111
    context.perform("rollback-changes", changes=outputs["code_changes"])
    assert not (context.root / "run.sh").exists()


def test_a_patch_that_does_not_fit_changes_nothing(context: Agented, repository: GitRepository) -> None:
    bad = PATCH.replace("-    return sum(prices)\n", "-    return max(prices)\n")
    with pytest.raises(ActionError, match="does not apply"):
        context.perform("implementation/apply-patch", patch=bad)
    assert repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        ("hello", "no unified diff"),
        (
            "diff --git a/x.bin b/x.bin\nindex 1..2 100644\nBinary files a/x.bin and b/x.bin differ\n",
            "git diff --binary",
        ),
    ],
)
def test_what_is_no_patch(context: Agented, patch, error) -> None:
    with pytest.raises(ActionError, match=error):
        context.perform("implementation/apply-patch", patch=patch)


def test_a_patch_stays_inside(context: Agented, tmp_path: Path) -> None:
    patch = "--- /dev/null\n+++ b/../outside.txt\n@@ -0,0 +1 @@\n+x\n"
    with pytest.raises((ActionError, TreadleError, ValueError)):
        context.perform("implementation/apply-patch", patch=patch)
    assert not (tmp_path / "outside.txt").exists()


def test_a_structure_never_overwrites(context: Agented) -> None:
    structure = {"src": {"shop.py": "other", "api": {"__init__.py": "", "routes.py": "ROUTES = []\n"}}, "data/": {}}
    outputs = context.perform("implementation/create-structure", structure=structure).outputs
    assert outputs["created"] == ["data/", "src/api/", "src/api/__init__.py", "src/api/routes.py"]
    assert outputs["there_already"] == ["src/", "src/shop.py"]
    assert (context.root / "src/shop.py").read_text() == BEFORE
    assert (context.root / "src/api/routes.py").read_text() == "ROUTES = []\n"
    assert context.perform("implementation/create-structure", structure=structure).outputs["created"] == []


def test_a_structure_from_a_plan(context: Agented) -> None:
    plan = {"steps": [{"files": ["src/shop.py", "tests/test_new.py"]}]}
    outputs = context.perform("implementation/create-structure", plan=plan, structure=["docs/"]).outputs
    assert outputs["created"] == ["docs/", "tests/test_new.py"]


def test_no_structure(context: Agented) -> None:
    with pytest.raises(ActionError, match="a structure is an object"):
        context.perform("implementation/create-structure", structure="src/")


def test_diffs_are_taken_apart() -> None:
    assert [(one.old, one.new) for one in split(PATCH)] == [("src/shop.py", "src/shop.py"), ("", "run.sh")]
