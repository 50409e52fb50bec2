"""`treadle test` as programs use it: cases in files, verdicts as data."""

import json
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml
from treadle import Treadle
from treadle.cli.schemas import SCHEMAS
from treadle.definition import cases_schema
from treadle.rehearsal import as_json, as_junit, broken, failed, lines_of
from treadle_hookspecs import TreadleError

RELEASE = """
treadle: 1
name: release
env: {REGION: us}
inputs:
  target: {type: string, required: true}
steps:
  - id: build
    run: make
    outputs: {artifact: {type: string}}
    compensate: {run: "rm {{ outputs.artifact }}"}
  - id: test
    run: make test
    timeout: 10m
    max_visits: 2
    on_failure: repair
    on_success: upload
  - id: repair
    run: make repair
    on_success: test
  - id: upload
    run: ./upload {{ inputs.target }} {{ env.REGION }} {{ trigger.by }}
outputs:
  artifact: "{{ steps.build.outputs.artifact }}"
"""
SCOPES = """
treadle: 1
name: scopes
steps:
  - id: each
    for_each: [a, b]
    parallel:
      steps:
        - id: left
          run: echo {{ item }}
        - id: right
          run: echo right
"""


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Play cases of a workflow: `play(workflow, case, case, …)`; the file's result."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workflows").mkdir()

    def make(workflow, *cases, only=""):
        (tmp_path / "workflows/it.yaml").write_text(workflow, "utf-8")
        text = cases[0] if isinstance(cases[0], str) else yaml.safe_dump({"cases": list(cases)})
        (tmp_path / "workflows/it.test.yaml").write_text(text, "utf-8")
        with Treadle(tmp_path, overrides={"home": str(tmp_path / "home")}) as treadle:
            return treadle.rehearse(["it"], only=only)[0]

    return make


def case(*, expect, inputs=None, **fields):
    given = {"target": "prod"} if inputs is None else inputs
    return {"name": "it", "inputs": given, "trigger": {"by": "eve"}, "expect": expect, **fields}


def found(result):
    """The only case's differences by what differs."""
    (only,) = result.cases
    assert only.problem == ""
    return {each.what: (each.expected, each.found) for each in only.differences}


GOOD = ["build#1 success", "test#1 success", "upload#1 success"]


def test_every_step_succeeds_without_mocks(play):
    assert found(play(RELEASE, case(expect={"status": "completed", "path": ["build", "test", "upload"]}))) == {}


@pytest.mark.parametrize(
    ("expect", "what"),
    [
        ({"status": "failed"}, {"status": ("failed", "completed")}),
        ({"path": ["build", "upload"]}, {"path": (["build", "upload"], ["build", "test#1 success", "upload"])}),
        ({"path": ["build x", *GOOD[1:]]}, {"path": (["build x", *GOOD[1:]], GOOD)}),
        ({"visits": {"test": 2}}, {"visits.test": (2, 1)}),
        ({"states": {"repair": "succeeded"}}, {"states.repair": ("succeeded", "skipped")}),
        ({"outputs": {"artifact": "a"}}, {"outputs.artifact": ("a", None)}),
        ({"calls": {"upload": {"shell": "bash"}}}, {"calls.upload.shell": ("bash", "sh")}),
        ({"calls": {"repair": {}}}, {"calls.repair": ({}, "no visit")}),
        ({"error": {"step": "test"}}, {"error.step": ("test", None)}),
        ({"undone": ["build"]}, {"undone": (["build"], [])}),
        ({"waits": ["build"]}, {"waits": (["build"], [])}),
    ],
)  # fmt: skip
def test_what_is_not_as_expected_is_told(play, expect, what):
    result = play(RELEASE, case(expect=expect))
    assert found(result) == what
    assert failed([result]) == 1


