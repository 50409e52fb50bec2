"""Ready workflows on a third-party project, typed as a user types them; what they made is run."""

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from workshop import states

FEATURE_STEPS = ("requirements", "design", "tasks", "structure", "implement", "generate-tests", "document")
VULNERABLE = {
    "src/referencing/_core.py": (
        "    def contents(self, uri: URI) -> D:\n",
        (
            '    def uris(self, order: str = "sorted"):\n'
            '        """\n        The URIs of all crawled resources.\n        """\n'
            "        return eval(order)(self._resources)\n\n"
            "    def contents(self, uri: URI) -> D:\n"
        ),
    )
}


@pytest.fixture
def team():
    """A server that keeps what the team is told; its address in apprise's form, and what came."""
    told = []

    class Mailbox(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Mailbox)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}", told
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_specification_becomes_a_tested_feature_and_can_be_undone(workshop):
    project, before = workshop.project, workshop.bytes()
    workshop.agent_does(("Write tests", project.feature_tests), ("Implement:", project.feature))
    options = ("--mode", "autopilot", "--checkpoint", "--parallel", "--strict", "--priority", "high")
    ended = workshop.run("feature-implementation", "--spec", project.spec, *options, "--json").json
    assert ended["status"] == "completed"
    assert [states(ended)[step] for step in FEATURE_STEPS] == ["succeeded"] * 7
    assert ended["outputs"]["verdict"] == "pass"
    assert workshop.tests_pass(*project.feature_tests)
    implement, tests = workshop.tasks()
    assert "must tell the URIs" in implement
    assert "src/referencing/_core.py" in tests
    report = workshop.report()
    for line in (
        "| Tests added | 1 |",
        "| Tests | 208 |",
        "| Quality score | A |",
        "| Coverage of the change | 100.0 % |",
    ):
        assert line in report
    assert "__pycache__" not in report, "what git ignores is nobody's change"
    assert "finally/complete" in report
    assert "feature-implementation: completed" in report
    workshop.user.treadle("rollback", ended["id"], "--yes")
    assert workshop.bytes() == before


def test_a_dry_run_starts_nothing(workshop):
    before = workshop.bytes()
    for workflow, option in (
        ("feature-implementation", "--spec"),
        ("bug-fix", "--issue"),
        ("implement-feature", "--feature"),
    ):
        ran = workshop.run(workflow, option, workshop.project.issue, "--dry-run")
        assert "system/notify-completion" in ran.out
    assert workshop.tasks() == []
    assert workshop.bytes() == before
    assert workshop.user.treadle("status", "--json").json["executions"] == []


def test_a_security_issue_halts_is_reported_and_needs_a_person(workshop):
    before = workshop.bytes()
    project = workshop.project
    workshop.agent_does(("Write tests", project.feature_tests), ("Implement:", VULNERABLE))
    options = ("--spec", project.spec, "--json")
    halted = workshop.run("feature-implementation", *options, status=7).json
    assert halted["status"] == "waiting"
    assert "validate" not in states(halted), "nothing goes on before somebody has said so"
    report = Path(halted["steps"]["security-report"]["outputs"]["path"]).read_text()
    assert "`B307`" in report
    execution = halted["id"]
    workshop.user.treadle("reject", execution, "--by", "ada", "--comment", "no eval", status=1)
    ended = workshop.user.status(execution)
    assert (ended["status"], ended["rollback"]) == ("failed", "done")
    assert "no eval" in str(ended["error"])
    assert workshop.bytes() == before


def test_tests_that_fail_are_analysed_and_mended_or_all_is_undone(workshop):
    project, before = workshop.project, workshop.bytes()
    ((path, (_, text)),) = project.feature_tests.items()
    wrong = {path: ("", text.replace('["urn:a", "urn:b"]', '["urn:b"]'))}
    right = {path: ('["urn:b"]', '["urn:a", "urn:b"]')}
    workshop.agent_does(("These tests fail", right), ("Write tests", wrong), ("Implement:", project.feature))
    ended = workshop.run("feature-implementation", "--spec", project.spec, "--json").json
    assert ended["status"] == "completed", ended["error"]
    assert ended["steps"]["analyze-failure"]["outputs"]["category"] == "assertion"
    assert "What may help: " in workshop.tasks()[-1]
    assert workshop.tests_pass(path)
    workshop.user.treadle("rollback", ended["id"], "--yes")
    assert workshop.bytes() == before
    workshop.agent_does(
        ("These tests fail", {"N.txt": ("", "?\n")}), ("Write tests", wrong), ("Implement:", project.feature)
    )
    failed = workshop.run("feature-implementation", "--spec", project.spec, "--json", status=1).json
    assert failed["rollback"] == "done"
    assert failed["steps"]["suggest"]["outputs"]["proposed_fix"]["text"] in workshop.report(), "it says what to try"
    assert workshop.bytes() == before


