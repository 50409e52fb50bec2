"""Running bandit and reading what it says."""

import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json, ToolMissingError

INSTALL: Final = f"{sys.executable} -m pip install bandit"
LEVELS: Final = ("UNDEFINED", "LOW", "MEDIUM", "HIGH")
BANDIT_SECTION: Final = re.compile(r"^\[tool\.bandit\]", re.MULTILINE)
TEST_FILE: Final = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")
OUTPUT_LIMIT: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Weakness:
    """One finding of bandit. `code` is the line it points at, without the space around it."""

    rule: str
    name: str
    severity: str
    confidence: str
    path: str
    line: int
    last: int
    message: str
    code: str
    more: str

    def at_least(self, severity: str, confidence: str) -> bool:
        """True when it is as severe and as sure as asked, or more."""
        severe = LEVELS.index(self.severity) >= LEVELS.index(severity.upper())
        return severe and LEVELS.index(self.confidence) >= LEVELS.index(confidence.upper())

    def to_json(self, new: bool) -> dict[str, Json]:
        """In the form that all checks publish, with what bandit adds."""
        return {
            "rule": self.rule,
            "severity": self.severity.lower(),
            "confidence": self.confidence.lower(),
            "file": self.path,
            "line": self.line,
            "message": f"{self.message} ({self.name})",
            "code": self.code,
            "more": self.more,
            "new": new,
        }


@dataclass(frozen=True, slots=True)
class Scan:
    """What bandit saw: its findings, and the files it could not read with the reason."""

    weaknesses: tuple[Weakness, ...]
    unread: Mapping[str, str]


def bandit_command(folder: Path) -> list[str]:
    """The command line; the project's own settings are taken, those of a folder above are not."""
    manifest = folder / "pyproject.toml"
    configured = manifest.is_file() and BANDIT_SECTION.search(manifest.read_text("utf-8", "replace"))
    settings = ["--configfile", str(manifest)] if configured else []
    return [sys.executable, "-m", "bandit", "--quiet", "--format=json", "--exit-zero", *settings]


async def scan(folder: Path, names: Iterable[str], context: ActionContext) -> Scan:
    """Look at some files below a folder.

    Raises:
        ToolMissingError: bandit is not installed.
        ActionError: `bandit` when it fails, with its words.
    """
    if importlib.util.find_spec("bandit") is None:
        raise ToolMissingError("bandit", INSTALL)
    paths = [f"./{name}" for name in names]
    if not paths:
        return Scan((), {})
    ended = await context.run([*bandit_command(folder), *paths], cwd=folder, limit=OUTPUT_LIMIT)
    try:
        data = json.loads(ended.stdout)
    except ValueError:
        last = "\n".join(ended.stderr.strip().splitlines()[-5:])
        raise ActionError(f"bandit gave no report for {folder}:\n{last}", error_class="bandit") from None
    found = (_weakness(item) for item in data["results"])
    weaknesses = tuple(weakness for weakness in found if not _is_assertion_of_a_test(weakness))
    return Scan(weaknesses, {_name(error["filename"]): error["reason"] for error in data["errors"]})


def _weakness(item: Mapping[str, Any]) -> Weakness:
    return Weakness(
        item["test_id"],
        item["test_name"],
        item["issue_severity"],
        item["issue_confidence"],
        _name(item["filename"]),
        item["line_number"],
        max(item["line_range"], default=item["line_number"]),
        " ".join(item["issue_text"].split()),
        _pointed_line(item["code"], item["line_number"]),
        item.get("more_info", ""),
    )


def _is_assertion_of_a_test(weakness: Weakness) -> bool:
    """Tests are made of `assert`; bandit's warning is about code that is meant to run with `-O`."""
    return weakness.rule == "B101" and bool(TEST_FILE.search(weakness.path))


def _name(filename: str) -> str:
    return os.path.normpath(filename).replace(os.sep, "/")


def _pointed_line(code: str, number: int) -> str:
    """Bandit prints a few numbered lines around; the one it means is kept."""
    for line in code.splitlines():
        label, _, text = line.partition(" ")
        if label == str(number):
            return text.strip()
    return ""
