"""The texts of a graph's boxes and arrows, the same in every form it is drawn in."""

from typing import Any


def node_text(step: Any) -> str:
    """A step of a `treadle/graph@1` document in lines: its name, its address, what it does, and how it stands."""
    lines = [step["name"], step["address"], step["action"] or step["kind"]]
    visits = f", {step['visits']} visits" if step["visits"] > 1 else ""
    lines += [step["state"] + visits] if step["state"] else []
    return "\n".join(_shown(line) for line in lines if line)


def edge_text(edge: Any) -> str:
    """A route: its keys, and how often it was taken when that was more than once."""
    times = f" {edge['taken']}x" if edge["taken"] > 1 else ""
    return _shown(edge["label"] + times)


def _shown(text: str) -> str:
    """Without control characters, which no renderer shows; line ends stay."""
    return "".join(sign if sign == "\n" or sign.isprintable() else " " for sign in text.replace("\r\n", "\n"))
