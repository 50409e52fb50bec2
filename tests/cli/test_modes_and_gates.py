"""Modes and gates as a user types them, without a terminal."""

import pytest

SHIP = """
treadle: 1
name: ship
steps:
  - {id: build, run: echo built > built}
  - {id: deploy, run: echo out > deployed, risk: high, on_failure: tell}
  - {id: tell, run: "echo '{{ steps.deploy.error.type }}' > told", recovers: true}
"""
CHECK = """
treadle: 1
name: check
gates:
  coverage: {when: test_coverage < 80%, then: warn, severity: high}
steps:
  - id: test
    run: echo percent=70 > "$TREADLE_OUTPUT"
    outputs: {percent: {type: number, figure: test_coverage}}
  - {id: publish, run: echo out > published}
"""


@pytest.fixture
def ship(user):
    user.write("ship.yaml", SHIP)


@pytest.fixture
def check(user):
    user.write("check.yaml", CHECK)


def states(user):
    return {address: step["state"] for address, step in user.status()["steps"].items()}


def test_supervised_waits_before_the_first_step_and_does_nothing(user, ship):
    user.treadle("run", "ship.yaml", "--mode", "supervised", status=7)
    assert user.status()["status"] == "waiting"
    assert not (user.project / "built").exists()


def test_hybrid_waits_before_what_is_risky_also_after_a_kill(user, ship):
    user.treadle("run", "ship.yaml", "--mode", "hybrid", status=7)
    assert (user.project / "built").exists()
    user.treadle("run", "ship.yaml", "--resume", status=7)
    assert not (user.project / "deployed").exists()
    assert states(user)["deploy"] == "waiting"


def test_the_setting_is_the_default_and_the_option_wins(user, ship):
    user.write("treadle.toml", 'mode = "hybrid"\n')
    user.treadle("run", "ship.yaml", status=7)
    user.treadle("run", "ship.yaml", "--mode", "autopilot")
    assert (user.project / "deployed").exists()


def test_a_mode_that_is_not_there(user, ship):
    err = user.treadle("run", "ship.yaml", "--mode", "hybird", status=2).err
    assert "did you mean `hybrid`?" in err


def test_a_gate_that_warns_ends_with_a_warning_and_stands_in_the_report(user, check):
    err = user.treadle("run", "check.yaml", "--report", "out.md").err
    assert "completed with 1 warning" in err
    assert "| coverage | `test_coverage < 80%` | test_coverage = 70 | warn | `test` |" in "\n".join(
        user.lines("out.md")
    )


def test_strict_fails_and_lenient_does_not(user, check):
    err = user.treadle("run", "check.yaml", "--strict", status=1).err
    assert "gate coverage is not met: test_coverage < 80% (test_coverage = 70)" in err
    assert not (user.project / "published").exists()
    user.write("own.yaml", "treadle-gates: 1\ngates:\n  coverage: {when: test_coverage < 75%}\n")
    user.treadle("run", "check.yaml", "--custom-gates", "own.yaml", status=1)
    user.treadle("run", "check.yaml", "--custom-gates", "own.yaml", "--lenient")
    assert "exclude each other" in user.treadle("run", "check.yaml", "--strict", "--lenient", status=2).err


def test_gates_that_judge_nothing_are_told(user, check):
    user.write("own.yaml", "treadle-gates: 1\nconditions:\n  - {if: complexity > 10, then: suggest_refactoring}\n")
    err = user.treadle("run", "check.yaml", "--custom-gates", "own.yaml").err
    assert "condition-1 of own.yaml is never judged: no step of check publishes its figures" in err


def test_a_broken_file_of_gates_is_shown_with_its_line(user, check):
    user.write("own.yaml", "treadle-gates: 1\ngates:\n  a: {when: test_coverage < 80, than: fail}\n")
    err = user.treadle("run", "check.yaml", "--custom-gates", "own.yaml", status=2).err
    assert "own.yaml:3:" in err
    assert "did you mean `then`?" in err
    assert user.treadle("run", "check.yaml", "--custom-gates", "none.yaml", status=3).err


def test_limits_of_one_run(user):
    user.write("slow.yaml", "treadle: 1\nname: slow\nsteps:\n  - {id: a, run: sleep 60}\n")
    user.treadle("run", "slow.yaml", "--timeout", "0.01", status=8)
    assert "no number of minutes" in user.treadle("run", "slow.yaml", "--timeout", "soon", status=2).err


def test_resume_takes_the_newest_and_nothing_else(user, check):
    assert "there is no execution of check" in user.treadle("run", "check.yaml", "--resume", status=3).err
    user.treadle("run", "check.yaml", "--strict", status=1)
    failed = user.newest()
    assert "takes no inputs" in user.treadle("run", "check.yaml", "--resume", "--lenient", status=2).err
    user.treadle("run", "check.yaml", "--resume", status=1)
    assert user.newest() != failed
    assert user.status()["steps"]["test"]["state"] == "failed"


def test_at_a_terminal_one_is_asked_there_and_then(user, ship, at_terminal):
    terminal = at_terminal("run", "ship.yaml", "--mode", "hybrid", "--no-color")
    terminal.see("run deploy: command/run, high risk?")
    terminal.see("approve?")
    terminal.press("no\n")
    terminal.see("omment")
    terminal.press("not on a Friday\n")
    assert terminal.end() == 0
    assert user.lines("told") == ["rejected"]
    assert not (user.project / "deployed").exists()
