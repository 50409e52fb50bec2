"""What resolvers share: uniting documents, strategies by key, requirements of Python packages."""

from treadle_merging._align import align, called
from treadle_merging._brackets import Element, Node, Syntax, inner_comments, own_comments, raw
from treadle_merging._documents import Format, Unreadable, merge_documents, refused, restore, text_of
from treadle_merging._edit import Editor
from treadle_merging._requirements import combined, identity, name_of, parse, unite_requirements, unite_texts
from treadle_merging._rules import Group, KeyPath, Rules, Special, is_place
from treadle_merging._strategies import Side, choose
from treadle_merging._unite import Merge, by_identity
from treadle_merging._values import MISSING, Value, entries, items, missing, same, shown

__all__ = [
    "MISSING",
    "Editor",
    "Element",
    "Format",
    "Group",
    "KeyPath",
    "Merge",
    "Node",
    "Rules",
    "Side",
    "Special",
    "Syntax",
    "Unreadable",
    "Value",
    "align",
    "by_identity",
    "called",
    "choose",
    "combined",
    "entries",
    "identity",
    "inner_comments",
    "is_place",
    "items",
    "merge_documents",
    "missing",
    "name_of",
    "own_comments",
    "parse",
    "raw",
    "refused",
    "restore",
    "same",
    "shown",
    "text_of",
    "unite_requirements",
    "unite_texts",
]
