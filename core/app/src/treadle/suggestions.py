"""The name that was meant."""

from collections.abc import Iterable


def closest(name: str, names: Iterable[str]) -> str:
    """The name most like `name`, or ""."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(names), n=1, cutoff=0.7)), "")


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`did you mean `x`?`, or ""."""
    found = closest(name, names)
    return f"did you mean `{found}`?" if found else ""
