"""The models of a connectome by name: the class of a network and its parameters."""

from isochron.registry import Entry, Registry

_GRADED = "isochron.sims.graded"
_SPIKING = "isochron.sims.spiking"


def _graded(summary: str, parameters: str) -> Entry:
    return Entry(f"{_GRADED}:GradedNetwork", summary, f"{_GRADED}_parameters:{parameters}")


def _spiking(summary: str, parameters: str) -> Entry:
    path, settings = f"{_SPIKING}.network:SpikingNetwork", f"{_SPIKING}.parameters:{parameters}"
    return Entry(path, summary, settings, "isochron[spiking]")


MODELS = Registry(
    "model",
    {
        "graded": _graded(
            "Passive neurons with graded synapses, as in the Interactome.", "GRADED_INTERACTOME"
        ),
        "graded-kunert2014": _graded(
            "Passive neurons with graded synapses, as in Kunert et al. (2014).", "GRADED_KUNERT2014"
        ),
        "c302-a": _spiking("Integrate-and-fire neurons of c302, level A.", "C302_A"),
        "c302-b": _spiking("Integrate-and-fire neurons of c302, level B.", "C302_B"),
        "adaptive-exponential": _spiking(
            "Adaptive exponential integrate-and-fire neurons.", "ADAPTIVE_EXPONENTIAL"
        ),
    },
)
