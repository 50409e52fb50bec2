"""`analysis/analyze-change` on a real repository."""

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


def factor(outputs, name):
    return next(factor for factor in outputs["risk"]["factors"] if factor["id"] == name)


def test_files_areas_languages_and_commits(repository: GitRepository, context: StandaloneContext, analyze) -> None:
    repository.commit(
        {"src/geo/other.py": "import sys\n", "docs/guide.md": "# Guide\n", ".github/workflows/ci.yml": "on: push\n"},
        "change three things",
    )
    outputs = analyze()
    assert outputs["areas"] == {
        "ci": {"files": 1, "added": 1, "deleted": 0},
        "docs": {"files": 1, "added": 1, "deleted": 0},
        "source": {"files": 1, "added": 1, "deleted": 1},
    }
    assert set(outputs["languages"]) == {"YAML", "Markdown", "Python"}
    assert [commit["subject"] for commit in outputs["commits"]] == ["change three things"]
    assert outputs["totals"] == {"files": 3, "added": 3, "deleted": 1, "binary": 0}
    assert factor(outputs, "ci")["points"] == 1
    assert list(context.scratch.iterdir()) == [], "what was exported to be read is gone again"


def test_impact_follows_imports_and_names_tests(repository: GitRepository, analyze, shapes) -> None:
    repository.commit({"src/geo/shapes.py": shapes.replace("2 *", "2.0 *")}, "float")
    impact = analyze()["impact"]
    assert impact["direct"] == ["src/geo/report.py", "tests/test_shapes.py"]
    assert impact["reached_count"] == 3, "cli.py imports report.py"
    assert impact["tests"] == ["tests/test_shapes.py"]
    assert impact["python_files"] == 7
    assert impact["percent"] == 50


def test_a_package_that_reexports_makes_a_private_module_s_name_public(repository: GitRepository, analyze) -> None:
    repository.commit({"src/geo/_core.py": "def scale(x):\n    return x\n"}, "narrow")
    (change,) = analyze()["api"]
    assert (change["name"], change["change"], change["breaking"]) == ("scale", "changed", True)
    assert change["reason"] == "parameter `factor` is gone"
    assert (change["before"], change["after"]) == ("(x, factor)", "(x)")


def test_a_name_that_a_package_offers_no_longer(repository: GitRepository, analyze) -> None:
    repository.commit({"src/geo/__init__.py": '"""Geometry."""\n'}, "hide")
    (change,) = analyze()["api"]
    assert (change["file"], change["name"], change["change"]) == ("src/geo/__init__.py", "scale", "removed")


def test_public_names_added_removed_and_moved(repository: GitRepository, analyze, shapes) -> None:
    text = shapes.replace("def perimeter", "def outline").replace("def _secret", "def _still_secret")
    repository.commit({"src/geo/shapes.py": text}, "rename")
    changes = {(change["change"], change["name"]) for change in analyze()["api"]}
    assert changes == {("removed", "perimeter"), ("added", "outline")}
    repository.git("mv", "src/geo/report.py", "src/geo/summary.py")
    repository.commit({"src/geo/shapes.py": shapes + "\n# end\n"}, "move")
    changes = {(change["file"], change["change"], change["name"]) for change in analyze()["api"]}
    assert changes == {("src/geo/report.py", "removed", "show"), ("src/geo/summary.py", "added", "show")}


def test_what_moved_and_can_still_be_had_is_not_broken(
    repository: GitRepository, context: StandaloneContext, analyze, shapes: str
) -> None:
    moved = "class Base:\n    def side(self):\n        return 1\n\n\ndef perimeter(width, height):\n    return 0\n"
    text = shapes.replace("class Square:", "from geo.base import Base, perimeter\n\n\nclass Square(Base):")
    text = text.replace("def perimeter", "def _perimeter").replace("def side", "def _side")
    repository.commit({"src/geo/shapes.py": text, "src/geo/base.py": moved}, "move")
    assert [change["name"] for change in analyze()["api"] if change["breaking"]] == []


