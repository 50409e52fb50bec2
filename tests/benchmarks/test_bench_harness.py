"""The harness at a size that proves nothing about speed: every figure is measured, and none is judged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).with_name("bench.py")
pytestmark = pytest.mark.timeout(900)  # every probe is a process of its own, and one starts a Temporal server


def bench(folder, *arguments):
    command = [sys.executable, str(BENCH), "--tiny", "--json", str(folder / "bench.json"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_harness(tmp_path):
    """One test, for one run of it takes minutes, and each process of the suite would make its own."""
    ended = bench(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    every_claim_has_a_figure(document)
    figures_are_numbers_with_a_durability(document)
    the_table_shows_them_all(document, ended.stdout)
    assert list((tmp_path / "build").iterdir()) == [], "nothing stays behind"


def every_claim_has_a_figure(document):
    limited = {figure["name"] for figure in document["figures"] if figure["limit"] is not None}
    for claim in (
        "treadle / raw",
        "DBOS / treadle",
        "commits per chain step",
        "SELECTs per chain step",
        "bytes on disk per chain step",
        "time a step",
        ": commits",
        "peak memory",
        "step 60 / step 10",
        "executions x 5 steps",
        "Postgres, chain of 20: treadle / raw",
        "x 5 steps at a time: treadle / DBOS",
        "treadle --version / import typer",
        "treadle --help / bare Typer app --help",
        "first durable step",
        "start to first step",
        "one compensation",
        "treadle compose --help",
        "ten cached templates",
        "ten native templates composed",
        "ten native templates: peak memory",
        "twenty templates / ten",
        "one template of copier / copier itself",
        "journal / the same files",
        "recovery of",
        "reads of the log",
        "two scopes deep",
        "an iteration of one step",
        "writing them through the journal",
        "treadle / by hand",
    ):
        assert any(claim in name for name in limited), claim


def figures_are_numbers_with_a_durability(document):
    for figure in document["figures"]:
        assert isinstance(figure["value"], float | int), figure
        if "us/step" in figure["unit"]:
            assert figure["durability"] in {"FULL", "NORMAL"}, figure


def the_table_shows_them_all(document, table):
    for figure in document["figures"]:
        assert figure["name"] in table


def test_a_probe_that_fails_shows_its_last_words(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from runner import Runner; Runner().probe('chain', steps='x')"
    )
    command = [sys.executable, "-c", script, str(BENCH.parent)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "the probe chain failed" in ended.stderr
    assert "synchronous" in ended.stderr
