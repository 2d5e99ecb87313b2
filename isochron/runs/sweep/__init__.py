"""Sweeps: many runs over a grid, in a store of files that any number of workers fill."""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.runs.executors import EXECUTORS
    from isochron.runs.executors.work import Limits
    from isochron.runs.sweep.experiments import EXPERIMENTS, BatchResult, Experiment
    from isochron.runs.sweep.grid import Grid, read_grid
    from isochron.runs.sweep.sweeps import Estimate, Sweep, SweepStatus, sweep

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "EXECUTORS",
    "EXPERIMENTS",
    "BatchResult",
    "Estimate",
    "Experiment",
    "Grid",
    "Limits",
    "Sweep",
    "SweepStatus",
    "read_grid",
    "sweep",
]
