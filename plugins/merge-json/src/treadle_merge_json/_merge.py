"""The resolver: several versions of a JSON file become one."""

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Editor, Format, Rules, Value, inner_comments, merge_documents

from treadle_merge_json._known import rules_for
from treadle_merge_json._npm import one_place
from treadle_merge_json._read import read
from treadle_merge_json._tree import SYNTAX, Document, comments


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: objects unite, lists of texts unite in order, scalars that differ are open."""
    rules = rules_for(path)
    form = Format(read, _data, partial(_write, rules=rules))
    if PurePosixPath(path).name == "package.json":
        return merge_documents(contributions, config, form, rules, one_place)
    return merge_documents(contributions, config, form, rules)


def _data(document: Document) -> object:
    return document.root.data()


def _write(documents: Sequence[Document], intended: Value, rules: Rules) -> str:
    """The first document's text, edited to mean `intended`; the others lend their text."""
    first, *others = documents
    editor = Editor(first.indent, rules, SYNTAX)
    editor.know([*comments(first.before), *inner_comments(first.root, SYNTAX), *comments(first.after)])
    root = editor.value((), first.root, intended, [other.root for other in others], 0)
    above = editor.strange(one for other in others for one in comments(other.before))
    below = editor.strange(one for other in others for one in comments(other.after))
    before = first.before + "".join(f"{one}\n" for one in above)
    after = first.after.rstrip("\n") + "".join(f"\n{one}" for one in below) + "\n" if below else first.after
    return before + root + after
