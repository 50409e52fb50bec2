"""The files of an execution, below one root that no name and no link leads out of."""

from treadle.workspace._folder import FolderWorkspace
from treadle.workspace._journaled import JournaledWorkspace, forget_journaled, journaled, prefix_of, undo_journaled
from treadle.workspace._names import joined

__all__ = [
    "FolderWorkspace",
    "JournaledWorkspace",
    "forget_journaled",
    "joined",
    "journaled",
    "prefix_of",
    "undo_journaled",
]
