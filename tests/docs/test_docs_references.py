"""Links lead somewhere, every page can be reached, and what is named exists."""

import re
from pathlib import Path

import pytest
from docs_checks import references

ROOT = Path(__file__).parents[2]
PAGES = references.pages(ROOT)
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
DISTRIBUTIONS = set(re.findall(r"^(treadle[\w-]*) = \{ workspace", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page):
    assert references.broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names(page):
    assert references.unknown_names(page, TARGETS, DISTRIBUTIONS | {"treadle"}) == []


def test_every_page_can_be_reached():
    seen, new = set(), {(ROOT / "README.md").resolve()}
    while new:
        seen |= new
        new = {
            path for page in new for path in references.linked(page) if path.suffix == ".md" and path.exists()
        } - seen
    assert {str(page.relative_to(ROOT)) for page in PAGES if page.resolve() not in seen} == set()


@pytest.fixture
def page(tmp_path):
    def write(text):
        path = tmp_path / "page.md"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_link_that_leads_nowhere(page):
    text = "# A title, really\n\n[one](other.md) [two](#a-title-really) [three](#nowhere) `[four](gone.md)`\n"
    assert references.broken_links(page(text)) == [
        "page.md links to other.md, which is not there",
        "page.md links to #nowhere, which page.md does not have",
    ]


def test_a_target_that_is_not_made(page):
    found = references.unknown_names(
        page("```sh\nmake test\nmake tea\npip install treadle-tea\n```\n"), {"test"}, set()
    )
    assert found == ["make tea", "pip install treadle-tea"]
