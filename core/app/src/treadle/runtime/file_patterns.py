"""Files below a folder by patterns: `*`, `?` and `[…]` within one name, `**` over any number of folders."""

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

_NOT_OURS: Final = frozenset({".git", ".treadle"})
"""Folders that change behind everybody's back."""
_TOKENS: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]/]*\]|.", re.DOTALL)
_MEANINGS: Final = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matching(root: Path, patterns: Sequence[str], apart: Path) -> Iterator[str]:
    """Names relative to `root` of files and links that a pattern matches, in order; a folder's name means all in it.

    Links are not followed. `apart` is a folder that is left out.
    """
    expressions = [_expression(pattern) for pattern in patterns]
    for name in _names(str(root), "", str(apart)) if expressions else ():
        if any(expression.fullmatch(name) for expression in expressions):
            yield name


def _names(folder: str, inside: str, apart: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # it is gone, or nobody may look into it
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            yield f"{inside}{entry.name}"
        elif entry.name not in _NOT_OURS and entry.path != apart:
            yield from _names(entry.path, f"{inside}{entry.name}/", apart)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(map(_meaning, _TOKENS.findall(pattern.rstrip("/")))) + "(?:/.*)?", re.DOTALL)


def _meaning(token: str) -> str:
    if token in _MEANINGS:
        return _MEANINGS[token]
    if token.startswith("[") and len(token) > 2:
        return f"[{'^' if token[1] in '!^' else ''}{re.escape(token[1:-1].lstrip('!^')).replace(chr(92) + '-', '-')}]"
    return re.escape(token)
