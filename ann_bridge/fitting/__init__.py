"""Fit a simulated worm: to a rhythm, to a recording, or as a network to a task."""

from isochron.ann_bridge.fitting.parameters import ConnectionScale, Constant, Current
from isochron.ann_bridge.fitting.recording import (
    RecordingFit,
    RecordingFitParameters,
    fit_recording,
)
from isochron.ann_bridge.fitting.rhythm import (
    RhythmFit,
    RhythmFitParameters,
    RhythmTarget,
    fit_rhythm,
)
from isochron.ann_bridge.fitting.task import WormNet, WormNetParameters

__all__ = [
    "ConnectionScale",
    "Constant",
    "Current",
    "RecordingFit",
    "RecordingFitParameters",
    "RhythmFit",
    "RhythmFitParameters",
    "RhythmTarget",
    "WormNet",
    "WormNetParameters",
    "fit_recording",
    "fit_rhythm",
]
