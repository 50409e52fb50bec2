"""`cache:` of a step: what is reused, what a miss says, and what is never kept."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import treadle_command.plugin
from treadle import Treadle

Write = Callable[..., str]


@pytest.fixture
def cached(open_treadle: Callable[..., Treadle]) -> Treadle:
    treadle = open_treadle()
    treadle.plugins.register(treadle_command.plugin, name="command")
    return treadle


def said(treadle: Treadle, path: str, step: str = "build", **inputs: Any) -> Any:
    """Run, and what the cache had to say of the step's last attempt."""
    status = treadle.run(path, inputs)
    assert status.status == "completed", status.error
    return treadle.reused(status.id, step)[-1]


BUILD = """
inputs: {n: {type: integer, default: 1}}
outputs: {said: "{{ steps.build.outputs.stdout }}"}
steps:
  - id: build
    run: |
      echo ran >> ran.txt
      mkdir -p out && cat src/*.txt > out/all && chmod 755 out/all && ln -sf all out/link
      echo built {{ inputs.n }}
    cache: {files: src/**, produces: [out], env: MODE}
"""


@pytest.fixture
def sources(project: Path) -> Path:
    folder = project / "src"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    return folder


def test_outputs_and_files_come_back_without_a_run(cached: Treadle, write: Write, sources: Path, project: Path) -> None:
    path = write(BUILD)
    first = cached.run(path)
    assert cached.reused(first.id, "build")[0].why == ("there is no earlier run of this step",)
    (project / "out/all").unlink()
    (project / "out/link").unlink()
    second = cached.run(path)
    assert second.outputs == first.outputs == {"said": "built 1\n"}
    assert (project / "ran.txt").read_text() == "ran\n"
    assert (project / "out/all").read_text() == "ab"
    assert os.access(project / "out/all", os.X_OK)
    assert (project / "out/link").readlink() == Path("all")
    hit = cached.reused(second.id, "build")[0]
    assert (hit.hit, hit.origin, hit.address) == (True, f"{first.id}/build#1", "build#1.1")
    del sources


def test_a_miss_says_what_has_changed_and_against_which_run(
    cached: Treadle, write: Write, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(BUILD)
    first = said(cached, path)
    (changed,) = said(cached, path, n=2).why
    assert changed.startswith("env TREADLE_V")
    (sources / "a.txt").write_text("A")
    (sources / "c.txt").write_text("c")
    (sources / "b.txt").unlink()
    monkeypatch.setenv("MODE", "fast")
    miss = said(cached, path, n=2)
    assert not miss.hit
    assert miss.kept
    assert miss.why == (
        "file src/c.txt is new",
        "file src/b.txt is gone",
        "file src/a.txt has changed",
        "variable MODE has changed",
    )
    assert miss.origin.endswith("/build#1")
    assert miss.key != first.key


def test_what_was_cleared_is_run_again_and_says_so(cached: Treadle, write: Write, sources: Path) -> None:
    path = write(BUILD)
    said(cached, path)
    assert said(cached, path).hit
    assert cached.step_cache.size()[0] == 1
    assert cached.step_cache.clear() == 1
    assert cached.step_cache.size() == (0, cached.step_cache.size()[1])
    assert said(cached, path).why == ("there is no earlier run of this step",)
    assert said(cached, path).hit
    assert sources.is_dir()


def test_a_failure_is_never_kept(cached: Treadle, write: Write, project: Path) -> None:
    path = write("steps:\n  - {id: build, run: 'test -e good', cache: true}")
    status = cached.run(path)
    assert cached.reused(status.id, "build")[0].because == "its outcome is failure"
    (project / "good").touch()
    assert not said(cached, path).hit
    assert said(cached, path).hit


def test_a_result_expires(cached: Treadle, write: Write) -> None:
    path = write("steps:\n  - {id: build, run: echo x, cache: {ttl: 0}}")
    assert said(cached, path).kept
    miss = said(cached, path)
    assert (miss.hit, miss.why) == (False, ("what was kept has expired, was dropped, or was not kept",))


def test_what_holds_a_secret_is_not_kept_and_no_key_holds_one(
    cached: Treadle, write: Write, monkeypatch: pytest.MonkeyPatch, everything_on_disk: Callable[[], bytes]
) -> None:
    monkeypatch.setenv("THE_TOKEN", "hunter2-hunter2")
    head = "secrets: {TOKEN: {env: THE_TOKEN}}\nsteps:\n"
    leaks = write(head + "  - {id: build, run: 'echo $T', env: {T: '{{ secrets.TOKEN }}'}, cache: true}", "leaks")
    found = said(cached, leaks)
    assert (found.kept, found.because) == (False, "its outputs hold a secret or a sensitive value")
    uses = write(head + "  - {id: build, run: ': $T', env: {T: '{{ secrets.TOKEN }}'}, cache: true}", "uses")
    assert said(cached, uses).kept
    monkeypatch.setenv("THE_TOKEN", "another-token")  # a secret counts by its name
    assert said(cached, uses).hit
    cached.close()
    assert b"hunter2" not in everything_on_disk()


def test_sensitive_inputs_do_not_reach_the_cache(
    cached: Treadle, write: Write, everything_on_disk: Callable[[], bytes]
) -> None:
    path = write(
        "inputs: {pin: {sensitive: true}}\nsteps:\n  - {id: build, run: 'echo {{ inputs.pin }} | rev', cache: true}\n"
        "  - {id: told, run: 'echo {{ inputs.pin }}', cache: true}\n"
    )
    assert said(cached, path, "told", pin="swordfish-1").because == "its outputs hold a secret or a sensitive value"
    assert said(cached, path, "build", pin="swordfish-1").hit
    assert not said(cached, path, "build", pin="swordfish-2").hit
    cached.close()
    assert b"swordfish" not in everything_on_disk()


def test_the_action_and_its_version_belong_to_the_key(cached: Treadle, write: Write, bench: Any) -> None:
    path = write("steps:\n  - {id: build, uses: bench/note, with: {value: [1]}, cache: true}")
    said(cached, path)
    assert said(cached, path).hit
    assert [address for address, _ in bench.calls] == ["build#1.1"]


def test_items_and_visits_are_told_apart_and_shared_by_content(cached: Treadle, write: Write, bench: Any) -> None:
    path = write("""
steps:
  - id: build
    for_each: [1, 2, 1]
    max_parallel: 1
    uses: bench/note
    with: {value: "{{ item }}"}
    cache: true
""")
    status = cached.run(path)
    assert status.status == "completed"
    assert len(bench.calls) == 2
    assert [cached.reused(status.id, f"build[{n}]/build")[0].hit for n in (1, 2, 3)] == [False, False, True]


def test_a_setting_switches_it_off(open_treadle: Callable[..., Treadle], write: Write, bench: Any) -> None:
    treadle = open_treadle(cache=False)
    path = write("steps:\n  - {id: build, uses: bench/note, cache: true}")
    first, second = treadle.run(path), treadle.run(path)
    assert len(bench.calls) == 2
    assert list(treadle.reused(first.id, "build")) == list(treadle.reused(second.id, "build")) == []


def test_a_cache_that_is_damaged_is_an_empty_one(cached: Treadle, write: Write, home: Path) -> None:
    folder = home / "cache/steps"
    folder.mkdir(parents=True)
    (folder / "cache.db").write_bytes(b"not a database" * 100)
    path = write("steps:\n  - {id: build, run: echo x, cache: true}")
    found = said(cached, path)
    assert not found.hit
    assert "the cache cannot be used" in found.why[0]
