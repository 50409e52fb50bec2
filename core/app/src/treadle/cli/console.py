"""Where the command line talks: data on stdout, everything else on stderr, and no colour where nobody sees it."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TextIO

from treadle_hookspecs import ExitCode, TreadleError

from treadle.cli import first_sign

_CONTROL: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)"  # sequences: of colour and cursor, titles, others
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # single controls, but not tab and line end
)
_SGR: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Marks:
    """One sign per state of a step, and the words that stand between."""

    done: str = "✓"
    running: str = "→"
    pending: str = "□"
    failed: str = "✗"
    skipped: str = "\N{EN DASH}"
    undone: str = "↶"
    bar: str = "│"
    ellipsis: str = "…"
    full: str = "━"
    empty: str = "─"


ASCII_MARKS: Final = Marks("+", ">", ".", "x", "-", "<", "|", "..", "#", "-")


def printable(text: str) -> str:
    """What a step printed, without what would move the cursor, set the title, or colour what follows."""
    return _CONTROL.sub("", text)


def wants_color(stream: TextIO, environ: Mapping[str, str], choice: bool | None = None) -> bool:
    """True when ANSI may be written: the flag wins, then NO_COLOR, FORCE_COLOR, a dumb terminal, and the stream."""
    if choice is not None:
        return choice
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return environ.get("TERM") != "dumb" and _is_terminal(stream)


def _is_terminal(stream: TextIO) -> bool:
    return not stream.closed and stream.isatty()


class Terminal:
    """The two streams of this process. Fulfils `treadle_hookspecs.Console`.

    A reader that went away (`treadle history ID | head`) is no error: what follows is dropped.
    """

    def __init__(
        self, color: bool | None = None, *, quiet: bool = False, setting: Callable[[], str] | None = None
    ) -> None:
        self._choice = color
        self._quiet = quiet
        self._setting = setting

    @property
    def _color(self) -> bool | None:
        """The flag's choice, else the setting `color`: always or never."""
        if self._choice is not None or self._setting is None:
            return self._choice
        return {"always": True, "never": False}.get(self._setting())

    @property
    def interactive(self) -> bool:
        """A person sits at a terminal and may be asked."""
        return _is_terminal(sys.stdin) and _is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"

    @property
    def shows_live(self) -> bool:
        """True when stderr is a terminal that can move its cursor, and this is no CI job that only records it."""
        return _is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")

    @property
    def data_color(self) -> bool:
        """True when stdout may carry ANSI."""
        return wants_color(sys.stdout, os.environ, self._color)

    @property
    def talk_color(self) -> bool:
        """True when stderr may carry ANSI."""
        return wants_color(sys.stderr, os.environ, self._color)

    @property
    def marks(self) -> Marks:
        """Signs that both streams can encode."""
        encodings = (getattr(stream, "encoding", None) or "ascii" for stream in (sys.stdout, sys.stderr))
        return Marks() if all(encoding.lower().replace("-", "") == "utf8" for encoding in encodings) else ASCII_MARKS

    def data(self, text: str) -> None:
        """Write a line, or several, to stdout."""
        _write(sys.stdout, text)

    def say(self, text: str) -> None:
        """Write a line, or several, to stderr; nothing with `--quiet`."""
        if not self._quiet:
            _write(sys.stderr, text)

    def complain(self, text: str) -> None:
        """Write an error to stderr, also with `--quiet`."""
        _write(sys.stderr, text)

    def paint(self, text: str, *styles: str, data: bool = False) -> str:
        """The text in a style (`bold`, `dim`, or a colour), or as it is where that stream shows none."""
        allowed = self.data_color if data else self.talk_color
        return f"\x1b[{';'.join(_SGR[style] for style in styles)}m{text}\x1b[0m" if allowed and styles else text

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask yes or no. Without a terminal: raises `TreadleError` that names the flag to give."""
        return self.choose(question, ("y", "n"), flag=flag) == "y"

    def choose(self, question: str, choices: tuple[str, ...], *, flag: str) -> str:
        """Ask for one of some words; its first letters do. Without a terminal: raises `TreadleError`."""
        if not self.interactive:
            raise TreadleError(
                f"this needs an answer, and there is no terminal to ask at: {question}",
                suggestions=(f"give {flag}",),
                exit_code=ExitCode.USAGE,
            )
        while True:
            answer = self.ask(f"{question} [{'/'.join(choices)}]").lower()
            matching = [choice for choice in choices if answer and choice.startswith(answer)]
            if len(matching) == 1:
                return matching[0]

    def ask(self, question: str, *, secret: bool = False) -> str:
        """A line that a person types, without the space around it; what is secret is not shown. Raises `EOFError`."""
        if secret:
            from getpass import getpass

            first_sign.clear()
            return getpass(f"{question} ", stream=sys.stderr).strip()
        _write(sys.stderr, f"{question} ", end="")
        answer = sys.stdin.readline()
        if not answer:
            raise EOFError
        return answer.strip()


def _write(stream: TextIO, text: str, end: str = "\n") -> None:
    first_sign.clear()
    try:
        stream.write(text + end)
        stream.flush()
    except BrokenPipeError:
        _mute(stream)


def _mute(stream: TextIO) -> None:
    """Point a broken pipe's descriptor nowhere, so that neither later writes nor the flush at exit complain."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, stream.fileno())
    os.close(sink)