def test_mocks_are_taken_in_order_and_the_last_one_stays(play):
    mocks = {"test": [{"error": "red"}, {"outputs": {"n": 1}}], "build": {"outputs": {"artifact": "a.tgz"}}}
    expect = {
        "status": "completed",
        "path": ["build", "test failure", "repair", "test#2 success", "upload"],
        "visits": {"test": 2},
        "outputs": {"artifact": "a.tgz"},
    }
    assert found(play(RELEASE, case(mocks=mocks, expect=expect))) == {}


def test_the_mock_of_a_visit_goes_before_that_of_its_step(play):
    mocks = {"test": {"error": "red"}, "test#2": {}}
    assert found(play(RELEASE, case(mocks=mocks, expect={"visits": {"test": 2}, "status": "completed"}))) == {}


def test_what_takes_longer_than_its_timeout_is_a_timeout_and_is_undone(play):
    result = play(RELEASE, case(mocks={"test": {"duration": "1h"}}, expect={"status": "failed", "undone": ["build#1"]}))
    assert found(result) == {}
    assert result.cases[0].played.seconds == 20 * 60
    assert result.cases[0].played.path[1] == "test#1 timeout"


def test_an_undoing_that_fails_is_not_undone(play):
    fields = {"mocks": {"test": {"error": "red"}}, "undo": {"build": {"error": "stuck"}}}
    result = play(RELEASE, case(expect={"undone": [], "status": "failed"}, **fields))
    assert found(result) == {}


def test_pause_and_resume_change_nothing_but_the_time(play):
    fields = {
        "mocks": {"build": {"duration": "1m"}},
        "timeline": [{"at": "30s", "pause": True}, {"at": "2h", "resume": True}],
    }
    result = play(RELEASE, case(expect={"status": "completed", "path": ["build", "test", "upload"]}, **fields))
    assert found(result) == {}
    assert result.cases[0].played.seconds == 2 * 3600


def test_a_cancel_ends_what_runs_at_that_moment(play):
    fields = {"mocks": {"test": {"duration": "8m"}}, "timeline": [{"at": "1m", "cancel": True}]}
    result = play(RELEASE, case(expect={"status": "cancelled", "path": ["build", "test cancelled"]}, **fields))
    assert found(result) == {}
    assert result.cases[0].played.seconds == 60


def test_a_finished_execution_is_rolled_back(play):
    fields = {"timeline": [{"at": "1h", "rollback": True}]}
    assert found(play(RELEASE, case(expect={"status": "completed", "undone": ["build"]}, **fields))) == {}


def test_environment_and_trigger_are_seen(play):
    fields = {"env": {"REGION": "eu"}, "trigger": {"by": "ada"}}
    expect = {"calls": {"upload": {"env": {"TREADLE_V2": "eu", "TREADLE_V3": "ada"}}}}
    assert found(play(RELEASE, case(expect=expect, **fields))) == {}


def test_steps_inside_scopes_by_id_path_and_address(play):
    mocks = {"left": {"error": "l"}, "each/right": {"outcome": "odd"}, "each[2]/left": {}}
    expect = {
        "path": ["each[1]/left failure", "right odd", "each/left success", "each[2]/right", "each failure"],
        "states": {"each[1]/left": "failed", "each[2]/left": "succeeded", "right": "succeeded"},
        "visits": {"left": 2, "each[1]/left": 1},
    }
    assert found(play(SCOPES, case(inputs={}, mocks=mocks, expect=expect))) == {}


ASKED = """
treadle: 1
name: asked
steps:
  - id: gate
    approval: {approvers: [ada, ben], form: {reason: {type: string}}}
  - id: heard
    wait_for: {event: built, match: event.data.branch == 'main', timeout: 1h}
"""


def test_answers_signals_and_events_come_at_their_times(play):
    answer = {"decision": "approved", "by": "ben", "step": "gate", "data": {"reason": "fine"}}
    told = [{"at": "3h", "event": {"name": "built", "data": {"branch": branch}}} for branch in ("side", "main")]
    answered = [{"at": "2h", "answer": {"decision": "approved", "by": "eve"}}, {"at": "2h30m", "answer": answer}]
    expect = {"status": "completed", "path": ["gate", "heard"], "waits": ["gate", "heard"]}
    result = play(ASKED, case(inputs={}, expect=expect, timeline=[*answered, *told]))
    assert found(result) == {}
    assert result.cases[0].played.seconds == 3 * 3600


