"""What a page names without running it: other pages, make targets, distributions."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from docs_checks.blocks import SHELLS, blocks

_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} +(?P<title>.+?)\s*$", re.MULTILINE)
_MAKE: Final = re.compile(r"^make ([a-z][\w-]*)", re.MULTILINE)
_PIP: Final = re.compile(r"pip install ['\"]?(treadle[\w-]*(?:\[\w+\])?)")


def pages(root: Path) -> list[Path]:
    """Every page that a reader is sent to."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("**/*.md"))]


def broken_links(page: Path) -> list[str]:
    """Relative links to files that are not there, and anchors that no heading gives."""
    broken = []
    for match in _LINK.finditer(_prose(page.read_text("utf-8"))):
        target, _, anchor = unquote(match["target"]).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            broken.append(f"{page.name} links to {target}, which is not there")
        elif anchor and anchor not in _anchors(path):
            broken.append(f"{page.name} links to #{anchor}, which {path.name} does not have")
    return broken


def linked(page: Path) -> set[Path]:
    """The files that a page links to."""
    targets = (unquote(match["target"]).partition("#")[0] for match in _LINK.finditer(_prose(page.read_text("utf-8"))))
    return {(page.parent / target).resolve() for target in targets if target and "://" not in target}


def unknown_names(page: Path, targets: set[str], distributions: set[str]) -> list[str]:
    """`make` targets and distributions in command blocks that do not exist."""
    text = "".join(block.text for block in blocks(page.read_text("utf-8")) if block.language in SHELLS)
    made = [f"make {name}" for name in _MAKE.findall(text) if name not in targets]
    return made + [f"pip install {name}" for name in _PIP.findall(text) if name.split("[")[0] not in distributions]


def _prose(text: str) -> str:
    """A page without its fenced blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def _anchors(page: Path) -> set[str]:
    titles = (match["title"].lower() for match in _HEADING.finditer(page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}
