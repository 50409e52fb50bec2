"""Seeing why: explanations, graphs and analyses of workflows and executions, from the plan and the log alone.

Nothing here drives an execution or changes a store.
"""

from treadle.seeing._places import step_named
from treadle.seeing._record import Record, plan_of, read_record
from treadle.seeing.analysis import Analysis, CriticalPath, Figure, Opportunity, PathStep
from treadle.seeing.explanation import Explanation, Neighbour, Reason

__all__ = [
    "Analysis",
    "CriticalPath",
    "Explanation",
    "Figure",
    "Neighbour",
    "Opportunity",
    "PathStep",
    "Reason",
    "Record",
    "plan_of",
    "read_record",
    "step_named",
]
