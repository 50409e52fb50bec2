"""The ready workflow pr-processing, whole, on real repositories."""

from pathlib import Path
from threading import Thread

import pytest
from treadle import Treadle
from treadle_hookspecs import Event
from treadle_testkit.repositories import GitRepository

TRIPLE = '\n\ndef triple(x: int) -> int:\n    """Three times x."""\n    return 3 * x\n'
TRIPLE_TEST = (
    "from numbers_of_mine import double, triple\n\n\ndef test_double():\n    assert double(2) == 4\n\n\n"
    "def test_triple():\n    assert triple(2) == 6\n"
)
SEED_STEPS = ["analyze_pr", "generate_tasks", "deploy_branch", "validate_code", "run_tests", "security_audit"]


def process(treadle: Treadle, **inputs: object):
    return treadle.run("pr-processing", {"base": "main", "head": "feature", **inputs})


def states(status) -> dict[str, str]:
    return {address: step["state"] for address, step in status.steps.items()}


def leftovers(repository: GitRepository, home: Path) -> list[str]:
    """Worktrees that git knows beside the checkout, and folders of them."""
    listed = repository.git("worktree", "list").splitlines()[1:]
    return [*listed, *(str(path) for path in home.glob("scratch/*/*/worktree"))]


def test_a_good_change_passes_and_leaves_no_trace(
    treadle: Treadle, repository: GitRepository, branch, source: str, tmp_path: Path
) -> None:
    branch({"src/numbers_of_mine.py": source + TRIPLE, "tests/test_numbers.py": TRIPLE_TEST})
    before = repository.trace()
    status = process(treadle)
    assert status.status == "completed", status.error
    assert set(states(status).values()) == {"succeeded"}
    assert set(SEED_STEPS) < set(states(status))
    assert (status.outputs["verdict"], status.outputs["risk"]) == ("pass", "low")
    report = Path(str(status.outputs["report"])).read_text("utf-8")
    assert report.startswith("# feature for main\n\nVerdict: **pass**")
    assert "| changed statements covered | 100.0 % | at least 80 | `run_tests` |" in report
    assert repository.trace() == before
    assert leftovers(repository, tmp_path / "home") == []
    assert (repository.root / "draft.txt").read_text() == "mine\n"


def test_a_bad_change_is_rejected_by_every_check_and_reported_all_the_same(
    treadle: Treadle, repository: GitRepository, branch, source: str, tmp_path: Path
) -> None:
    branch({"src/numbers_of_mine.py": "import os\n" + source.replace("2 * x", "eval(f'3 * {x}')")})
    status = process(treadle)
    assert status.status == "failed"
    assert status.exit_code == 1
    assert status.error is not None
    assert status.error["step"] == "verdict"
    for name in ("validate_code", "run_tests", "security_audit"):
        assert f"{name} fails" in str(status.error["message"])
    assert states(status)["report"] == "succeeded"
    report = Path(str(status.outputs["report"])).read_text("utf-8")
    assert "tests/test_numbers.py::test_double" in report
    assert "`B307`" in report
    assert "`F401`" in report
    assert leftovers(repository, tmp_path / "home") == []


def test_a_rejected_change_can_be_tried_again(
    treadle: Treadle, repository: GitRepository, branch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("READY", raising=False)
    branch({"tests/test_ready.py": "import os\n\n\ndef test_ready():\n    assert os.environ['READY']\n"})
    rejected = process(treadle)
    assert (rejected.status, rejected.rollback) == ("failed", "done")
    assert leftovers(repository, tmp_path / "home") == []
    monkeypatch.setenv("READY", "1")
    again = treadle.resume(rejected.id)
    assert again.status == "completed", again.error
    assert again.outputs["verdict"] == "pass"
    assert again.id != rejected.id
    assert leftovers(repository, tmp_path / "home") == []


def test_a_cancelled_run_is_cancelled_and_cleans_up(
    treadle: Treadle, repository: GitRepository, branch, tmp_path: Path
) -> None:
    branch({"tests/test_endless.py": "import signal\n\n\ndef test_endless():\n    signal.pause()\n"})

    def cancel(execution: str) -> None:
        with Treadle(repository.root) as other:
            other.cancel(execution, reason="changed my mind")

    def listen(event: Event) -> None:
        if event.type == "visit_started" and event.step == "run_tests":
            Thread(target=cancel, args=(event.execution,)).start()

    status = treadle.run("pr-processing", {"base": "main", "head": "feature"}, listener=listen)
    assert status.status == "cancelled"
    assert states(status)["run_tests"] == "cancelled"
    assert states(status)["report"] == "succeeded"
    assert leftovers(repository, tmp_path / "home") == []


def test_an_unknown_revision_fails_at_once_and_is_reported(treadle: Treadle, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    status = process(treadle, head="featur", report_file=str(report))
    found = states(status)
    assert status.status == "failed"
    assert found["analyze_pr"] == "failed"
    assert {found["deploy_branch"], found["run_tests"]} == {"upstream_failed"}
    assert found["security_audit"] == "skipped"
    assert "has no commit `featur`" in report.read_text("utf-8")
    assert found["finally/remove_worktree"] == "skipped"


def test_a_project_without_tests_does_not_pass_unless_told_to(treadle: Treadle, branch, source: str) -> None:
    branch({"src/numbers_of_mine.py": source + TRIPLE, "tests/test_numbers.py": "x = 1\n"})
    status = process(treadle, min_coverage=0)
    assert status.status == "failed"
    assert "run_tests could not check (no tests were found" in str(status.error)
    lenient = process(treadle, allow_not_checked=True, min_coverage=0)
    assert lenient.status == "completed", lenient.error
    assert lenient.outputs["verdict"] == "not-checked"


def test_a_dry_run_names_everything_and_starts_nothing(
    treadle: Treadle, repository: GitRepository, branch, source: str, tmp_path: Path
) -> None:
    branch({"src/numbers_of_mine.py": source + TRIPLE})
    before = repository.trace()
    preview = treadle.preview("pr-processing", {"base": "main", "head": "feature"})
    steps = {step.id: step for step in preview.steps}
    assert set(SEED_STEPS) < set(steps)
    assert any("worktree" in command for command in steps["deploy_branch"].commands)
    assert any("bandit" in command for command in steps["security_audit"].commands)
    assert not any(step.missing_tools for step in preview.steps)
    assert repository.trace() == before
    assert leftovers(repository, tmp_path / "home") == []
    assert list(treadle.executions()) == []


@pytest.mark.parametrize("name", ["pr-processing", "pr_processing", "hello"])
def test_definitions_are_without_problems(treadle: Treadle, name: str) -> None:
    assert [problem.message for problem in treadle.validate(name) if problem.severity != "note"] == []


def test_hello(treadle: Treadle) -> None:
    assert treadle.run("hello", {"who": "you & me; `true` $(true)"}).outputs == {
        "greeting": "Hello, you & me; `true` $(true)!"
    }