def test_what_nobody_answers_waits(play):
    assert found(play(ASKED, case(inputs={}, expect={"status": "waiting", "states": {"gate": "waiting"}}))) == {}


def test_an_answer_to_a_step_that_is_not_there(play):
    text = "cases:\n  - name: a\n    timeline: [{at: 1s, answer: {decision: approved, step: gat}}]\n"
    (problem,) = play(ASKED, text).loaded.problems
    assert (problem.code, problem.line, problem.hint) == ("TRD0107", 3, "did you mean `gate`?")


def test_a_real_mock_runs_the_action(play, tmp_path):
    fields = {"mocks": {"build": {"real": True}, "test": {"error": "red"}}, "real": False}
    workflow = RELEASE.replace("run: make\n", "run: echo artifact=a1 >> $TREADLE_OUTPUT; echo x > made\n")
    result = play(workflow, case(expect={"outputs": {"artifact": "a1"}}, **fields))
    assert (tmp_path / "made").read_text() == "x\n"
    assert result.cases[0].played.error["type"] != "exit-code"
    assert not (tmp_path / "home/logs").exists()


def test_a_whole_case_can_be_real(play, tmp_path):
    workflow = "treadle: 1\nname: it\nsteps: [{id: one, run: exit 3, compensate: {run: echo y > undone}}]\n"
    result = play(workflow, case(inputs={}, expect={"path": ["one failure"], "undone": ["one"]}, real=True))
    assert found(result) == {}
    assert (tmp_path / "undone").read_text() == "y\n"
    assert "exited with 3" in result.cases[0].played.error["message"]


@pytest.mark.parametrize(("line", "path"), [("n=3", ["one"]), ("n=three", ["one failure"])])
def test_a_real_command_s_outputs_are_what_its_step_declares(play, line, path):
    step = "  - id: one\n    run: echo '" + line + "' >> $TREADLE_OUTPUT\n    outputs: {n: {type: integer}}\n"
    workflow = "treadle: 1\nname: it\noutputs: {twice: '{{ steps.one.outputs.n * 2 }}'}\nsteps:\n" + step
    expected = {"path": path, "outputs": {"twice": 6}} if line == "n=3" else {"path": path}
    assert found(play(workflow, case(inputs={}, expect=expected, real=True))) == {}


def test_a_missing_input_is_the_cases_problem(play):
    (only,) = play(RELEASE, {"name": "it"}).cases
    assert "target" in only.problem
    assert not only.passed


def test_unused_mocks_are_noted_and_do_not_fail(play):
    result = play(RELEASE, case(mocks={"repair": {}}, expect={}))
    assert result.cases[0].passed
    assert lines_of(result.cases[0]) == ["note: the mock `repair` was not used"]


