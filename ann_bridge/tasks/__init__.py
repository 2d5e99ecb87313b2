"""Working-memory tasks, generated in batches on the device of the network."""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.ann_bridge.tasks.comparison import DelayedComparison
    from isochron.ann_bridge.tasks.flip_flop import FlipFlop
    from isochron.ann_bridge.tasks.match_to_sample import DelayedMatchToSample
    from isochron.ann_bridge.tasks.neurogym import NeuroGymTask
    from isochron.ann_bridge.tasks.parametric_memory import ParametricWorkingMemory
    from isochron.ann_bridge.tasks.phase_controls import (
        FixedPhase,
        LevelMemory,
        ReferenceFreeMemory,
        even_levels,
    )
    from isochron.ann_bridge.tasks.phase_memory import PhaseMemory, even_offsets
    from isochron.ann_bridge.tasks.plotting import plot_trial
    from isochron.ann_bridge.tasks.ready_set_go import ReadySetGo
    from isochron.ann_bridge.tasks.references import (
        RecordedReference,
        SyntheticTheta,
        load_recording,
        prepare_recording,
    )
    from isochron.ann_bridge.tasks.sternberg import Sternberg
    from isochron.ann_bridge.tasks.task import ReferenceInput, Task, Trials, masked_loss

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "DelayedComparison",
    "DelayedMatchToSample",
    "FixedPhase",
    "FlipFlop",
    "LevelMemory",
    "NeuroGymTask",
    "ParametricWorkingMemory",
    "PhaseMemory",
    "ReadySetGo",
    "RecordedReference",
    "ReferenceFreeMemory",
    "ReferenceInput",
    "Sternberg",
    "SyntheticTheta",
    "Task",
    "Trials",
    "even_levels",
    "even_offsets",
    "load_recording",
    "masked_loss",
    "plot_trial",
    "prepare_recording",
]
