"""The fenced blocks of a page, with what is said about them in comments that a reader does not see.

<!-- test: file hello.yaml -->      the next block is the content of this file
<!-- test: exit 2 -->               the last command of the next block ends with this status
<!-- test: not run, REASON -->      the next block is only read; what it names must exist all the same
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_FENCE: Final = re.compile(r"^(?P<fence>`{3,})(?P<language>[\w-]*)\s*$")
_DIRECTIVE: Final = re.compile(r"^<!-- test: (?P<word>file|exit|not run,) ?(?P<value>.*?) -->$")
SHELLS: Final = ("sh", "console")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it is typed, the output that the page shows (None: none), and the status it must end with."""

    text: str
    output: str | None = None
    status: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `directives` holds the words of the comments before it: file, exit, "not run,"."""

    language: str
    text: str
    line: int
    directives: dict[str, str]

    @property
    def is_run(self) -> bool:
        """True for commands that are to be typed."""
        return self.language in SHELLS and "not run," not in self.directives

    def commands(self) -> list[Command]:
        """What is typed, in order. A `console` block shows prompts and outputs, an `sh` block is one script."""
        status = int(self.directives.get("exit", "0"))
        if self.language == "sh":
            return [Command(self.text, None, status)]
        typed = [_command(part) for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]]
        return [*typed[:-1], Command(typed[-1].text, typed[-1].output, status)] if typed else []


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order. `line` is that of the fence, from 1."""
    directives: dict[str, str] = {}
    lines = iter(enumerate(page.splitlines(), 1))
    for number, line in lines:
        if directive := _DIRECTIVE.match(line):
            directives[directive["word"]] = directive["value"]
        elif opening := _FENCE.match(line):
            text = _until(lines, opening["fence"])
            yield Block(opening["language"], text, number, directives)
            directives = {}


def _until(lines: Iterator[tuple[int, str]], fence: str) -> str:
    body = []
    for _, line in lines:
        if line == fence:
            break
        body.append(line + "\n")
    return "".join(body)


def _command(part: str) -> Command:
    """The first line (and those it continues on by a backslash) is typed; what follows was printed."""
    typed, _, output = part.partition("\n")
    while typed.endswith("\\"):
        more, _, output = output.partition("\n")
        typed += "\n" + more
    return Command(typed + "\n", output or None)
