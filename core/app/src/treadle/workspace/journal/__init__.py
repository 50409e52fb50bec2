"""Changes to a project's files that are whole or absent after any crash, and can be undone to the byte."""

from treadle.workspace.journal._journal import Journal
from treadle.workspace.journal._plan import HOME, Operation, Plan
from treadle.workspace.journal._results import Committed, Failure, Kept, Recovered, Rescued, Undone, UserChangedError
from treadle.workspace.journal._transaction import Transaction
from treadle.workspace.journal.new_tree import NewTree, leftovers
from treadle.workspace.journal.states import State, look

__all__ = [
    "HOME",
    "Committed",
    "Failure",
    "Journal",
    "Kept",
    "NewTree",
    "Operation",
    "Plan",
    "Recovered",
    "Rescued",
    "State",
    "Transaction",
    "Undone",
    "UserChangedError",
    "leftovers",
    "look",
]