def test_a_person_is_the_agent(workshop):
    project = workshop.project
    (workshop.user.state / "config.toml").write_text("")
    options = ("--feature", project.spec, "--forge", "none", "--json")
    waiting = workshop.run("implement-feature", *options, status=7).json
    assert waiting["steps"]["implement"]["state"] == "waiting"
    assert "must tell the URIs" in workshop.user.treadle("waiting").out
    workshop.change({**project.feature, **project.feature_tests})
    ended = workshop.user.treadle("answer", waiting["id"], "done", "--json").json
    assert ended["status"] == "completed", ended["error"]
    assert sorted(ended["outputs"]["changes"]) == sorted({**project.feature, **project.feature_tests})
    assert "def uris" in workshop.git("show", f"{ended['outputs']['branch']}:src/referencing/_core.py")


def test_an_urgent_bug_is_mended_under_supervision_and_the_team_is_told(workshop, team):
    project, (address, told) = workshop.project, team
    workshop.commit(project.bug, "a bug")
    workshop.agent_does(("Write one test", project.reproduction), ("Mend this bug", project.fix))
    options = ("--issue", project.issue, "--mode", "supervised", "--priority", "high", "--notify-team")
    ran = workshop.run("bug-fix", *options, "--json", status=7, NOTIFY_TO=address)
    asked = 0
    while (status := workshop.user.status(ran.json["id"]))["status"] == "waiting":
        assert asked < 12
        workshop.user.treadle("approve", ran.json["id"], "--by", "ada", status=None, NOTIFY_TO=address)
        asked += 1
    assert status["status"] == "completed", status["error"]
    assert asked == 7, "each step of the workflow, and no handler"
    assert workshop.tests_pass(*project.reproduction)
    assert f"- {project.issue}" in (workshop.root / "CHANGELOG.md").read_text()
    assert [message["title"] for message in told] == ["bug-fix: completed"]
    assert told[0]["message"] == f"high priority: {project.issue}"


def test_killed_while_the_agent_works_and_taken_up_again(workshop):
    project, before = workshop.project, workshop.bytes()
    workshop.user.pipe("begun")
    workshop.agent_does(("Write tests", project.feature_tests), ("Implement:", project.feature))
    slow = "import os, signal\nopen('begun', 'w').write('now')\nsignal.pause()\n"
    patient = workshop.agent_source.read_text()
    workshop.agent_source.write_text(slow)
    options = ("--feature", project.spec, "--forge", "none", "--python", sys.executable)
    child = workshop.user.start("run", "implement-feature", *options)
    workshop.user.hear(child, "begun")
    child.send_signal(signal.SIGKILL)
    child.wait()
    (workshop.root / "begun").unlink()
    workshop.agent_source.write_text(patient)
    execution = workshop.user.newest()
    workshop.user.treadle("resume", execution, status=7)
    ended = workshop.user.treadle("resume", execution, "--interrupted", "retry", "--json").json
    assert ended["status"] == "completed", ended["error"]
    branch = ended["outputs"]["branch"]
    assert "def uris" in workshop.git("show", f"{branch}:src/referencing/_core.py")
    workshop.user.treadle("rollback", ended["id"], "--yes")
    workshop.git("branch", "--quiet", "-D", branch)
    assert workshop.bytes() == before


def test_what_is_rewritten_does_the_same_or_is_undone(workshop):
    project = workshop.project
    workshop.agent_does(("Refactor", project.rewrite))
    options = ("--target", project.target, "--rounds", "6", "--max-slowdown", "1000", "--json")
    ended = workshop.run("refactor", *options, "--benchmark", json.dumps(["python", "-c", "import referencing"])).json
    assert ended["status"] == "completed", ended["error"]
    assert ended["outputs"]["changes"] == [project.target]
    assert workshop.tests_pass()
    assert "Rewritten: " in (workshop.root / "CHANGELOG.md").read_text()
    workshop.commit({}, "rewritten")
    before = workshop.bytes()
    workshop.agent_does(("Refactor", project.spoilt), ("These tests fail", {"notes.txt": ("", "I tried\n")}))
    failed = workshop.run("refactor", *options, status=1).json
    assert failed["steps"]["verify"]["visits"] == 2, "once more after the agent was asked to repair it"
    assert failed["rollback"] == "done"
    assert workshop.bytes() == before


