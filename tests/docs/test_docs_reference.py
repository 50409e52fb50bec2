"""Every reference page that can be generated is in the table of `make docs`, and is what the code gives."""

import generate
import pytest

WRITTEN_BY_HAND = {"exit-codes.md", "formats.md"}


def test_every_page_is_generated_or_written_by_hand():
    assert {path.name for path in generate.REFERENCE.glob("*.md")} == set(generate.GENERATORS) | WRITTEN_BY_HAND


@pytest.mark.parametrize("page", generate.GENERATORS)
def test_page(page):
    assert (generate.REFERENCE / page).read_text("utf-8") == generate.text(page), "run: make docs"


@pytest.mark.parametrize("name", generate.TABLES)
def test_table(name):
    page = generate.ROOT / "docs" / generate.TABLES[name][0]
    assert page.read_text("utf-8") == generate.with_table(name), "run: make docs"