BROKEN = """\
cases:
  - name: one
    mocks:
      tets: {}
    expect: {path: [biuld], outputs: {artefact: 1}}
    inputs: {targt: x}
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BROKEN, [("TRD0107", 4, 7), ("TRD0107", 5, 21), ("TRD0131", 5, 39), ("TRD0131", 6, 14)]),
        ("cases:\n  - nam: one\n", [("TRD0104", 2, 5), ("TRD0105", 2, 5)]),
        ("cases:\n  - name: a\n    timeline: [{at: 1s}]\n", [("TRD0110", 3, 16)]),
        ("cases:\n  - name: a\n    timeline: [{at: 1x, pause: true}]\n", [("TRD0114", 3, 21)]),
        ("cases:\n  - name: a\n    mocks: {test: {real: true, outcome: x}}\n", [("TRD0110", 3, 19)]),
        ("cases:\n  - name: a\n    expect: {status: don}\n", [("TRD0106", 3, 22)]),
        ("cases:\n  - name: a\n  - name: a\n", [("TRD0108", 3, 11)]),
        ("cases: []\n", [("TRD0115", 1, 8)]),
        ("cases: [\n", [("TRD0101", 2, 1)]),
        ("- 1\n", [("TRD0106", 1, 1)]),
        ("cases:\n  - name: a\n    mocks: {'no step': {}}\n", [("TRD0109", 3, 13)]),
    ],
)
def test_problems_have_places(play, text, told):
    result = play(RELEASE, text)
    assert [(problem.code, problem.line, problem.column) for problem in result.loaded.problems] == told
    assert all(problem.hint for problem in result.loaded.problems if problem.code in {"TRD0104", "TRD0107", "TRD0131"})
    assert broken([result])
    assert not result.cases


@pytest.mark.parametrize(
    "text",
    [
        BROKEN.replace("tets", "test").replace("biuld", "build"),
        "cases:\n  - nam: one\n",
        "cases:\n  - name: a\n    mocks: {test: 3}\n",
        "cases:\n  - {name: a, mocks: {test: {duration: 5x}}}\n",
        "cases:\n  - {name: a, expect: {status: x}}\n",
        "{}\n",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(text):
    data = yaml.safe_load(text)
    schema = jsonschema.Draft202012Validator(cases_schema())
    if text.startswith("cases:\n  - name: one"):
        schema.validate(data)  # names of steps are no schema's business
    else:
        assert list(schema.iter_errors(data))


def test_the_shape_of_the_results(play):
    result = play(RELEASE, case(expect={"path": ["upload"], "status": "failed"}))
    document = as_json([result])
    jsonschema.Draft202012Validator(SCHEMAS["test-results"]).validate(json.loads(json.dumps(document)))
    shown = document["files"][0]["cases"][0]
    assert shown["path"] == GOOD
    assert shown["differences"][1]["diff"] == ["+ build#1 success", "+ test#1 success", "  upload#1 success"]


def test_junit_names_files_cases_and_reasons(play):
    suites = ET.fromstring(as_junit([play(RELEASE, case(expect={"status": "failed"}))]))
    assert suites.attrib == {"name": "treadle test", "tests": "1", "failures": "1"}
    (only,) = suites.iter("testcase")
    assert only.attrib["classname"] == "workflows/it.test.yaml"
    assert "expected" in only.find("failure").attrib["message"]
    (error,) = ET.fromstring(as_junit([play(RELEASE, "cases: []\n")])).iter("error")
    assert "at least 1" in error.attrib["message"]


def test_only_some_cases(play):
    named = [{**case(expect={}), "name": name} for name in ("first", "second")]
    assert [each.name for each in play(RELEASE, *named, only="sec").cases] == ["second"]


def test_the_first_case_passes_and_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/it.yaml").write_text(RELEASE.replace(" {{ trigger.by }}", ""), "utf-8")
    with Treadle(tmp_path, overrides={"home": str(tmp_path / "home")}) as treadle:
        path = treadle.write_test("it")
        (result,) = treadle.rehearse()
        assert result.cases[0].passed
        assert result.cases[0].played.path == GOOD
        with pytest.raises(TreadleError, match="is there already"):
            treadle.write_test("it")
        treadle.write_test("it", force=True)
        assert [entry.name for entry in treadle.workflows() if entry.source == "project"] == ["it"]
    assert str(path) == "workflows/it.test.yaml"


def test_nothing_to_test_says_how_to_begin(tmp_path):
    with Treadle(tmp_path, overrides={"home": str(tmp_path / "home")}) as treadle:
        for names in ([], ["absent"], [str(tmp_path)]):
            with pytest.raises(TreadleError) as caught:
                treadle.rehearse(names)
            assert caught.value.exit_code == 3
            assert "--init" in caught.value.suggestions[0]
