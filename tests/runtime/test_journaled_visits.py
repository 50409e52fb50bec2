"""Files that actions change through `context.workspace`: undone when the visit fails, and by a rollback."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle_hookspecs import Action, ActionContext, ActionError, Module, hookimpl

Write = Callable[..., str]

GATE = threading.Event()
DONE = threading.Event()
REFUSED: list[str] = []


def change(fail: bool = False, text: str = "theirs", *, context: ActionContext) -> None:
    """Change a file that is there, make another one in a new folder, and then fail perhaps."""
    context.workspace.write_text("mine.txt", text)
    context.workspace.write_text("new/file.txt", text)
    context.workspace.write_text("mine.txt", f"{text} again")
    if fail:
        raise ActionError("that did not go well")


async def at_once(*, context: ActionContext) -> None:
    """Change a file without giving the loop a turn."""
    context.workspace.write_text("mine.txt", "theirs")


def late(*, context: ActionContext) -> None:
    """Write on after the step has timed out."""
    GATE.wait(30)
    try:
        context.workspace.write_text("late.txt", "x")
    except Exception as error:
        REFUSED.append(str(error))
    DONE.set()


class Editing:
    """Actions that change files."""

    @hookimpl
    def treadle_modules(self) -> Iterator[Module]:
        yield Module(
            "editing",
            "1",
            tuple(Action(name, f"{__name__}:{name.replace('-', '_')}") for name in ("change", "late", "at-once")),
        )


@pytest.fixture
def editing(open_treadle: Callable[..., Treadle]) -> Treadle:
    treadle = open_treadle()
    treadle.plugins.register(Editing(), name="editing")
    (treadle.root / "mine.txt").write_text("mine")
    return treadle


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*.txt")
        if ".treadle" not in path.relative_to(root).parts
    }


def definition(step: str, more: str = "") -> str:
    return f"treadle: 1\nname: edits\nsteps:\n  - {{id: edit, uses: editing/change, {step}}}\n{more}"


BEFORE = {"mine.txt": "mine"}
AFTER = {"mine.txt": "theirs again", "new/file.txt": "theirs"}


def run(treadle: Treadle, text: str) -> Any:
    path = treadle.root / "edits.yaml"
    path.write_text(text)
    return treadle.run(str(path))


def test_a_rollback_undoes_what_an_action_wrote(editing: Treadle) -> None:
    status = run(editing, definition("with: {}"))
    assert status.status == "completed"
    assert tree(editing.root) == AFTER
    assert [entry["action"] for entry in editing.rollback_plan(status.id)] == ["undo-changes"]
    editing.rollback(status.id)
    assert tree(editing.root) == BEFORE
    assert not (editing.root / "new").exists()


def test_a_failed_visit_leaves_nothing(editing: Treadle) -> None:
    status = run(editing, definition("with: {fail: true}"))
    assert status.status == "failed"
    assert tree(editing.root) == BEFORE
    assert list(editing.rollback_plan(status.id)) == []


def test_a_failed_visit_may_keep_its_changes_and_a_rollback_still_undoes_them(editing: Treadle) -> None:
    status = run(editing, definition("with: {fail: true}, keep_changes: true"))
    assert tree(editing.root) == AFTER
    editing.rollback(status.id)
    assert tree(editing.root) == BEFORE


def test_a_cancel_that_comes_too_late_undoes_nothing(editing: Treadle) -> None:
    race = "race: {left: [{id: left, uses: bench/noop}], right: [{id: right, uses: editing/at-once}]}"
    status = run(editing, f"treadle: 1\nname: edits\nsteps:\n  - {{id: first, {race}}}\n")
    assert status.steps["first.right/right"]["state"] == "succeeded"
    assert tree(editing.root) == {"mine.txt": "theirs"}


def test_an_own_compensation_comes_first_and_the_files_after_it(editing: Treadle) -> None:
    undo = "compensate: {uses: editing/change, with: {text: undone}}"
    status = run(editing, definition(f"with: {{}}, {undo}"))
    assert [entry["action"] for entry in editing.rollback_plan(status.id)] == ["editing/change"]
    ended = editing.rollback(status.id)
    # What the compensation wrote is its own: the journal leaves alone what is not as the step left it.
    assert ended.rollback == "done"
    assert tree(editing.root)["mine.txt"] == "undone again"


def test_what_the_user_wrote_later_stays(editing: Treadle) -> None:
    status = run(editing, definition("with: {}"))
    (editing.root / "mine.txt").write_text("later")
    editing.rollback(status.id)
    assert tree(editing.root)["mine.txt"] == "later"


def test_an_attempt_that_has_ended_changes_nothing_any_more(editing: Treadle) -> None:
    REFUSED.clear()
    text = "treadle: 1\nname: slow\nsteps:\n  - {id: edit, uses: editing/late, timeout: 50ms}\n"
    status = run(editing, text.replace("50ms", "0.05"))
    assert status.status == "failed"
    GATE.set()
    assert DONE.wait(30)
    assert len(REFUSED) == 1
    assert "the step has ended" in REFUSED[0]
    assert not (editing.root / "late.txt").exists()


def test_a_diff_shows_what_was_written(editing: Treadle) -> None:
    status = run(editing, definition("with: {}"))
    found = editing.diff(status.id)
    assert {it.path: it.how for it in found.files} == {"mine.txt": "modified", "new/file.txt": "added"}
    assert "-mine\n" in found.text
    assert "+theirs again\n" in found.text
    assert "+theirs\n" in found.text