def test_a_feature_is_integrated_with_measurements(workshop):
    project, before = workshop.project, workshop.bytes()
    workshop.git("switch", "--quiet", "--create", "feature")
    workshop.commit({**project.feature, **project.feature_tests}, "uris")
    workshop.git("switch", "--quiet", "main")
    work = json.dumps(["python", "-c", "import referencing.jsonschema"])
    options = ("--base", "main", "--head", "feature", "--rounds", "6", "--max-slowdown", "1000", "--benchmark", work)
    ended = workshop.run("feature-integration", *options, "--json").json
    assert ended["status"] == "completed", ended["error"]
    assert ended["outputs"]["verdict"] == "pass"
    steps = ("feature_analysis", "integration_tests", "compatibility_check", "performance_benchmark")
    assert [states(ended)[step] for step in steps] == ["succeeded"] * 4
    assert "time: " in workshop.report()
    after = {name: text for name, text in workshop.bytes().items() if not name.startswith("git ")}
    assert after == {name: text for name, text in before.items() if not name.startswith("git ")}
    assert workshop.git("worktree", "list").count("\n") == 0


SLOW = '''\
"""Names for anonymous schemas."""


def names(count):
    """The first names, in order."""
    made = [f"urn:anonymous:{number:020d}" for number in range(count)]
    copies = [list(made) for _ in range(8)]
    return sorted({name for copy in copies for name in copy})


def last(count):
    """The last of them."""
    return names(count)[-1]
'''
QUICK = '    return f"urn:anonymous:{count - 1:020d}"\n'
LAST = (
    "from referencing.naming import last\n\n\n"
    "def test_last():\n    assert last(3) == 'urn:anonymous:00000000000000000002'\n"
)


def test_what_is_slow_is_found_mended_and_measured(workshop):
    workshop.commit({"src/referencing/naming.py": ("", SLOW), "tests/test_naming.py": ("", LAST)}, "names")
    workshop.agent_does(
        ("names in order faster", {"src/referencing/naming.py": ("    return names(count)[-1]\n", QUICK)})
    )
    command = json.dumps(["python", "-c", "from referencing.naming import last; last(100_000)"])
    options = ("--target", "names in order", "--metric", "memory", "--min-gain", "20", "--rounds", "6")
    ended = workshop.run("performance", *options, "--command", command, "--json").json
    assert ended["status"] == "completed", ended["error"]
    assert ended["outputs"]["changes"] == ["src/referencing/naming.py"]
    assert ended["outputs"]["change"] < -20
    assert ended["outputs"]["bottlenecks"][0] in ("names", "<listcomp>", "<setcomp>")
    kept = json.loads((workshop.root / "performance-tests.json").read_text())["tests"]["names in order"]
    assert kept["memory"] > 0
    assert "% less memory" in (workshop.root / "CHANGELOG.md").read_text()
    assert workshop.tests_pass("tests/test_naming.py")


def test_an_api_is_integrated(workshop):
    document = (Path(__file__).parent / "schemas.yaml").read_text()
    workshop.commit({"schemas.yaml": ("", document)}, "the service's document")
    before = workshop.bytes()
    wrapper = (Path(__file__).parent / "wrapper.txt").read_text()
    tests = (Path(__file__).parent / "wrapper_tests.txt").read_text()
    workshop.agent_does(
        ("Write tests", {"tests/test_remote.py": ("", tests)}),
        ("A wrapper for schemas", {"src/referencing/remote.py": ("", wrapper)}),
    )
    options = ("--service", "schemas", "--operations", "schema,unknown", "--migrate-from", "local files", "--json")
    ended = workshop.run("api-integration", *options).json
    assert ended["status"] == "completed", ended["error"]
    assert ended["outputs"]["methods"] == ["get_schema"]
    assert ended["outputs"]["client"] == "src/schemas_client"
    assert workshop.tests_pass("tests/test_remote.py")
    assert "in place of local files" in workshop.tasks()[0]
    workshop.user.treadle("rollback", ended["id"], "--yes")
    assert workshop.bytes() == before
