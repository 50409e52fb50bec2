"""The resolver: one side says nothing, or both are imports and `__all__`; everything else is a person's decision."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from treadle_hookspecs import ChosenKey, Contribution, MergeConfig, MergeResult
from treadle_merging import Merge, Side, Unreadable, refused, restore, text_of

from treadle_merge_python._module import Module, read


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: an empty module gives way; imports and `__all__` of an `__init__.py` unite."""
    try:
        modules = [(one, read(text_of(one))) for one in contributions]
    except Unreadable as problem:
        return refused(contributions, str(problem))
    speaking = [(one, module) for one, module in modules if not module.empty] or modules[:1]
    if len({one.content for one, _ in speaking}) == 1:
        return MergeResult(speaking[0][0].content, chosen=_given_way(modules, speaking))
    if PurePosixPath(path).name != "__init__.py":
        return refused(contributions, "two modules of one name; `template:ID` takes one, `rename` keeps both")
    for one, module in speaking:
        if module.other:
            return refused(contributions, f"{one.template}: `{module.other}` is more than imports and `__all__`")
    return _united(speaking, config)


def _given_way(
    modules: Sequence[tuple[Contribution, Module]], speaking: Sequence[tuple[Contribution, Module]]
) -> tuple[ChosenKey, ...]:
    """A module of comments that gave way is named; an empty one is not worth a word."""
    lost = [one.template for one, module in modules if module.empty and one.content.strip()]
    taken = speaking[0][0].template
    return (ChosenKey("", f"template:{taken}", "table"),) if lost and taken not in lost else ()


def _united(speaking: Sequence[tuple[Contribution, Module]], config: MergeConfig) -> MergeResult:
    merge = Merge(config=config)
    docstrings = [Side(one.template, module.docstring) for one, module in speaking if module.docstring]
    docstring = str(merge.unite(("docstring",), docstrings)) if docstrings else ""
    sources = _sources(merge, speaking)
    (first, base), *others = speaking
    lines = [] if not others else _new_imports(base, others, sources)
    exports = list(dict.fromkeys(name for _, module in speaking for name in module.exports or ()))
    text = _written(text_of(first), base, lines, exports, docstring)
    try:
        read(text)
    except Unreadable as problem:
        return refused([one for one, _ in speaking], f"the merged text would not be readable: {problem}")
    return MergeResult(restore(text, first.content), tuple(merge.open), tuple(merge.chosen))


def _sources(merge: Merge, speaking: Sequence[tuple[Contribution, Module]]) -> dict[str, str]:
    """Where each name comes from; a row for a name that comes from two places."""
    said: dict[str, list[Side]] = {}
    for one, module in speaking:
        for names, _ in module.imports:
            for name, source in names.items():
                said.setdefault(name, []).append(Side(one.template, source))
    return {
        name: str(
            sides[0].value if len({side.value for side in sides}) == 1 else merge.differ(("imports", name), sides)
        )
        for name, sides in said.items()
    }


def _new_imports(
    base: Module, others: Sequence[tuple[Contribution, Module]], sources: dict[str, str]
) -> list[tuple[bool, str]]:
    """Statements of the others that bind a name the first does not bind: `(of the future, text)`."""
    known = {name for names, _ in base.imports for name in names}
    found = []
    for _, module in others:
        for names, line in module.imports:
            new = {name for name, source in names.items() if name not in known and sources[name] == source}
            if new:
                known |= new
                code = module.tree.code_for_node(line).strip("\n")
                found.append((all(source.startswith("__future__:") for source in names.values()), code))
    return found


def _written(text: str, base: Module, lines: list[tuple[bool, str]], exports: list[str], docstring: str) -> str:
    """The first module's text with further imports behind its own and all names in `__all__`."""
    from treadle_merge_python._edit import insert_imports, with_docstring, with_exports

    text = with_exports(text, exports) if exports != (base.exports or []) else text
    text = insert_imports(text, lines)
    return with_docstring(text, docstring) if docstring != base.docstring else text
