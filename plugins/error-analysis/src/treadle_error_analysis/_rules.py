"""What an error's words say about its kind: rules in order, the first that fits."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple


class Rule(NamedTuple):
    """A category, the words by which it is known, whether trying again can help, and what to try.

    In `remedy` the names of the pattern's groups stand in braces.
    """

    category: str
    pattern: re.Pattern[str]
    retryable: bool
    remedy: str


def _rule(category: str, pattern: str, remedy: str, *, retryable: bool = False) -> Rule:
    return Rule(category, re.compile(pattern, re.IGNORECASE), retryable, remedy)


RULES: Final = (
    _rule("dependency", r"No module named '?(?P<name>[\w.]+)", "install the distribution that has the module {name}"),
    _rule(
        "dependency",
        r"cannot import name '?(?P<name>\w+)'? from '?(?P<module>[\w.]+)",
        "bring {module} to a version that has {name}",
    ),
    _rule("dependency", r"(?:^|: )(?P<name>[\w.+-]+): (?:command )?not found", "install the program {name}"),
    _rule("dependency", r"Cannot find module '(?P<name>[^']+)", "install the package {name}"),
    _rule(
        "dependency",
        r"(?P<name>DistributionNotFound|ResolutionImpossible|version conflict)",
        "make the requirements agree",
    ),
    _rule("syntax", r"(?P<name>SyntaxError|IndentationError|TabError)", "mend the line that the message names"),
    _rule("disk-full", r"No space left on device|ENOSPC", "make room on the disk"),
    _rule(
        "missing-file", r"(?:No such file or directory|ENOENT)[^\n]*?'(?P<name>[^']+)", "see why {name} is not there"
    ),
    _rule("missing-file", r"(?P<name>FileNotFoundError|No such file or directory)", "see why the file is not there"),
    _rule(
        "permission", r"(?P<name>Permission denied|EACCES|PermissionError)", "see who owns the file and who runs this"
    ),
    _rule(
        "timeout",
        r"(?P<name>timed out|timeout|deadline exceeded)",
        "allow more time, or do less at once",
        retryable=True,
    ),
    _rule(
        "network",
        r"(?P<name>Connection (?:refused|reset|aborted)|Name or service not known|Temporary failure in name resolution|"
        r"ECONNREFUSED|ECONNRESET|unreachable|50[234] )",
        "try again; if it stays, see whether the other side is there",
        retryable=True,
    ),
    _rule(
        "resource",
        r"(?P<name>MemoryError|Out of memory|Killed|Cannot allocate memory)",
        "allow more memory, or do less at once",
    ),
    _rule(
        "locked",
        r"(?P<name>database is locked|Resource temporarily unavailable|index\.lock)",
        "try again",
        retryable=True,
    ),
    _rule("assertion", r"(?P<name>AssertionError|assert )", "see what changed in the frames named"),
    _rule("type", r"(?P<name>TypeError)", "see what the innermost own frame is given"),
    _rule(
        "name", r"(?P<name>NameError|UnboundLocalError|AttributeError)", "see what the innermost own frame looks for"
    ),
    _rule("lookup", r"(?P<name>KeyError|IndexError|LookupError)", "see what the innermost own frame looks up"),
    _rule(
        "value",
        r"(?P<name>ValueError|ZeroDivisionError|OverflowError|Unicode\w+Error)",
        "see what the innermost own frame is given",
    ),
)


def judged(text: str) -> tuple[Rule | None, Mapping[str, str]]:
    """The first rule that fits a text, and what its pattern named."""
    for rule in RULES:
        match = rule.pattern.search(text)
        if match is not None:
            return rule, {name: value for name, value in match.groupdict().items() if value}
    return None, {}
