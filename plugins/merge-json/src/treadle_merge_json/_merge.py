"""The resolver: several versions of a JSON file become one."""

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Format, merge_documents

from treadle_merge_json._known import rules_for
from treadle_merge_json._npm import one_place
from treadle_merge_json._read import read
from treadle_merge_json._tree import Document
from treadle_merge_json._write import write


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: objects unite, lists of texts unite in order, scalars that differ are open."""
    rules = rules_for(path)
    form = Format(read, _data, partial(write, rules=rules))
    if PurePosixPath(path).name == "package.json":
        return merge_documents(contributions, config, form, rules, one_place)
    return merge_documents(contributions, config, form, rules)


def _data(document: Document) -> object:
    return document.root.data()
