"""What is read, where problems are shown, and what the converted definition says."""

import pytest
from treadle_formats import _detect
from treadle_hookspecs import TreadleError

KAD = "implement-feature.yaml"
CLAUDE = "custom-workflow.json"
CLOI = "error-analysis-and-fix.yaml"
TASKS = "my-custom-workflow.js"


@pytest.mark.parametrize(
    ("sample", "dialect"), [(KAD, "kad"), (CLAUDE, "claude"), (CLOI, "cloi"), (TASKS, "task_master")]
)
def test_each_sample_is_of_one_dialect(samples, sample, dialect):
    text = samples.place(sample).read_text()
    found = [name for name in ("kad", "cloi", "task_master", "claude") if getattr(_detect, name)(sample, text[:4096])]
    assert found == [dialect]


@pytest.mark.parametrize(
    ("sample", "old", "new", "line", "message"),
    [
        (KAD, 'onSuccess: "plan"', 'onSuccess: "plam"', 24, "`plam`"),
        (KAD, 'action: "create-implementation-plan"', 'action: "no-such"', 29, "planning/no-such"),
        (KAD, "maxRetries: 3", "maxRetrys: 3", 74, "maxRetrys"),
        (KAD, "steps.plan.outputs.plan", "steps.plam.outputs.plan", 43, "plam"),
        (KAD, 'module: "testing"', 'modul: "testing"', 50, "needs `module` and `action`"),
        (CLOI, 'depends_on: ["classify-error"]', 'depends_on: ["clasify-error"]', 17, "clasify-error"),
        (CLOI, 'plugin: "error-classifier"', 'plugin: "error-clasifier"', 9, "error-clasifier"),
        (CLOI, "outputs.classify-error.", "outputs.clasify-error.", 19, "clasify-error"),
        (CLOI, 'rollback_action: "cleanup', 'rollback_action: "clean', 39, "clean-validation"),
        (CLAUDE, '"@generate-design"', '"@generate-desing"', 16, "generate-desing"),
        (CLAUDE, '"on_failure": "abort"', '"on_failure": "explode"', 11, "explode"),
        (CLAUDE, '"retry_count": 2', '"retry_counts": 2', 20, "retry_counts"),
        (CLAUDE, '"id": "test"', '"ids": "test"', 31, "has no `id`"),
        (TASKS, "retry_with_fallback", "retry_with_fallbak", 23, "retry_with_fallbak"),
        (TASKS, "dependencies: []", "dependencies: ['step_0']", 12, "step_0"),
        (TASKS, "type: 'analysis'", "typ: 'analysis'", 10, "typ"),
        (TASKS, "timeout: 60000,", "timeout: 60000", 14, "JSON5"),
    ],
)
def test_a_slip_is_shown_where_it_is(samples, sample, old, new, line, message):
    def slip(text):
        assert old in text
        return text.replace(old, new, 1)

    found = samples.problems(sample, slip)
    assert any(at == line and message in text for at, text in found), found


def test_what_would_throw_work_away_is_not_taken_over(samples):
    notes = samples.treadle.validate(str(samples.place(CLAUDE)))
    (note,) = [note for note in notes if "git checkout -- ." in note.message]
    assert (note.line, note.severity) == (50, "note")
    assert "rollback:\n  after: [failure, cancelled]\n" in samples.treadle.convert(str(samples.root / CLAUDE))


@pytest.mark.parametrize("sample", [KAD, CLAUDE, CLOI])
def test_the_converted_definition_is_sound_and_stays_as_it_is(samples, sample):
    text = samples.treadle.convert(str(samples.place(sample)))
    converted = samples.root / "converted.yaml"
    converted.write_text(text)
    assert not [problem for problem in samples.treadle.validate(str(converted)) if problem.severity == "error"]
    again = samples.treadle.convert(str(converted))
    assert again.partition("\n")[2] == text.partition("\n")[2]


def test_an_object_of_javascript(samples):
    text = samples.treadle.convert(str(samples.place(TASKS)))
    for line in (
        "name: my_custom_workflow",
        "retry: {max_attempts: 4}",
        "timeout: 60.0",
        "agent: claude-code",
        "fallback: [goose, aider]",
        "needs: []",
    ):
        assert line in text


def test_what_cannot_be_read_is_not_converted(samples):
    path = samples.place(TASKS, lambda text: text.replace("steps: [", "steps: [ oops("))
    with pytest.raises(TreadleError, match="not JSON5"):
        samples.treadle.convert(str(path))


def test_ids_are_made_ids_and_the_name_stays(samples):
    text = samples.treadle.convert(
        str(samples.place(KAD, lambda text: text.replace('"fix-tests"', '"fixTests"').replace("fix-tests", "fixTests")))
    )
    assert "- id: fixtests\n  name: fixTests\n" in text
    assert "goto: [fixtests]" in text


def test_figures_are_judged_at_the_end(samples):
    more = """"conditions": [{"if": "test_results < 80%", "then": "update_documentation"}],
  "rollback": {"checkpoints": [{"after": "design"}, {"before": "validate"}], "cleanup_actions": ["notify_completion"]},
  "success_actions": ["""
    text = samples.treadle.convert(str(samples.place(CLAUDE, lambda text: text.replace('"success_actions": [', more))))
    assert "when: steps.test.outputs.test_results < 80" in text
    assert text.count("checkpoint: true") == 3
    assert "on_failure:\n- id: notify_completion-2\n" in text or "on_failure:\n- id: notify_completion\n" in text


def test_a_group_of_steps_runs_a_few_at_a_time(samples):
    more = '"parallel_groups": [{"group": "g", "steps": ["analyze"], "max_parallel": 2}],\n  "success_actions": ['
    path = samples.place(CLAUDE, lambda text: text.replace('"success_actions": [', more))
    text = samples.treadle.convert(str(path))
    assert "group: '{{ execution.id }}-g'" in text
    assert "limit: 2" in text
