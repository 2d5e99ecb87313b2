"""Following fixed points and cycles in a parameter, and folds in two."""

from isochron.analysis.continuation.branch import Branch, BranchPoint, SpecialPoint
from isochron.analysis.continuation.control import StepControl
from isochron.analysis.continuation.folds import FoldCurve, continue_fold
from isochron.analysis.continuation.follow import continue_cycles, continue_fixed_points
from isochron.analysis.continuation.switching import (
    continue_cycles_from_hopf,
    continue_doubled_cycles,
)

__all__ = [
    "Branch",
    "BranchPoint",
    "FoldCurve",
    "SpecialPoint",
    "StepControl",
    "continue_cycles",
    "continue_cycles_from_hopf",
    "continue_doubled_cycles",
    "continue_fixed_points",
    "continue_fold",
]
