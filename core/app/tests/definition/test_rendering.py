import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from treadle.definition import Loaded, Problem, render_problems

TEXT = "treadle: 1\nname: a\nsteps:\n  - id: test\n    run: x\n  - id: b\n    needs: [tset]\n    run: x\n"

FRAME = """\
error[TRD0107]: step `tset` is not defined
  ┌─ example.yaml:7:13
  │
7 │     needs: [tset]
  │             ^^^^ no step has this id
  │
hint: did you mean `test`? (defined at line 4)
help: treadle explain TRD0107

1 error
"""


@pytest.fixture
def loaded(load: Callable[[str], Loaded]) -> Loaded:
    return load(TEXT)


def rendered(loaded: Loaded, format: Any, color: bool = False) -> str:
    return render_problems(loaded.problems, {loaded.path: loaded.text}, format, color)


def test_a_frame_shows_the_line_and_what_to_do(loaded: Loaded) -> None:
    assert rendered(loaded, "text") == FRAME


def test_colours_change_nothing_else(loaded: Loaded) -> None:
    colored = rendered(loaded, "text", color=True)
    assert "\x1b[1;31m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == FRAME


def test_no_problems_are_no_text() -> None:
    assert render_problems((), {"a.yaml": ""}) == ""


def frame(line: str, column: int, length: int, **other: Any) -> list[str]:
    problem = Problem("TRD0106", "warning", "m", "f", 1, column, length, **other)
    return render_problems([problem], {"f": line + "\n"}).splitlines()[3:5]


def test_the_mark_stands_under_wide_characters_and_tabs() -> None:
    assert frame("漢字: \tab", 6, 2) == ["1 │ 漢字:     ab", "  │           ^^"]


def test_long_lines_are_cut_around_the_mark() -> None:
    source, mark = frame("x" * 500 + "HERE" + "y" * 500, 501, 4)
    assert len(source) < 120
    assert source.index("HERE") == mark.index("^^^^")


def test_a_terminal_is_not_steered_by_what_a_file_holds() -> None:
    assert "\x1b" not in frame("a: \x1b[2J", 1, 1)[0]


def test_a_problem_without_a_place_has_no_line() -> None:
    text = render_problems([Problem("TRD0103", "error", "too large", "f.yaml")], {})
    assert text.splitlines()[:2] == ["error[TRD0103]: too large", "  ┌─ f.yaml"]


def test_json_has_the_published_shape(loaded: Loaded) -> None:
    assert json.loads(rendered(loaded, "json")) == {
        "schema": "treadle/problems@1",
        "problems": [
            {
                "code": "TRD0107",
                "severity": "error",
                "message": "step `tset` is not defined",
                "file": "example.yaml",
                "line": 7,
                "column": 13,
                "hint": "did you mean `test`? (defined at line 4)",
            }
        ],
    }


def test_github_annotations_are_escaped() -> None:
    problem = Problem("TRD0106", "note", "50%\nmore: so", "a,b.yaml", 3, 4, 5, "hint")
    assert render_problems([problem], {}, "github") == (
        "::notice file=a%2Cb.yaml,title=TRD0106,line=3,col=4,endColumn=8::50%25%0Amore: so%0Ahint: hint\n"
    )


def test_sarif_names_rules_and_regions(loaded: Loaded) -> None:
    run = json.loads(rendered(loaded, "sarif"))["runs"][0]
    assert run["tool"]["driver"]["rules"] == [
        {"id": "TRD0107", "shortDescription": {"text": "a step that is not there"}}
    ]
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("TRD0107", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "example.yaml"}
    assert place["region"] == {"startLine": 7, "startColumn": 13, "endColumn": 17}


def test_junit_has_a_case_for_each_error_and_a_passed_one_for_a_sound_file(loaded: Loaded) -> None:
    note = Problem("TRD0125", "note", "a < b & c", "sound.yaml", 1, 1)
    sources = {loaded.path: loaded.text, "sound.yaml": "", "empty.yaml": ""}
    root = ET.fromstring(render_problems([*loaded.problems, note], sources, "junit"))
    suites = {suite.get("name"): suite for suite in root}
    assert {name: (suite.get("tests"), suite.get("failures")) for name, suite in suites.items()} == {
        "example.yaml": ("1", "1"),
        "sound.yaml": ("1", "0"),
        "empty.yaml": ("1", "0"),
    }
    failure = suites["example.yaml"].find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "step `tset` is not defined"
    assert "a < b & c" in (suites["sound.yaml"].findtext("testcase/system-out") or "")
