"""The resolver: several versions of a TOML file become one."""

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Format, Rules, merge_documents

from treadle_merge_toml import _pyproject
from treadle_merge_toml._scan import Document, scan
from treadle_merge_toml._write import write


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: tables unite, lists of texts unite in order, scalars that differ are open."""
    if PurePosixPath(path).name == "pyproject.toml":
        form = Format(scan, _data, partial(write, rules=_pyproject.RULES))
        return merge_documents(contributions, config, form, _pyproject.RULES, _pyproject.prepare)
    form = Format(scan, _data, partial(write, rules=Rules()))
    return merge_documents(contributions, config, form, Rules())


def _data(document: Document) -> object:
    return document.data
