"""Pieces of a line."""

from typing import NamedTuple

from treadle.cli.console import Marks


class Span(NamedTuple):
    """A piece of a line; `style` is a style of `Terminal.paint`, or ""."""

    text: str
    style: str = ""


def cut(text: str, width: int, marks: Marks) -> str:
    """A text that fits."""
    return text if len(text) <= width else text[: max(0, width - len(marks.ellipsis))] + marks.ellipsis
