"""Names that a module still offers though they are defined elsewhere now: imported ones, and inherited methods."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from treadle_analysis._source import PythonModule


class Inheritance:
    """The classes of a tree by their last name. Two classes of one name are taken for one: better silent than wrong."""

    def __init__(self, modules: Iterable[PythonModule]) -> None:
        self._bases: defaultdict[str, set[str]] = defaultdict(set)
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        for module in modules:
            for definition in module.definitions:
                owner = definition.name.rpartition(".")[0].rpartition(".")[2]
                if definition.kind == "class":
                    self._bases[definition.last_name].update(definition.bases)
                if owner:
                    self._members[owner].add(definition.last_name)

    def has(self, owner: str, member: str) -> bool:
        """True when a class or one of its ancestors in the tree defines a member."""
        seen: set[str] = set()
        waiting = [owner]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if member in self._members.get(name, ()):
                return True
            waiting += self._bases.get(name, ())
        return False


def still_offers(module: PythonModule, name: str, inheritance: Inheritance) -> bool:
    """True when a name that the module defined before can be had from it still."""
    top, _, _ = name.partition(".")
    if top in module.imported:
        return True
    owner, _, member = name.rpartition(".")
    defined: Mapping[str, str] = {definition.name: definition.last_name for definition in module.definitions}
    return owner in defined and inheritance.has(defined[owner], member)
