"""The resolver: several versions of a YAML file become one."""

from collections.abc import Sequence
from functools import partial

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Format, merge_documents

from treadle_merge_yaml._known import rules_for
from treadle_merge_yaml._read import read
from treadle_merge_yaml._tree import Document
from treadle_merge_yaml._write import write


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: mappings unite, lists unite in order, scalars that differ are open."""
    rules = rules_for(path)
    return merge_documents(contributions, config, Format(read, Document.data, partial(write, rules=rules)), rules)
