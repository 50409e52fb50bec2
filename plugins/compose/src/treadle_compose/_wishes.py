"""A template's own wishes for conflicts, held against what there is to choose from."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from treadle_hookspecs import ConflictResolver, TreadleError

from treadle_compose._defaults import GENERAL
from treadle_compose._manifest import ConflictRule, Manifest, manifest_path
from treadle_compose._places import place_of

_PREFIXED: Final = ("template:", "hook:", "value:")
_FILES: Final = (*GENERAL, "append", "prepend", "keep")
_VARIABLES: Final = ("first", "last", "ask")
_HOOKS: Final = ("both", "first", "last")


def wrong_wishes(folder: Path, manifest: Manifest, resolvers: Sequence[ConflictResolver]) -> Iterator[TreadleError]:
    """Strategies that nothing knows, each with its place."""
    path = manifest_path(folder)
    text = path.read_text("utf-8") if path is not None and manifest.conflicts else ""
    for number, rule in enumerate(manifest.conflicts):
        known = _known(rule, resolvers)
        if rule.strategy in known or rule.strategy.startswith(_PREFIXED):
            continue
        line, column = place_of(text, ("composition", "conflicts", number, "strategy"))
        meant = get_close_matches(rule.strategy, known, n=1)
        hint = f"did you mean `{meant[0]}`?" if meant else f"there are: {', '.join(known)}"
        yield TreadleError(
            f"{path}:{line}:{column}: nothing knows the strategy `{rule.strategy}` for {rule.pattern}; {hint}",
            context={"file": str(path), "line": line, "column": column},
        )


def _known(rule: ConflictRule, resolvers: Sequence[ConflictResolver]) -> tuple[str, ...]:
    if rule.type == "variable":
        return _VARIABLES
    if rule.type == "hook":
        return _HOOKS
    return tuple(dict.fromkeys((*_FILES, *(it for one in resolvers for it in one.strategies))))
