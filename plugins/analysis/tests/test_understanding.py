"""What a text asks of a real repository."""

import pytest
from treadle_analysis import _wanted
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository

SPEC = """# Rounding

## Requirements
- The perimeter of shapes must be rounded to two digits
- Reports should show the area of a square quickly
1. The command line keeps working

## Acceptance criteria
- [ ] Given a square of side 1.234, then its perimeter is 4.94
"""


def paths(outputs):
    return [component["path"] for component in outputs["components"]]


def test_components_are_found_by_what_they_define(context: StandaloneContext) -> None:
    outputs = context.perform("analysis/find-components", text="The perimeter of shapes is not rounded").outputs
    assert paths(outputs)[0] == "src/geo/shapes.py"
    (shapes, *_) = outputs["components"]
    assert shapes["tests"] == ["tests/test_shapes.py"]
    assert [one["name"] for one in shapes["definitions"]] == ["perimeter"]
    assert {"perimeter", "shapes"} <= set(shapes["words"])


def test_names_in_humps_and_with_underscores_are_words(repository: GitRepository, context: StandaloneContext) -> None:
    repository.write({"src/geo/wide.py": "class InvoicePrinter:\n    def print_total(self):\n        return 1\n"})
    outputs = context.perform("analysis/find-components", text="invoice totals").outputs
    assert paths(outputs) == ["src/geo/wide.py"]


def test_what_git_ignores_is_not_looked_at(repository: GitRepository, context: StandaloneContext) -> None:
    repository.write({".gitignore": "build/\n", "build/zebra.py": "zebra = 1\n", "zebra.py": "zebra = 2\n"})
    assert paths(context.perform("analysis/find-components", text="zebra").outputs) == ["zebra.py"]


def test_a_text_without_telling_words_finds_nothing(context: StandaloneContext) -> None:
    outputs = context.perform("analysis/find-components", text="make it so").outputs
    assert outputs["components"] == []
    assert outputs["summary"] == "no component has these words"


def test_quotes_and_operators_of_the_index_are_only_words(context: StandaloneContext) -> None:
    outputs = context.perform("analysis/find-components", text='perimeter" OR NEAR(shapes) NOT "*').outputs
    assert paths(outputs)[0] == "src/geo/shapes.py"


def test_a_specification_is_taken_apart(context: StandaloneContext) -> None:
    outputs = context.perform("analysis/analyze-requirements", specification=SPEC).outputs
    assert [(one["line"], one["weight"]) for one in outputs["requirements"]] == [
        (4, "must"),
        (5, "should"),
        (6, "stated"),
        (9, "stated"),
    ]
    assert outputs["requirements"][0]["section"] == "Requirements"
    assert outputs["criteria"] == ["Given a square of side 1.234, then its perimeter is 4.94"]
    assert "R2: what does `quickly` mean here, in figures?" in outputs["questions"]
    assert "src/geo/shapes.py" in paths(outputs)
    assert outputs["complexity"] in {"low", "medium", "high"}
    assert sum(factor["points"] for factor in outputs["factors"]) == outputs["figures"][2]["value"]


def test_a_title_alone_is_a_requirement(context: StandaloneContext) -> None:
    outputs = context.perform("analysis/analyze-requirements", feature="Round the perimeter of shapes").outputs
    assert [one["text"] for one in outputs["requirements"]] == ["Round the perimeter of shapes"]
    assert any("acceptance criteria" in question for question in outputs["questions"])


def test_without_history_there_is_no_estimate(context: StandaloneContext) -> None:
    outputs = context.perform("analysis/analyze-requirements", feature="Round the perimeter of shapes").outputs
    assert outputs["estimated_time"] is None
    assert any("no basis for an estimate" in question for question in outputs["questions"])


def test_the_estimate_is_the_median_of_the_sessions(
    repository: GitRepository, context: StandaloneContext, shapes: str
) -> None:
    for number in range(7):
        repository.write({"src/geo/shapes.py": f"{shapes}\n# perimeter {number}\n"})
        repository.git("commit", "--quiet", "--all", f"--date=2026-01-05T{9 + number:02d}:00:00+00:00", "-m", "step")
    outputs = context.perform("analysis/analyze-requirements", feature="perimeter of shapes").outputs
    assert outputs["basis"]["median_hours"] == 1.0
    assert outputs["estimated_time"] == 1.0


def test_nothing_said_is_refused(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="neither `feature` nor `specification`"):
        context.perform("analysis/analyze-requirements", feature="  ")


def test_context_has_the_lines_and_the_commits(context: StandaloneContext) -> None:
    outputs = context.perform("analysis/context", query="perimeter of shapes").outputs
    found = [one for one in outputs["relevant_patterns"] if "perimeter" in one["words"]]
    assert found[0]["path"] == "src/geo/shapes.py"
    assert "def perimeter(width, height):" in found[0]["text"]
    assert outputs["conventions"]["language"] == "Python"
    assert "pyproject.toml" in outputs["conventions"]["configured_in"]
    assert any(commit["subject"] == "second" for commit in outputs["commits"])


def test_structure(repository: GitRepository, context: StandaloneContext) -> None:
    repository.commit(
        {
            "src/geo/a.py": "from geo import b\n",
            "src/geo/b.py": "from geo import c\n",
            "src/geo/c.py": "import geo.a\n",
        },
        "a circle",
    )
    outputs = context.perform("analysis/analyze-structure").outputs
    assert outputs["cycles"] == [["src/geo/a.py", "src/geo/b.py", "src/geo/c.py"]]
    assert outputs["totals"]["cycles"] == 1
    assert outputs["hot_spots"][0]["path"] == "src/geo/shapes.py"
    assert outputs["hot_spots"][0]["commits"] == 2
    by_path = {module["path"]: module for module in outputs["modules"]}
    assert by_path["src/geo/shapes.py"]["imported_by"] == 2


def test_structure_of_one_folder(repository: GitRepository, context: StandaloneContext) -> None:
    repository.write({"tools/x.py": "import os\n"})
    assert context.perform("analysis/analyze-structure", target="tools").outputs["totals"]["modules"] == 1
    with pytest.raises(ActionError, match="no files below `nowhere`"):
        context.perform("analysis/analyze-structure", target="nowhere")


def test_outside_a_repository(tmp_path, context: StandaloneContext) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(ActionError, match="not a git repository"):
        context.perform("analysis/find-components", text="shapes", repo=str(outside))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("* one\n* two", ["one", "two"]),
        ("Do this. Then do that.", ["Do this.", "Then do that."]),
        ("Goals:\n  - a thing", ["a thing"]),
        ("", []),
    ],
)
def test_requirements_of_a_text(text, found) -> None:
    assert [one.text for one in _wanted.requirements(text)] == found
