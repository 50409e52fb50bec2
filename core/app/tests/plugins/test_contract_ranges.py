"""The short way of comparing the usual range agrees with packaging on every range and version."""

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from treadle.plugins._compatibility import canonical_distribution, conflict, contract_requirements

releases = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
versions = st.one_of(releases, releases.map(lambda text: f"{text}a1"), releases.map(lambda text: f"{text}.post2"))


@settings(max_examples=300, deadline=None)
@given(low=releases, high=releases, version=versions, swapped=st.booleans(), space=st.sampled_from(["", " "]))
def test_ranges_are_judged_as_packaging_judges_them(
    low: str, high: str, version: str, swapped: bool, space: str
) -> None:
    bounds = [f">={space}{low}", f"<{space}{high}"]
    line = f"treadle-hookspecs{space}{f'{space},'.join(reversed(bounds) if swapped else bounds)}"
    accepted = Requirement(line).specifier.contains(version, prereleases=True)
    assert (conflict((line,), version) == "") is accepted


def test_the_usual_range_needs_no_library() -> None:
    script = """
import sys
from treadle.plugins._compatibility import conflict
assert conflict(("treadle-hookspecs>=0.1,<0.2",), "0.2.0")
assert not conflict(("treadle-hookspecs<0.2,>=0.1",), "0.1.0")
print("packaging" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_requirements_on_the_contract_are_found_by_their_canonical_name() -> None:
    lines = ("Treadle.Hookspecs>=0.1", "treadle-hookspecs-extra", "pluggy", "treadle_hookspecs[x]; extra == 'x'", "")
    assert contract_requirements(lines) == (lines[0], lines[3])
    assert canonical_distribution("Treadle__Hook.Specs") == "treadle-hook-specs"