def test_definitions_in_changed_lines(repository: GitRepository, analyze, shapes, tangled) -> None:
    repository.commit(
        {"src/geo/shapes.py": shapes.replace("return width * height", "return height * width") + tangled}, "x"
    )
    found = {definition["name"]: definition for definition in analyze()["definitions"]}
    assert set(found) == {"area", "volume"}
    assert found["volume"]["complexity"] == 9
    assert found["volume"]["new"] is True
    assert found["volume"]["complexity_before"] is None
    assert found["area"]["complexity_before"] == 1
    assert (found["area"]["tests"], found["area"]["changed_tests"]) == (1, 0)
    assert found["area"]["lines"] == [4, 6]


def test_history_and_familiarity(repository: GitRepository, analyze, shapes) -> None:
    repository.commit({"src/geo/shapes.py": shapes, "src/geo/other.py": "import sys\n"}, "by Cy", author="Cy")
    outputs = analyze()
    past = {file["path"]: file for file in outputs["past"]}
    assert past["src/geo/shapes.py"] == {
        "path": "src/geo/shapes.py", "commits": 2, "authors": 2, "main_author": "Ada Author", "main_share": 0.5,
    }  # fmt: skip
    assert factor(outputs, "unfamiliar")["value"] == 2
    assert factor(outputs, "churn")["value"] == 2


def test_dependencies_and_their_lock(repository: GitRepository, analyze) -> None:
    repository.commit(
        {
            "pyproject.toml": '[project]\nname = "geo"\nversion = "1"\ndependencies = ["attrs>=21", "Rich_Text"]\n',
            "requirements-dev.txt": "pytest>=8  # tests\n-r other.txt\n",
        },
        "dependencies",
    )
    assert analyze()["dependencies"] == {
        "added": ["pytest", "rich-text"],
        "removed": [],
        "changed": ["attrs"],
        "manifests": ["pyproject.toml", "requirements-dev.txt"],
        "lock": "uv.lock",
        "lock_changed": False,
    }


def test_markers_removed_tests_and_broken_syntax(repository: GitRepository, analyze) -> None:
    repository.commit(
        {
            "src/geo/other.py": "import sys\n# TODO: think\ntodo = 'TODO'\n",
            "src/geo/report.py": "def show(:\n",
            "tests/test_shapes.py": "def test_area():\n    assert True\n",
        },
        "mess",
    )
    outputs = analyze()
    assert [(marker["file"], marker["line"]) for marker in outputs["markers"]] == [("src/geo/other.py", 2)]
    assert outputs["removed_tests"] == [{"file": "tests/test_shapes.py", "name": "test_old"}]
    assert [(file["path"], file["line"]) for file in outputs["unparsed"]] == [("src/geo/report.py", 1)]
    assert not outputs["api"], "a file that does not parse has no public names to compare"
    assert factor(outputs, "unparsed")["points"] == 4


def test_risk_is_the_sum_of_its_factors(repository: GitRepository, analyze) -> None:
    repository.commit({"docs/guide.md": "# Guide\n"}, "docs")
    calm = analyze()["risk"]
    assert (calm["level"], calm["points"]) == ("low", 0)
    repository.commit({"src/geo/shapes.py": "x = 1\n", "pyproject.toml": "[project]\n"}, "gut")
    outputs = analyze()
    risk = outputs["risk"]
    assert risk["points"] == sum(factor["points"] for factor in risk["factors"])
    assert risk["level"] == "high"
    assert factor(outputs, "breaking-api") == {
        "id": "breaking-api",
        "title": "public names removed or incompatible",
        "value": 4,
        "steps": [{"from": 1, "points": 3}],
        "points": 3,
    }
    assert "risk high" in outputs["summary"]


def test_an_empty_change_is_measured_too(repository: GitRepository, analyze) -> None:
    outputs = analyze()
    assert outputs["files"] == []
    assert outputs["risk"]["points"] == 0


def test_an_unknown_revision_is_git_s_error(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="did you mean `feature`"):
        context.perform("analysis/analyze-change", base="main", head="featur")
