"""P10: every runtime and store gives the same log, ids and times aside, when things end in the same order."""

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import patterns
import pytest
from conducting import Clock, Score, play, told
from hosts import RUNTIMES, Decider
from treadle import Treadle
from treadle_engine.plan import scopes_of, steps_within, workflows_of
from treadle_engine.protocol import Cancel, Pause, Resume
from treadle_hookspecs import TreadleError
from treadle_testkit.random_workflows import (
    EVERYTHING,
    FAMILIES,
    NESTED,
    WAITING,
    random_choice,
    random_plan,
    random_script,
    random_speech,
)

ROOT = Path(__file__).parents[2]
KINDS = [replace(EVERYTHING, groups=False), NESTED, WAITING, FAMILIES]
SEEDS = 12
"""Random workflows of each kind; the order of their endings differs as well."""


def score(plan, seed, *, interrupted=False):
    rng = Random(f"{seed}/interrupts")
    said = {rng.randrange(1, 12): Pause(0, "user:eve", "lunch"), rng.randrange(12, 20): Resume(0, "user:eve")}
    if seed % 3 == 0:
        said[rng.randrange(2, 30)] = Cancel(0, "user:eve", "enough")
    chosen = said if interrupted else {}
    return Score(plan, random_script(seed), random_speech(seed), random_choice(seed), chosen)


def same(plan, seed, tmp_path, *, interrupted=False):
    """Play it everywhere; the log that all give."""

    def played(make):
        folder = tmp_path / f"{seed}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        clock = Clock()
        return told(play(score(plan, seed, interrupted=interrupted), make(plan, clock, folder), clock))

    wanted = played(Decider)
    for name, make in RUNTIMES.items():
        assert played(make) == wanted, name
    return wanted


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("features", KINDS, ids=["flat", "nested", "waits", "children"])
def test_random_workflows(features, seed, tmp_path):
    assert same(random_plan(seed, features), seed, tmp_path)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_workflows_that_people_interrupt(seed, tmp_path):
    log = same(random_plan(seed, WAITING), seed, tmp_path, interrupted=True)
    assert log[-1]["seq"] == len(log)


def steps_of(plan):
    return [step for each in workflows_of(plan) for _, scope in scopes_of(each) for _, step in steps_within(scope)]


def is_one_executions_own(plan):
    """Neither places in groups nor executions that are started beside it: what others do would be in its log."""
    return not any(each.concurrency for each in workflows_of(plan)) and not any(
        step.concurrency or step.detached for step in steps_of(plan)
    )


@pytest.fixture(scope="module")
def treadle(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with Treadle(patterns.HERE, overrides={"home": str(home), "max_parallel": 4}) as found:
        yield found


@pytest.mark.parametrize("shown", [pytest.param(each, id=each.definition.stem) for each in patterns.shown()])
def test_patterns(shown, treadle, tmp_path):
    plan = treadle.plan(str(shown.definition))
    if is_one_executions_own(plan):
        same(plan, shown.number, tmp_path)
    else:
        assert shown.number in OF_SEVERAL


OF_SEVERAL = {12, 13, 14, 15, 17, 18, 22, 28, 30, 31, 33, 39, 40}


def test_ready_workflows(treadle, tmp_path):
    played = 0
    for seed, entry in enumerate(treadle.workflows()):
        plan = treadle.plan(entry.path)
        if is_one_executions_own(plan):
            played += 1
            same(plan, seed, tmp_path)
    assert played > 6


EXAMPLES = [
    pytest.param(found.group(1), id=f"{page.relative_to(ROOT)}:{text[: found.start()].count(chr(10)) + 1}")
    for page in sorted(ROOT.glob("docs/**/*.md"))
    if (text := page.read_text("utf-8"))
    for found in re.finditer(r"^```ya?ml\n(treadle: 1\n.*?)^```", text, re.DOTALL | re.MULTILINE)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_of_the_documentation(text, treadle, tmp_path):
    path = tmp_path / "example.yaml"
    path.write_text(text, "utf-8")
    try:
        plan = treadle.plan(str(path))
    except TreadleError:
        return  # it shows a mistake, or needs a file that stands beside it there
    if is_one_executions_own(plan):
        assert same(plan, len(text), tmp_path)


def test_there_are_examples():
    assert len(EXAMPLES) > 10
