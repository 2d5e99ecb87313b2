"""The kinds of networks and tasks; each is imported when it is used."""

from isochron.registry import Entry, Registry

_NETS = "isochron.ann_bridge.nets"
_TASKS = "isochron.ann_bridge.tasks"

NETWORKS = Registry(
    "network",
    {
        "low-rank": Entry(f"{_NETS}.low_rank:LowRankRNN", "Leaky rate network of low rank."),
        "full-rank": Entry(f"{_NETS}.full_rank:FullRankRNN", "Leaky rate network."),
        "connectome": Entry(
            f"{_NETS}.connectome:ConnectomeRNN",
            "Leaky rate network with weights where a connectome has connections.",
        ),
        "connectome-low-rank": Entry(
            f"{_NETS}.low_rank_adapted:LowRankAdaptedConnectomeRNN",
            "Frozen connectome with a trained term of low rank.",
        ),
        "gru": Entry(f"{_NETS}.gated:GRUNet", "Gated recurrent units."),
        "lstm": Entry(f"{_NETS}.gated:LSTMNet", "Long short-term memory."),
        "liquid": Entry(f"{_NETS}.liquid:LiquidNet", "Liquid time constants on a circuit."),
        "closed-form": Entry(
            f"{_NETS}.closed_form:ClosedFormNet", "Closed-form continuous time on a circuit."
        ),
        "coupled-oscillators": Entry(
            f"{_NETS}.coupled_oscillators:CoupledOscillatorNet", "Coupled oscillators (coRNN)."
        ),
        "spiking": Entry(f"{_NETS}.spiking:SpikingNet", "Leaky integrate-and-fire neurons."),
    },
)
MODELS = Registry(  # read from files like networks, and made from a simulation, not for a task
    "model",
    {
        "worm": Entry(
            "isochron.ann_bridge.fitting.task:WormNet", "Graded model of a worm as a network."
        ),
    },
)
TASKS = Registry(
    "task",
    {
        "phase-memory": Entry(
            f"{_TASKS}.phase_memory:PhaseMemory", "Stimulus held as the phase of an oscillation."
        ),
        "match-to-sample": Entry(
            f"{_TASKS}.match_to_sample:DelayedMatchToSample", "Same stimulus again, or not."
        ),
        "comparison": Entry(
            f"{_TASKS}.comparison:DelayedComparison", "Higher of two frequencies after a delay."
        ),
        "parametric-memory": Entry(
            f"{_TASKS}.parametric_memory:ParametricWorkingMemory", "Value held over a delay."
        ),
        "sternberg": Entry(f"{_TASKS}.sternberg:Sternberg", "Probe among the items, or not."),
        "flip-flop": Entry(f"{_TASKS}.flip_flop:FlipFlop", "Last sign of each of three inputs."),
        "ready-set-go": Entry(
            f"{_TASKS}.ready_set_go:ReadySetGo", "Interval measured and produced."
        ),
    },
)


def load_network_class(kind: str) -> type:
    """The class of a kind of network, or of a model that is saved like one.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    return (MODELS if kind in MODELS else NETWORKS).load(kind)
