"""The samples run as they are, along every way that they draw."""

from typing import Any

import pytest

KAD = "implement-feature.yaml"
CLAUDE = "custom-workflow.json"
CLOI = "error-analysis-and-fix.yaml"


def fails(**_: Any) -> Any:
    from treadle_hookspecs import ActionError

    raise ActionError("it does not work", error_class="broken")


def in_turns(*answers: Any) -> Any:
    left = list(answers)

    def answer(**inputs: Any) -> Any:
        given = left.pop(0) if len(left) > 1 else left[0]
        return given(**inputs) if callable(given) else given

    return answer


def test_kad_happy(samples):
    samples.answers |= {
        "analyze": lambda **_: {"complexity": "low", "estimated_time": 3},
        "plan": lambda **_: {"steps": ["a", "b"]},
        "implement": lambda **_: {"code_changes": ["src/a.py"]},
        "test": lambda **_: {"passed": True, "coverage": 81},
    }
    ended = samples.run(KAD, feature="User authentication")
    assert ended.status == "completed"
    assert samples.path == ["analyze", "plan", "implement", "test", "document", "review", "complete"]
    given = dict(samples.calls)
    assert given["analyze"] == {"feature": "User authentication"}
    assert given["plan"] == {"feature": "User authentication", "complexity": "low"}
    assert given["implement"] == {"plan": {"steps": ["a", "b"]}}
    assert given["test"] == {"changes": ["src/a.py"]}
    assert given["complete"] == {"status": "running"}


def test_kad_repaired(samples):
    samples.answers["test"] = in_turns({"passed": False, "failed": ["t1"]}, {"passed": True})
    ended = samples.run(KAD, feature="x")
    assert ended.status == "completed"
    assert samples.path[3:] == ["test", "fix-tests", "test", "document", "review", "complete"]
    assert dict(samples.calls)["fix-tests"] == {"testResults": {"passed": False, "failed": ["t1"]}}


def test_kad_exhausted(samples):
    samples.answers["test"] = lambda **_: {"passed": False}
    ended = samples.run(KAD, feature="x")
    assert ended.status == "failed"
    assert samples.counts["fix-tests"] == 3
    assert samples.path[-2:] == ["error-handler", "complete"]
    assert dict(samples.calls)["error-handler"]["error"]["type"] == "exhausted"
    assert dict(samples.calls)["complete"] == {"status": "failing"}


def test_kad_implement_fails(samples):
    samples.answers["implement"] = fails
    ended = samples.run(KAD, feature="x")
    assert ended.status == "failed"
    assert samples.path == ["analyze", "plan", "implement", "rollback", "error-handler", "complete"]
    assert dict(samples.calls)["rollback"] == {"changes": None}
    assert dict(samples.calls)["error-handler"]["error"]["step"] == "implement"


def test_cloi(samples):
    samples.answers |= {
        "classify-error": lambda **_: {"error_type": "TypeError"},
        "retrieve-context": lambda **_: {"relevant_patterns": ["p"]},
        "generate-solution": lambda **_: {"proposed_fix": "cast it"},
    }
    ended = samples.run(CLOI, error="TypeError: 'int' object is not iterable")
    assert ended.status == "completed"
    assert samples.calls == [
        ("classify-error", {"error_message": "TypeError: 'int' object is not iterable"}),
        ("retrieve-context", {"query": "TypeError"}),
        ("generate-solution", {"context": ["p"], "error": "TypeError: 'int' object is not iterable"}),
        ("validate-solution", {"solution": "cast it"}),
    ]


def test_cloi_is_undone(samples):
    ended = samples.run(CLOI, error="x")
    assert samples.treadle.rollback(ended.id).rollback == "done"
    assert samples.path[-2:] == ["validate-solution", "validate-solution"]


def test_claude_happy(samples):
    samples.answers["analyze"] = lambda **_: {"components": ["auth"]}
    ended = samples.run(CLAUDE, specification="Add authentication")
    assert ended.status == "completed"
    done = ["analyze", "design", "implement", "test", "validate", "commit_changes", "update_documentation"]
    assert samples.path == [*done, "notify_completion"]
    assert dict(samples.calls)["design"] == {"analysis_report": {"components": ["auth"]}}


def test_claude_repairs_tests(samples):
    samples.answers["test"] = in_turns(fails, fails, {"passed": 3})
    ended = samples.run(CLAUDE, specification="x")
    assert ended.status == "completed"
    assert samples.counts["test"] == 3
    assert samples.counts["test-fix"] == 2
    assert dict(samples.calls)["test-fix"]["results"]["type"] == "broken"


def test_claude_gives_up_after_three_repairs(samples):
    samples.answers["test"] = fails
    ended = samples.run(CLAUDE, specification="x")
    assert ended.status == "failed"
    assert samples.counts["test-fix"] == 3
    assert "commit_changes" not in samples.path


def test_claude_undoes_and_fails(samples):
    samples.answers["implement"] = fails
    ended = samples.run(CLAUDE, specification="x")
    assert ended.status == "failed"
    assert samples.path == ["analyze", "design", "implement"]
    assert "rollback_started" in [event.type for event in samples.treadle.history(ended.id)] or ended.rollback == "none"


def test_claude_retries_the_design(samples):
    samples.answers["design"] = fails
    ended = samples.run(CLAUDE, specification="x")
    assert ended.status == "failed"
    assert samples.counts["design"] == 3


def test_claude_escalates_to_a_person(samples):
    samples.answers["validate"] = fails
    ended = samples.run(CLAUDE, specification="x")
    assert ended.status == "waiting"
    assert ended.steps["validate-escalate"]["state"] == "waiting"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("1", ["analyze_pr", "generate_tasks", "deploy_branch", "validate_code", "run_tests", "security_audit"]),
        ("2", ["validate_hotfix", "emergency_tests", "deploy_production"]),
        ("3", ["feature_analysis", "integration_tests", "compatibility_check", "performance_benchmark"]),
    ],
)
def test_task_master_lists_of_names(samples, name, path):
    assert samples.run(f"built-in-{name}.js").status == "completed"
    assert samples.path == path


def test_a_definition_of_another_tool_is_found_by_name(samples):
    folder = samples.root / ".claude/workflows"
    folder.mkdir(parents=True)
    samples.place(CLAUDE).rename(folder / CLAUDE)
    assert samples.treadle.run("custom-workflow", {"specification": "x"}).status == "completed"
