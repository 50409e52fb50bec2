"""Ready workflows on releases from the index: `make test-projects`. No part of `make test`, which asks none."""

from pathlib import Path

import pytest
from released import RELEASES, unpack
from users import User
from workshop import Workshop, states

CACHE = Path(__file__).parents[2] / ".venv/releases"


@pytest.fixture(params=sorted(RELEASES))
def released(request: pytest.FixtureRequest, user: User) -> Workshop:
    """A release in a repository, with a program as agent."""
    project, release = RELEASES[request.param]
    shop = Workshop(user, project)
    unpack(release, shop.root, CACHE)
    shop.begin()
    return shop


def test_feature_implementation(released: Workshop) -> None:
    project, before = released.project, released.bytes()
    released.agent_does(("Write tests", project.feature_tests), ("Implement:", project.feature))
    options = ("--mode", "autopilot", "--checkpoint", "--parallel", "--strict", "--json")
    ended = released.run("feature-implementation", "--spec", project.spec, *options).json
    assert ended["status"] == "completed", ended["error"]
    assert ended["outputs"]["verdict"] == "pass"
    assert released.tests_pass(*project.feature_tests)
    assert "| Tests added | 1 |" in released.report()
    released.user.treadle("rollback", ended["id"], "--yes")
    assert released.bytes() == before


def test_bug_fix(released: Workshop) -> None:
    project = released.project
    released.commit(project.bug, "a bug")
    before = released.bytes()
    released.agent_does(("Write one test", project.reproduction), ("Mend this bug", project.fix))
    options = ("--issue", project.issue, "--priority", "high", "--json")
    ended = released.run("bug-fix", *options).json
    assert ended["status"] == "completed", ended["error"]
    assert released.tests_pass(*project.reproduction)
    released.user.treadle("rollback", ended["id"], "--yes")
    assert released.bytes() == before


def test_a_bug_that_is_not_mended_leaves_nothing(released: Workshop) -> None:
    project = released.project
    released.commit(project.bug, "a bug")
    before = released.bytes()
    released.agent_does(("Write one test", project.reproduction), ("Mend this bug", {"NOTES.txt": ("", "I tried\n")}))
    failed = released.run("bug-fix", "--issue", project.issue, "--json", status=1).json
    assert failed["error"]["type"] in ("not-fixed", "no-change")
    assert failed["rollback"] == "done"
    assert released.bytes() == before


def test_implement_feature(released: Workshop) -> None:
    project, before = released.project, released.bytes()
    released.agent_does(("Implement:", {**project.feature, **project.feature_tests}))
    ended = released.run("implement-feature", "--feature", project.spec, "--forge", "none", "--json").json
    assert ended["status"] == "completed", ended["error"]
    assert Path(ended["outputs"]["pull_request"]).is_file()
    released.user.treadle("rollback", ended["id"], "--yes")
    released.git("branch", "--quiet", "-D", ended["outputs"]["branch"])
    assert released.bytes() == before


def test_implement_feature_repairs_and_gives_up(released: Workshop) -> None:
    project, before = released.project, released.bytes()
    spoilt_and_new = {**project.spoilt, **project.feature_tests}
    mend = {name: (new, old) for name, (old, new) in project.spoilt.items()}
    released.agent_does(("Implement:", spoilt_and_new), ("These tests fail", {**mend, "NOTES.txt": ("", "mended\n")}))
    failed = released.run("implement-feature", "--feature", project.spec, "--forge", "none", "--json", status=1).json
    assert failed["rollback"] == "done"
    assert failed["steps"]["test"]["visits"] >= 2
    assert states(failed)["review"] != "succeeded"
    assert released.bytes() == before


def test_refactor(released: Workshop) -> None:
    project, before = released.project, released.bytes()
    released.agent_does(("Refactor", project.rewrite))
    options = ("--target", project.target, "--rounds", "6", "--max-slowdown", "1000", "--min-coverage", "70", "--json")
    work = f'["python", "-c", "import {project.name}"]'
    ended = released.run("refactor", *options, "--benchmark", work).json
    assert ended["status"] == "completed", ended["error"]
    released.user.treadle("rollback", ended["id"], "--yes")
    assert released.bytes() == before


def test_pr_processing_and_feature_integration(released: Workshop) -> None:
    project = released.project
    released.git("switch", "--quiet", "--create", "feature")
    released.commit({**project.feature, **project.feature_tests}, "the feature")
    released.git("switch", "--quiet", "main")
    options = ("--base", "main", "--head", "feature", "--json")
    reviewed = released.run("pr-processing", *options).json
    assert (reviewed["status"], reviewed["outputs"]["verdict"]) == ("completed", "pass"), reviewed["error"]
    work = f'["python", "-c", "import {project.name}"]'
    measured = ("--benchmark", work, "--rounds", "6", "--max-slowdown", "1000")
    integrated = released.run("feature-integration", *options, *measured).json
    assert (integrated["status"], integrated["outputs"]["verdict"]) == ("completed", "pass"), integrated["error"]
    assert released.git("worktree", "list").count("\n") == 0
