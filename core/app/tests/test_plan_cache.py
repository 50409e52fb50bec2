from dataclasses import replace
from pathlib import Path

import pytest
from treadle.definition import Use
from treadle.plans import PlanCache
from treadle.plugins import PluginRecord
from treadle_engine.plan import Plan, ScopePlan, StepPlan

PLAN = Plan("p", ScopePlan((StepPlan("a", action="m/a", with_={"x": [1, "{{ inputs.y }}"]}, needs=()),)))
GIT = PluginRecord("git", "treadle-git", "1.0")


def test_a_plan_comes_back_in_another_process_as_it_was(tmp_path: Path) -> None:
    first = PlanCache(tmp_path, [GIT])
    assert first.find(b"text", ".yaml") is None
    first.keep(b"text", ".yaml", PLAN)
    first.close()
    second = PlanCache(tmp_path, [GIT])
    assert second.find(b"text", ".yaml") == PLAN
    second.close()


def test_one_process_reads_a_plan_once(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path, [GIT])
    cache.keep(b"text", ".yaml", PLAN)
    assert cache.find(b"text", ".yaml") is cache.find(b"text", ".yaml")
    cache.close()


def test_what_was_compiled_with_another_file_is_what_counts(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path, [GIT])
    cache.keep(b"text", ".yaml", PLAN, [Use("c.yaml", "", "/c.yaml", "1")])
    assert cache.find(b"text", ".yaml", lambda use: use.hash == "1") == PLAN
    assert cache.find(b"text", ".yaml", lambda use: use.hash == "2") is None
    later = replace(PLAN, title="later")
    cache.keep(b"text", ".yaml", later, [Use("c.yaml", "", "/c.yaml", "2")])
    assert cache.find(b"text", ".yaml", lambda use: use.hash == "2") == later
    cache.close()


@pytest.mark.parametrize(
    ("text", "suffix", "record"),
    [
        (b"text ", ".yaml", GIT),
        (b"text", ".json", GIT),
        (b"text", ".yaml", PluginRecord("git", "treadle-git", "1.1")),
        (b"text", ".yaml", PluginRecord("git", "treadle-git", "1.0", "broken")),
    ],
)
def test_whatever_a_verdict_depends_on_is_in_the_key(
    tmp_path: Path, text: bytes, suffix: str, record: PluginRecord
) -> None:
    cache = PlanCache(tmp_path, [GIT])
    cache.keep(b"text", ".yaml", PLAN)
    cache.close()
    other = PlanCache(tmp_path, [record])
    assert other.find(text, suffix) is None
    other.close()


def test_a_damaged_cache_is_an_empty_one(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "plans"
    folder.mkdir(parents=True)
    (folder / "cache.db").write_bytes(b"this is no database" * 100)
    cache = PlanCache(tmp_path, [GIT])
    cache.keep(b"text", ".yaml", PLAN)
    assert cache.find(b"text", ".yaml") is None


def test_a_home_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = PlanCache(tmp_path / "file" / "home", [GIT])
    cache.keep(b"text", ".yaml", PLAN)
    assert cache.find(b"text", ".yaml") is None


def test_the_home_is_private(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path / "home", [GIT])
    cache.keep(b"text", ".yaml", PLAN)
    cache.close()
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_nothing_in_it_is_a_pickle(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path, [GIT])
    cache.keep(b"text", ".yaml", PLAN)
    cache.close()
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"treadle_engine" not in content
