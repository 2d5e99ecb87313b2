"""Limit cycles: stable or not, free or forced, each with the proof of its accuracy."""

from isochron.analysis.limit_cycles.control import ShootingControl
from isochron.analysis.limit_cycles.recurrence import (
    CloseReturn,
    RecurrenceSearch,
    find_close_returns,
    find_recurrent_cycles,
)
from isochron.analysis.limit_cycles.result import LimitCycle
from isochron.analysis.limit_cycles.search import find_limit_cycle

__all__ = [
    "CloseReturn",
    "LimitCycle",
    "RecurrenceSearch",
    "ShootingControl",
    "find_close_returns",
    "find_limit_cycle",
    "find_recurrent_cycles",
]
