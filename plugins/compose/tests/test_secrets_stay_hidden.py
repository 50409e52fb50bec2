"""A secret answer stands in the project's files that were made to hold it, and in no other file on this disk."""

from pathlib import Path
from typing import Any

import pytest

SECRET = "hunter2-hunter2"
TOKEN = {"variables": [{"name": "TOKEN", "secret": True, "help": "a token"}]}


def leaks(bench: Any, *expected: str) -> list[str]:
    """Files that hold the secret, but those that are expected to."""
    top = bench.folder.parent
    found = [path for path in top.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    names = [path.relative_to(top).as_posix() for path in found]
    return sorted(set(names) ^ {f"templates/made/{name}" for name in expected})


def templated(bench: Any, **hook: Any) -> None:
    """A template whose file holds the secret, and a hook after it."""
    hooks = {"hooks": {"postSetup": [{"name": "work", **hook}]}} if hook else {}
    bench.template("one", {"env.j2": "TOKEN={{ TOKEN }}\n"}, {**TOKEN, **hooks})


@pytest.mark.parametrize("place", ["staging", "project"])
def test_what_a_hook_prints_is_masked(bench: Any, place: str) -> None:
    templated(bench, command="echo {{ TOKEN }}", **{"in": place})
    status = bench.composed("one", secrets={"TOKEN": SECRET}, trust="sandboxed")
    assert leaks(bench, "env") == []
    assert SECRET not in str(bench.outputs(status, "after"))


@pytest.mark.parametrize("place", ["staging", "project"])
def test_a_hook_that_fails_leaves_nothing(bench: Any, place: str) -> None:
    templated(bench, command="cat env /nowhere", **{"in": place})
    status = bench.compose("one", secrets={"TOKEN": SECRET}, trust="sandboxed")
    assert status.status == "failed"
    assert SECRET not in str(status.error)
    assert not bench.target.exists()
    assert leaks(bench) == []


def test_a_template_that_fails_leaves_nothing_of_the_others(bench: Any) -> None:
    templated(bench)
    bench.template("bad", {"b.j2": "{{ missing }}\n"})
    assert bench.compose("one", "bad", secrets={"TOKEN": SECRET}).status == "failed"
    assert leaks(bench) == []


def test_neither_an_open_conflict_nor_a_trial_leaves_it(bench: Any) -> None:
    templated(bench)
    bench.template("two", {"env.j2": "TOKEN=other\n", "LICENSE": "2"})
    (bench.folder / "one/files/LICENSE").write_text("1")
    assert bench.compose("one", "two", secrets={"TOKEN": SECRET}).status == "failed"
    assert leaks(bench) == []
    templated(bench)
    (bench.folder / "one/files/LICENSE").unlink()
    assert bench.compose("one", write=False, secrets={"TOKEN": SECRET}).status == "completed"
    assert leaks(bench) == []


def test_a_secret_is_not_computed_into_what_is_shown(bench: Any) -> None:
    """Neither a mapping nor a default that is made of it reaches the lock."""
    manifest = {
        "variables": [*TOKEN["variables"], {"name": "URL", "default": "https://x:{{ TOKEN }}@y"}],
        "composition": {"variables": {"mappings": {"ALSO": "{{TOKEN}}"}}},
    }
    bench.template("one", {"env.j2": "{{ URL }} {{ ALSO }}\n"}, manifest)
    bench.composed("one", secrets={"TOKEN": SECRET})
    assert bench.tree() == {"env": f"https://x:{SECRET}@y {SECRET}\n"}
    assert leaks(bench, "env") == []


def test_a_plan_to_carry_elsewhere_is_not_made_with_it(bench: Any, tmp_path: Path) -> None:
    templated(bench)
    out = tmp_path / "plan.zip"
    told = {"write": False, "plan_out": str(out)}
    problem = bench.problem("one", step="plan", secrets={"TOKEN": SECRET}, **told)
    assert (problem["exit_code"], problem["context"]["paths"]) == (4, ["env"])
    assert not out.exists()
    assert leaks(bench) == []
    bench.template("two", {"a.txt": "a\n"})
    assert bench.compose("two", **told).status == "completed"
    assert out.exists()
