"""Trees and transactions: a handful that a sweep takes whole, and random ones."""

import contextlib
import errno
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from treadle.workspace.journal import Transaction
from treadle_hookspecs import TreadleError

Tree = Sequence[tuple[str, Any]]
"""What `journal_faults.write_tree` makes."""

Wanted = Sequence[tuple[str, tuple[Any, ...]]]
"""Methods of a transaction and what they are given."""

PLAIN: Tree = [
    ("a.txt", (b"a", 0o644)),
    ("run", (b"#!/bin/sh\n", 0o755)),
    ("locked", (b"read only", 0o444)),
    ("empty", 0o755),
    ("narrow", 0o700),
    ("closed", 0o555),
    ("shut/in", (b"in", 0o444)),
    ("shut/deep", 0o500),
    ("shut", 0o555),
    ("src/a/one.py", (b"1", 0o644)),
    ("src/a/two.py", (b"2", 0o640)),
    ("src/b", 0o750),
    ("link", "a.txt"),
    ("nowhere", "not/there"),
    ("gr\u00fc\u00df/\u65e5\u672c", ("\u8a9e".encode(), 0o600)),
]

SAMPLES: dict[str, tuple[Tree, Wanted]] = {
    "new files": (
        [],
        [
            ("write", ("one", b"1")),
            ("write", ("d/e/two", b"2", 0o755)),
            ("mkdir", ("d/empty", 0o700)),
            ("symlink", ("d/link", "../one")),
            ("mkdir", ("closed", 0o555)),
            ("write", ("closed/in", b"x")),
            ("mkdir", ("shut/up", 0o500)),
        ],
    ),
    "changes": (
        PLAIN,
        [
            ("write", ("a.txt", b"new")),
            ("write", ("locked", b"new")),
            ("chmod", ("run", 0o644)),
            ("chmod", ("src/b", 0o555)),
            ("symlink", ("link", "run")),
            ("write", ("nowhere", b"a file now")),
            ("symlink", ("gr\u00fc\u00df/\u65e5\u672c", "../a.txt")),
        ],
    ),
    "deletions": (
        PLAIN,
        [
            ("delete", (name,))
            for name in ("src", "closed", "shut", "empty", "a.txt", "link", "locked", "gr\u00fc\u00df")
        ],
    ),
    "kinds": (
        PLAIN,
        [
            ("delete", ("src",)),
            ("write", ("src", b"a file now")),
            ("delete", ("run",)),
            ("write", ("run/deep/er", b"a folder now")),
            ("delete", ("empty",)),
            ("symlink", ("empty", "src")),
            ("delete", ("shut",)),
            ("write", ("shut", b"a file now")),
        ],
    ),
    "renames": (
        PLAIN,
        [
            ("rename", ("src/a", "lib")),
            ("rename", ("a.txt", "A.txt")),
            ("rename", ("narrow", "wide")),
            ("rename", ("shut", "moved/shut")),
            ("rename", ("link", "src/link")),
            ("chmod", ("lib/two.py", 0o755)),
        ],
    ),
}


def build(transaction: Transaction, wanted: Wanted) -> None:
    """Note the changes; the ones that are refused are left out, and a whole that is refused is not tried."""
    for method, arguments in wanted:
        try:
            getattr(transaction, method)(*arguments)
        except TreadleError:
            continue
    try:
        transaction.operations()
    except TreadleError:
        reject()


@contextlib.contextmanager
def possible() -> Iterator[None]:
    """An example that the user who runs the tests may not do (root may do all) is none."""
    try:
        yield
    except TreadleError as error:
        if error.context.get("errno") != errno.EACCES:
            raise
        reject()


NAMES = st.sampled_from(["a", "b", "B", "c.txt", "\u00e9t\u00e9", "\u65e5", "-x", " y"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.binary(max_size=40)
FILE_MODES = st.sampled_from([0o644, 0o755, 0o600, 0o444, 0o400, 0o664, 0o4755])
FOLDER_MODES = st.sampled_from([0o755, 0o555, 0o700, 0o775, 0o1777, 0o2755])
ENTRIES = st.one_of(
    st.tuples(PATHS, st.tuples(CONTENTS, FILE_MODES)),
    st.tuples(PATHS, st.sampled_from(["a", "b/c.txt", "../out", "/dev/null", "\u00e9t\u00e9"])),
    st.tuples(PATHS, FOLDER_MODES),
)
WANTED = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.tuples(PATHS, CONTENTS, st.none() | FILE_MODES)),
        st.tuples(st.just("mkdir"), st.tuples(PATHS, st.none() | st.sampled_from([0o755, 0o700, 0o555, 0o500]))),
        st.tuples(st.just("symlink"), st.tuples(PATHS, st.sampled_from(["a", "elsewhere"]))),
        st.tuples(st.just("delete"), st.tuples(PATHS)),
        st.tuples(st.just("chmod"), st.tuples(PATHS, FILE_MODES)),
        st.tuples(st.just("rename"), st.tuples(PATHS, PATHS)),
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Entries of which none lies below a file or a link, and no two have one path."""
    made: dict[str, Any] = {}
    for name, what in draw(st.lists(ENTRIES, max_size=8)):
        above = ["/".join(name.split("/")[:depth]) for depth in range(1, name.count("/") + 1)]
        below = any(other.startswith(f"{name}/") for other in made)
        if name in made or below or any(not isinstance(made.get(it, 0), int) for it in above):
            continue
        made[name] = what
    return list(made.items())
