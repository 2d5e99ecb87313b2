"""Working-memory tasks, generated in batch on the device where the net is."""

from isochron.ann_bridge.tasks.phase_memory import PhaseMemory, Trials

__all__ = ["PhaseMemory", "Trials"]
