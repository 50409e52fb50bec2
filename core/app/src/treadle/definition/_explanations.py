"""A page for each code: what it means, an example that is wrong, and one that is right.

The pages are the files `pages/TRDnnnn.md`: a headline, a text, and two fenced examples.
"""

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_PAGE: Final = re.compile(
    r"# (?P<title>.+)\n\n(?P<text>.+?)\n\n"
    r"Wrong:\n\n```(?P<language>\w+)\n(?P<wrong>.+?)```\n\nRight:\n\n```\w+\n(?P<right>.+?)```\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one code.

    Attributes:
        code: `TRDnnnn`.
        title: what it is about, as a headline.
        text: why, and what to do.
        language: of the examples: `yaml`, or `console` for a code that is about a command line.
        wrong: a definition, or a part of one, that has the problem. `complete` makes a definition of it.
        right: the same without it.
    """

    code: str
    title: str
    text: str
    language: str
    wrong: str
    right: str


@cache
def pages() -> dict[str, Page]:
    """Every page, by code."""
    folder = files("treadle.definition") / "pages"
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    return {file.name[:-3]: _page(file.name[:-3], file.read_text(encoding="utf-8")) for file in found}


def _page(code: str, text: str) -> Page:
    match = _PAGE.fullmatch(text)
    if match is None:
        raise ValueError(f"the page of {code} is not laid out as the others are")
    return Page(code, **match.groupdict())


def codes() -> tuple[str, ...]:
    """Every code that has a page, in order."""
    return tuple(pages())


def title_of(code: str) -> str:
    """A code's headline, or ""."""
    return pages()[code].title if code in pages() else ""


def explain(code: str) -> str | None:
    """The page of a code as text for a terminal, or None."""
    page = pages().get(code)
    if page is None:
        return None
    wrong, right = (textwrap.indent(example, "    ") for example in (page.wrong, page.right))
    return f"{page.code}: {page.title}\n\n{page.text}\n\nWrong:\n\n{wrong}\nRight:\n\n{right}"


def complete(example: str) -> str:
    """A whole definition from an example that leaves out its first lines or its steps."""
    if "treadle:" in example:
        return example
    steps = "" if "\nsteps:" in f"\n{example}" else "steps:\n  - id: greet\n    run: echo hello\n"
    return f"treadle: 1\nname: example\n{example}{steps}"


def markdown() -> str:
    """`docs/reference/errors.md`."""
    parts = ["# Error codes\n\nGenerated from the pages that `treadle explain CODE` prints; do not edit.\n"]
    for page in pages().values():
        fence = f"```{page.language}\n"
        parts.append(
            f"## {page.code}: {page.title}\n\n{page.text}\n\n"
            f"Wrong:\n\n{fence}{page.wrong}```\n\nRight:\n\n{fence}{page.right}```\n"
        )
    return "\n".join(parts)
