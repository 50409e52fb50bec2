"""Write the generated reference pages anew: `make docs`. Beside each generator a test holds its page against it."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Final

REFERENCE: Final = Path(__file__).parents[2] / "docs/reference"
GENERATORS: Final = {
    "cli.md": "treadle.cli.reference:reference",
    "errors.md": "treadle.definition._explanations:markdown",
    "hooks.md": "treadle_hookspecs._reference:reference",
    "joins.md": "treadle_engine.join_table:page",
    "language.md": "treadle.definition._reference:language_reference",
    "settings.md": "treadle.settings:reference",
}
"""The page, and the function that returns its text."""


def text(page: str) -> str:
    """The page as the code gives it."""
    module, _, function = GENERATORS[page].partition(":")
    return str(getattr(import_module(module), function)())


def main() -> int:
    """Write what differs, and say so."""
    for page in GENERATORS:
        path, new = REFERENCE / page, text(page)
        if not path.exists() or path.read_text("utf-8") != new:
            path.write_text(new, "utf-8")
            sys.stdout.write(f"written: docs/reference/{page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
