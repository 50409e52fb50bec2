"""Each of the workflow control-flow patterns, by a definition and the traces that it must have."""

from functools import cache

import patterns
import pytest
import yaml
from treadle import Treadle
from treadle.rehearsal import lines_of

AT_MOST = 3
"""Patterns that may be left out, each for a reason that the page names."""


SCENARIOS = [
    pytest.param(each, case["name"], id=f"{each.number}: {case['name']}")
    for each in patterns.shown()
    for case in yaml.safe_load(each.cases.read_text("utf-8"))["cases"]
]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The results of a pattern's cases, by name; its file is played once."""
    home = tmp_path_factory.mktemp("home")
    with Treadle(patterns.HERE, overrides={"home": str(home)}) as treadle:

        @cache
        def play(each):
            (file,) = treadle.rehearse([str(each.cases)])
            assert not file.loaded.problems
            return {result.name: result for result in file.cases}

        yield play


@pytest.mark.parametrize(("each", "name"), SCENARIOS)
def test_a_trace(each, name, played):
    result = played(each)[name]
    assert result.passed, "\n".join(lines_of(result))
    assert not result.unused


@pytest.mark.parametrize("each", [pytest.param(each, id=each.definition.stem) for each in patterns.shown()])
def test_a_definition_is_named_after_its_pattern_and_its_cases_say_where_it_goes(each):
    title = yaml.safe_load(each.definition.read_text("utf-8"))["title"]
    assert title == patterns.NAMES[each.number - 1]
    for case in yaml.safe_load(each.cases.read_text("utf-8"))["cases"]:
        assert case["expect"].keys() & {"path", "visits", "states"}, case["name"]


def test_every_pattern_is_shown_or_has_its_reason():
    numbers = [each.number for each in patterns.shown()]
    assert len(set(numbers)) == len(numbers)
    left_out = set(range(1, 44)) - set(numbers)
    assert left_out == patterns.REASONS.keys()
    assert len(patterns.REASONS) <= AT_MOST
    assert len(patterns.NAMES) == 43
