"""Checks of the agents that steps name, against those that this user has: others may have other ones, so it warns."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from treadle.definition._document import Document, Items, Path, Scalar
from treadle.definition._loading import Loaded
from treadle.definition._report import Report
from treadle.definition._structure import step_paths

_PRINTED = 8


def agents_checked(loaded: Loaded, known: Callable[[], Collection[str]]) -> Loaded:
    """A definition with a warning for each agent that is not known, its sub-workflows' as well.

    `known` is asked where a definition names agents at all.
    """
    found = set(loaded.problems)
    for document in _documents(loaded):
        report, named = Report(document), list(_named(document))
        there = known() if named else ()
        for path, name in named:
            if name not in there:
                _unknown(name, path, there, report)
        found.update(report.problems)
    order = sorted(found, key=lambda problem: (problem.file != loaded.path, problem.file, problem.order))
    return replace(loaded, problems=tuple(order))


def _documents(loaded: Loaded) -> Iterator[Document]:
    if loaded.document is not None:
        yield loaded.document
    yield from (member.report.document for member in loaded.members if member.report is not None)


def _named(document: Document) -> Iterator[tuple[Path, str]]:
    """The names of agents, with their places."""
    for around in (("defaults",), *step_paths(document)):
        for key in ("agent", "fallback"):
            node = document.node((*around, key))
            items = node.items if isinstance(node, Items) else ()
            places = [((*around, key), node), *(((*around, key, n), item) for n, item in enumerate(items))]
            for path, one in places:
                if isinstance(one, Scalar) and isinstance(one.value, str):
                    yield path, one.value


def _unknown(name: str, path: Path, known: Collection[str], report: Report) -> None:
    listed = ", ".join(sorted(known)[:_PRINTED])
    hint = report.suggest(name, known) or f"treadle agents lists yours: {listed}; or name it in your settings"
    report.at_value("TRD0147", f"you have no agent `{name}`", path, hint=hint, severity="warning")
