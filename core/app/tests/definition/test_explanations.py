"""Every code has a page, its examples do what they say, and the generated references are up to date."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import treadle.definition
from treadle.definition import Loaded, codes, explain
from treadle.definition._explanations import complete, markdown, pages
from treadle.definition._reference import language_reference

Load = Callable[[str], Loaded]
DEFINITIONS = sorted(code for code, page in pages().items() if page.language == "yaml")
REFERENCE = Path(__file__).parents[4] / "docs" / "reference"


@pytest.mark.parametrize("code", DEFINITIONS)
def test_the_wrong_example_has_the_problem(load: Load, code: str) -> None:
    found = load(complete(pages()[code].wrong)).problems
    assert code in {problem.code for problem in found}
    assert {problem.code for problem in found if problem.severity == "error"} <= {code}


@pytest.mark.parametrize("code", DEFINITIONS)
def test_the_right_example_has_not(load: Load, code: str) -> None:
    loaded = load(complete(pages()[code].right))
    assert loaded.plan is not None, loaded.problems
    assert code not in {problem.code for problem in loaded.problems}


def test_every_code_of_the_source_has_a_page() -> None:
    folder = Path(treadle.definition.__path__[0])
    used = {code for file in folder.glob("*.py") for code in re.findall(r'"(TRD\d{4})"', file.read_text())}
    assert used == set(codes())


def test_a_page_shows_both_examples() -> None:
    page = explain("TRD0107")
    assert page is not None
    assert page.startswith("TRD0107: a step that is not there\n")
    assert "    needs: [tset]" in page
    assert "    needs: [test]" in page
    assert explain("TRD9999") is None


@pytest.mark.parametrize(("name", "text"), [("errors.md", markdown), ("language.md", language_reference)])
def test_the_generated_reference_is_up_to_date(name: str, text: Callable[[], str]) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == text()
