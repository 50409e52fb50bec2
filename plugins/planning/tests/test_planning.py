"""Plans, tasks and designs on a real repository."""

from pathlib import Path

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository

PROJECT = {
    "src/shop/__init__.py": "",
    "src/shop/basket.py": "def add_item(basket, item):\n    return [*basket, item]\n",
    "src/shop/invoice.py": "from shop import basket\n\n\ndef total(basket):\n    return sum(basket)\n",
    "tests/test_basket.py": "from shop.basket import add_item\n\n\ndef test_add_item():\n    assert add_item([], 1)\n",
    "docs/guide.md": "# Guide\n\nThe invoice adds up the basket.\n",
}
SPEC = """- The basket must refuse an item twice
- The invoice shows the total with tax

Acceptance criteria:
- Given two equal items, then the basket has one
"""


@pytest.fixture
def context(tmp_path: Path) -> StandaloneContext:
    repository = GitRepository.create(tmp_path / "project", PROJECT)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return StandaloneContext(repository.root, scratch)


@pytest.fixture
def plan(context: StandaloneContext):
    return context.perform("planning/create-implementation-plan", feature=SPEC).outputs["plan"]


def test_each_requirement_has_a_test_and_a_change(plan) -> None:
    steps = {step["id"]: step for step in plan["steps"]}
    assert list(steps) == [
        "test-r1",
        "implement-r1",
        "test-r2",
        "implement-r2",
        "test-r3",
        "implement-r3",
        "document",
        "verify",
    ]
    assert steps["implement-r1"]["files"][0] == "src/shop/basket.py"
    assert steps["test-r1"]["files"] == ["tests/test_basket.py"]
    assert steps["implement-r1"]["needs"] == ["test-r1"]
    assert steps["implement-r2"]["files"][0] == "src/shop/invoice.py"
    assert "basket" in steps["implement-r1"]["why"]
    assert steps["document"]["files"] == ["docs/guide.md"]
    assert steps["verify"]["title"] == "Verify: Given two equal items, then the basket has one"


def test_two_changes_of_one_file_come_one_after_the_other(plan) -> None:
    steps = {step["id"]: step for step in plan["steps"]}
    assert "implement-r1" in steps["implement-r3"]["needs"]


def test_what_was_measured_is_not_measured_again(context: StandaloneContext) -> None:
    analysis = context.perform("analysis/analyze-requirements", feature=SPEC).outputs
    changed = {**analysis, "requirements": analysis["requirements"][:1]}
    plan = context.perform("planning/create-implementation-plan", analysis=changed, complexity="high").outputs["plan"]
    assert plan["complexity"] == "high"
    assert [step["id"] for step in plan["steps"] if step["kind"] == "implement"] == ["implement-r1"]


def test_nothing_to_plan_is_refused(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="neither a `feature` nor an `analysis`"):
        context.perform("planning/create-implementation-plan")


def test_tasks_wait_for_what_they_need(context: StandaloneContext, plan) -> None:
    outputs = context.perform("planning/generate-tasks", plan=plan).outputs
    order = [task["id"] for task in outputs["tasks"]]
    for task in outputs["tasks"]:
        assert all(order.index(need) < order.index(task["id"]) for need in task["needs"])
    flat = [name for batch in outputs["batches"] for name in batch]
    assert sorted(flat) == sorted(order)
    assert outputs["critical_path"][-1] == "verify"
    files = {task["id"]: set(task["files"]) for task in outputs["tasks"]}
    for batch in outputs["batches"]:
        shared = [path for name in batch for path in files[name]]
        assert len(shared) == len(set(shared)), batch


@pytest.mark.parametrize(
    ("needs", "message"),
    [({"a": ["b"], "b": ["a"]}, "wait for each other"), ({"a": ["nowhere"]}, "wait for nowhere")],
)
def test_a_plan_that_cannot_be_worked_on(context: StandaloneContext, needs, message) -> None:
    steps = [
        {"id": name, "title": name, "kind": "implement", "files": [], "needs": before} for name, before in needs.items()
    ]
    with pytest.raises(ActionError, match=message):
        context.perform("planning/generate-tasks", plan={"steps": steps})


def test_the_design_is_written_and_says_what_it_rests_on(context: StandaloneContext) -> None:
    outputs = context.perform("generate-design", feature=SPEC, path="docs/design.md").outputs
    text = (context.root / "docs/design.md").read_text()
    assert text == outputs["text"]
    assert "- R1 (must): The basket must refuse an item twice" in text
    assert "`src/shop/basket.py`: `add_item` (line 1)" in text
    assert "## Open questions" in text
    assert "unknown, there is too little history" in text


def test_the_design_takes_a_report_of_the_context(context: StandaloneContext) -> None:
    report = context.perform("analysis/context", specification="refuse an item in the basket twice").outputs
    outputs = context.perform("generate-design", analysis_report=report, write=False).outputs
    assert outputs["path"] == ""
    assert "src/shop/basket.py" in outputs["text"]
    assert not (context.root / "docs/design").exists()
