"""`testing/find-flaky` on real pytest processes: tests that depend on their order are found, with the seeds."""

from pathlib import Path

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext

LEAKY = """
import lib

def test_first():
    lib.state = "set"

def test_second():
    assert getattr(lib, "state", "") == "set", "it needs the first"

def test_steady():
    pass

def test_wrong():
    assert False
"""


@pytest.fixture
def find(tmp_path: Path, project):
    def perform(text: str, **inputs):
        (tmp_path / "scratch").mkdir()
        root = project({"tests/test_lib.py": text})
        return StandaloneContext(root, tmp_path / "scratch").perform("testing/find-flaky", **inputs)

    return perform


def test_one_that_needs_another_is_found_with_its_evidence(find) -> None:
    outcome = find(LEAKY, runs=6, seed=1)
    assert outcome.name == "needs-work"
    [flaky] = outcome.outputs["flaky"]
    assert flaky["id"].endswith("::test_second")
    assert "it needs the first" in flaky["message"]
    assert 0 in flaky["passed_in"]
    assert flaky["failed"] + flaky["passed"] == 6
    assert [name.rpartition("::")[2] for name in outcome.outputs["always_failing"]] == ["test_wrong"]
    orders = {run["seed"]: run["order"] for run in outcome.outputs["runs"]}
    for seed, order in orders.items():
        names = [name.rpartition("::")[2] for name in order]
        assert (names.index("test_second") < names.index("test_first")) == (seed in flaky["failed_in"])


def test_the_same_seed_gives_the_same_orders(find, tmp_path: Path) -> None:
    first = find(LEAKY, runs=3, seed=7)
    again = StandaloneContext(tmp_path / "project", tmp_path / "scratch").perform("testing/find-flaky", runs=3, seed=7)
    assert [run["order"] for run in first.outputs["runs"]] == [run["order"] for run in again.outputs["runs"]]


def test_steady_tests_are_a_success(find) -> None:
    outcome = find("def test_a():\n    pass\n\ndef test_b():\n    pass\n", runs=3)
    assert (outcome.name, outcome.outputs["flaky"]) == ("success", [])
    assert outcome.outputs["summary"] == "0 of 2 tests do not end alike in 3 runs"


@pytest.mark.parametrize(("text", "inputs", "kind"), [("x = 1\n", {}, "no-tests"), ("", {"runs": 1}, "invalid-input")])
def test_what_it_refuses(find, text: str, inputs: dict[str, int], kind: str) -> None:
    with pytest.raises(ActionError) as caught:
        find(text, **inputs)
    assert caught.value.error_class == kind
