"""Dead code, opportunities, and behaviour before and after, in a real repository with real tests."""

import sys

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.repositories import GitRepository

BRANCHES = "".join(f"    if a == {n}:\n        return {n}\n" for n in range(12))
SOURCE = f"""\
import os


def used(a):
    return _inner(a)


def _inner(a):
    return a + 1


def _forgotten(a):
    return a - 1


def _for_tests(a):
    return a


def _named_in_words(a):
    return a


def public_but_unused(a):
    return a


def hard(a):
{BRANCHES}    return -1
"""
TESTS = """\
from lib import _for_tests, hard, used


def test_used():
    assert used(1) == 2
    assert _for_tests(1) == 1


def test_hard():
    assert [hard(n) for n in range(13)] == [*range(12), -1]
"""
FILES = {
    "src/lib.py": SOURCE,
    "tests/test_lib.py": TESTS,
    "plugins.toml": 'hook = "lib:_named_in_words"\n',
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
}
PYTHON = {"python": sys.executable}


@pytest.fixture
def repository(tmp_path):
    return GitRepository.create(tmp_path / "project", FILES)


def test_dead_code_comes_with_evidence(repository, perform) -> None:
    outputs = perform("refactoring/find-dead-code", repository.root).outputs
    found = {one["name"]: one for one in outputs["dead"]}
    assert found.keys() == {"os", "_forgotten", "_for_tests", "_named_in_words"}
    assert found["_forgotten"]["verdict"] == "likely"
    assert found["_for_tests"]["only_tests"] is True
    assert found["_named_in_words"]["verdict"] == "possible"
    assert "its name stands in plugins.toml" in found["_named_in_words"]["evidence"]
    assert outputs["lines"] == sum(one["lines"] for one in outputs["dead"])
    public = perform("refactoring/find-dead-code", repository.root, public=True).outputs["dead"]
    assert {one["name"] for one in public} - found.keys() >= {"public_but_unused"}


def test_what_cannot_be_used_is_certain(repository, perform) -> None:
    repository.write({"src/lib.py": "def used(a):\n    return a\n    print('never')\n"})
    (one,) = perform("refactoring/find-dead-code", repository.root, min_confidence=100, target="src").outputs["dead"]
    assert (one["kind"], one["verdict"]) == ("unreachable code", "certain")


def test_what_does_not_parse_is_named(repository, perform) -> None:
    repository.write({"src/broken.py": "def f(:\n"})
    assert perform("refactoring/find-dead-code", repository.root).outputs["unparsed"] == ["src/broken.py"]


def test_opportunities_are_weighed_by_figures(repository, perform) -> None:
    for number in range(3):
        repository.commit({"src/lib.py": SOURCE + f"# {number}\n"}, f"touch {number}")
    outputs = perform("suggest_refactoring", repository.root, target="src").outputs
    first = outputs["opportunities"][0]
    assert (first["kind"], first["name"], first["file"]) == ("complex-function", "hard", "src/lib.py")
    assert first["evidence"] == "`hard` has complexity 13 (limit 10); 4 commits touched its file"
    assert first["weight"] == round(1.3 * 5, 2)
    assert {one["kind"] for one in outputs["opportunities"]} == {"complex-function", "dead-code"}
    assert "src/lib.py:28" in outputs["instructions"]


def test_the_harness_holds_the_target_or_says_what_it_lacks(repository, perform) -> None:
    root = repository.root
    held = perform("refactoring/safety-harness", root, target="src/lib.py", min_coverage=80.0, **PYTHON)
    assert (held.name, held.outputs["verdict"]) == ("success", "pass")
    assert held.outputs["harness"]["passed"] == 2
    assert held.outputs["harness"]["api"]["src/lib.py:used"] == "(a)"
    thin = perform("refactoring/safety-harness", root, min_coverage=100.0, **PYTHON)
    assert thin.name == "needs-work"
    assert thin.outputs["uncovered"][0]["path"] == "src/lib.py"
    assert "Write tests that hold" in thin.outputs["instructions"]


def test_the_same_behaviour_passes_and_another_one_does_not(repository, perform) -> None:
    root = repository.root
    harness = perform("refactoring/safety-harness", root, **PYTHON).outputs["harness"]
    repository.write({"src/lib.py": SOURCE.replace("a + 1", "1 + a")})
    same = perform("refactoring/verify-behaviour", root, harness=harness, **PYTHON).outputs
    assert (same["verdict"], same["new_failures"], same["api"]) == ("pass", [], [])
    repository.write({"src/lib.py": SOURCE.replace("a + 1", "a + 2")})
    with pytest.raises(ActionError, match=r"it fails now: .*test_used") as caught:
        perform("refactoring/verify-behaviour", root, harness=harness, **PYTHON)
    assert caught.value.error_class == "behaviour-changed"
    assert caught.value.outputs["verdict"] == "fail"


def test_a_public_name_may_not_go_and_no_test_may(repository, perform) -> None:
    root = repository.root
    harness = perform("refactoring/safety-harness", root, **PYTHON).outputs["harness"]
    repository.write({"src/lib.py": SOURCE.replace("def public_but_unused(a)", "def public_but_unused(a, b=1)")})
    with pytest.raises(ActionError, match=r"has other parameters: \(a\) was, \(a, b=1\) is"):
        perform("refactoring/verify-behaviour", root, harness=harness, **PYTHON)
    allowed = perform("refactoring/verify-behaviour", root, harness=harness, allow_api_changes=True, **PYTHON).outputs
    assert len(allowed["api"]) == 1
    repository.write({"src/lib.py": SOURCE, "tests/test_lib.py": TESTS.partition("def test_hard")[0]})
    with pytest.raises(ActionError, match="1 tests pass, 2 did: some are gone"):
        perform("refactoring/verify-behaviour", root, harness=harness, **PYTHON)


def test_what_was_moved_is_not_gone(repository, perform) -> None:
    root = repository.root
    harness = perform("refactoring/safety-harness", root, **PYTHON).outputs["harness"]
    moved = SOURCE.replace("def public_but_unused(a):\n    return a\n", "")
    repository.write({"src/lib.py": moved, "src/other.py": "def public_but_unused(a):\n    return a\n"})
    assert perform("refactoring/verify-behaviour", root, harness=harness, **PYTHON).outputs["api"] == []


def test_without_tests_nothing_is_held(tmp_path, perform) -> None:
    repository = GitRepository.create(tmp_path / "bare", {"src/lib.py": "X = 1\n", ".gitignore": ".pytest_cache/\n"})
    with pytest.raises(ActionError, match="there are no tests") as caught:
        perform("refactoring/safety-harness", repository.root, **PYTHON)
    assert caught.value.error_class == "no-tests"
