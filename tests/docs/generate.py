"""Write the generated reference pages anew: `make docs`. Beside each generator a test holds its page against it."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
REFERENCE: Final = ROOT / "docs/reference"
GENERATORS: Final = {
    "cli.md": "treadle.cli.reference:reference",
    "errors.md": "treadle.definition._explanations:markdown",
    "hooks.md": "treadle_hookspecs._reference:reference",
    "joins.md": "treadle_engine.join_table:page",
    "language.md": "treadle.definition._reference:language_reference",
    "settings.md": "treadle.settings:reference",
    "templates.md": "treadle_compose._reference:reference",
}
"""The page, and the function that returns its text."""
TABLES: Final = {
    "reliability": ("explanation/reliability.md", "tests", "fault_counts:table"),
    "patterns": ("explanation/patterns.md", "tests/patterns", "patterns:table"),
}
"""Parts of pages that are written by hand: the page, where the module lies, and the function that returns the part."""


def text(page: str) -> str:
    """The page as the code gives it."""
    module, _, function = GENERATORS[page].partition(":")
    return str(getattr(import_module(module), function)())


def with_table(name: str) -> str:
    """The page of a table, with the table as its function gives it now."""
    page, folder, target = TABLES[name]
    sys.path.insert(0, str(ROOT / folder))
    module, _, function = target.partition(":")
    begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
    before, _, rest = (ROOT / "docs" / page).read_text("utf-8").partition(begin)
    return f"{before}{begin}{getattr(import_module(module), function)()}\n{end}{rest.partition(end)[2]}"


def main() -> int:
    """Write what differs, and say so."""
    made = {f"reference/{page}": text(page) for page in GENERATORS}
    made |= {TABLES[name][0]: with_table(name) for name in TABLES}
    for page, new in made.items():
        path = ROOT / "docs" / page
        if not path.exists() or path.read_text("utf-8") != new:
            path.write_text(new, "utf-8")
            sys.stdout.write(f"written: docs/{page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
