"""The frame of every structured merge: read, unite, write, and read again to see that it means what was intended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from treadle_hookspecs import Contribution, Json, MergeConfig, MergeResult, OpenKey

from treadle_merging._rules import Rules
from treadle_merging._strategies import Side
from treadle_merging._unite import Merge
from treadle_merging._values import MISSING, Value, same

LARGEST: Final = 4_000_000
"""Bytes of one file that a merge looks at."""

_COMMENTS: Final = ("#", "//", ";")

Document = TypeVar("Document")


class Unreadable(ValueError):  # noqa: N818 - it is the answer to a question, not a failure of the merge
    """A file that the format's reader refuses; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Format(Generic[Document]):
    """How one format is read and written.

    Args:
        read: text to document; raises `Unreadable`.
        data: what a document means.
        write: the first document's text, edited to mean the data; the other documents lend their text and comments.
    """

    read: Callable[[str], Document]
    data: Callable[[Document], Value]
    write: Callable[[Sequence[Document], Value], str]


Prepare: TypeAlias = Callable[[Merge, list[Side]], list[Side]]
"""What a format does with whole documents before they are united, e.g. settle a group that spans several tables."""


def merge_documents(
    contributions: Sequence[Contribution],
    config: MergeConfig,
    form: Format[Document],
    rules: Rules,
    prepare: Prepare = lambda _, sides: sides,
) -> MergeResult:
    """Merge files of one format; what cannot be read or would not read back as intended is the open key ""."""
    try:
        documents = [(one.template, _read(one, form)) for one in contributions]
        base = form.data(_read(config.base, form)) if config.base else MISSING
    except Unreadable as problem:
        return refused(contributions, str(problem))
    merge = Merge(rules, config, base)
    sides = prepare(merge, [Side(template, form.data(document)) for template, document in documents])
    return _written(contributions, merge, form, documents, merge.unite((), sides))


def _read(one: Contribution, form: Format[Document]) -> Document:
    try:
        return form.read(text_of(one))
    except Unreadable as problem:
        raise Unreadable(f"{one.template}: {problem}") from None


def _written(
    contributions: Sequence[Contribution],
    merge: Merge,
    form: Format[Document],
    documents: Sequence[tuple[str, Document]],
    intended: Value,
) -> MergeResult:
    try:
        text = form.write([document for _, document in documents], intended)
        meant = form.data(form.read(text))
    except Unreadable as problem:
        return refused(contributions, f"the merged text would not be readable: {problem}")
    if not same(meant, intended):
        return refused(contributions, "the merged text would not mean what was intended")
    if merge.config.base is not None:
        text = _without_old_comments(text, text_of(contributions[0]), text_of(merge.config.base), form, intended)
    content = restore(text, contributions[0].content)
    return MergeResult(content, tuple(merge.open), tuple(merge.chosen), tuple(merge.notes))


def _without_old_comments(text: str, first: str, base: str, form: Format[Document], intended: Value) -> str:
    """A comment of the base that the first side took away does not come back with the other side's text."""
    gone = {line.strip() for line in base.splitlines()} - {line.strip() for line in first.splitlines()}
    kept = [
        line
        for line in text.splitlines(keepends=True)
        if not (line.strip() in gone and line.lstrip().startswith(_COMMENTS))
    ]
    shorter = "".join(kept)
    try:
        return shorter if same(form.data(form.read(shorter)), intended) else text
    except Unreadable:
        return text


def text_of(one: Contribution) -> str:
    """A file's text with plain line ends and without a byte order mark. Raises `Unreadable`."""
    if one.kind != "file":
        raise Unreadable("it is no file")
    if len(one.content) > LARGEST:
        raise Unreadable(f"larger than {LARGEST:,} bytes")
    try:
        text = one.content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unreadable(f"not UTF-8 at byte {problem.start}") from None
    if "\0" in text:
        raise Unreadable("it holds a NUL character")
    return text.replace("\r\n", "\n") if _has_windows_ends(one.content) else text


def restore(text: str, first: bytes) -> bytes:
    """Bytes in the manner of the first file: its line ends and its byte order mark."""
    if _has_windows_ends(first):
        text = text.replace("\n", "\r\n")
    return text.encode("utf-8-sig" if first.startswith(b"\xef\xbb\xbf") else "utf-8")


def _has_windows_ends(content: bytes) -> bool:
    """Every line ends so; where ends are mixed they are left alone."""
    return b"\r\n" in content and content.count(b"\r\n") == content.count(b"\n")


def refused(contributions: Sequence[Contribution], why: str) -> MergeResult:
    """The file as a whole is open."""
    values: tuple[tuple[str, Json], ...] = tuple((one.template, f"{len(one.content):,} bytes") for one in contributions)
    strategies = ("first", "last", "rename", *(f"template:{one.template}" for one in contributions))
    return MergeResult(None, (OpenKey("", values, why, strategies),))
