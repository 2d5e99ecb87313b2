"""The kinds of networks and tasks; each is imported when it is used."""

from isochron.ann_bridge.nets.parameters import NetworkParameters
from isochron.registry import Entry, Registry

_NETS = "isochron.ann_bridge.nets"
_LEAKY = f"{_NETS}.leaky_parameters"
_STEPPED = f"{_NETS}.stepped_parameters"


def _task(path: str, summary: str, settings: str = "") -> Entry:
    """A task; it is the frozen dataclass of its settings, unless these have a separate class."""
    tasks, module = "isochron.ann_bridge.tasks", path.partition(":")[0]
    own = f"{tasks}.{module}:{settings}" if settings else f"{tasks}.{path}"
    return Entry(f"{tasks}.{path}", summary, settings=own)


NETWORKS = Registry(
    "network",
    {
        "low-rank": Entry(
            f"{_NETS}.low_rank:LowRankRNN",
            "Leaky rate network of low rank.",
            f"{_LEAKY}:LowRankParameters",
        ),
        "full-rank": Entry(
            f"{_NETS}.full_rank:FullRankRNN",
            "Leaky rate network.",
            f"{_LEAKY}:FullRankParameters",
        ),
        "connectome": Entry(
            f"{_NETS}.connectome:ConnectomeRNN",
            "Leaky rate network with weights where a connectome has connections.",
            f"{_LEAKY}:ConnectomeRNNParameters",
        ),
        "connectome-low-rank": Entry(
            f"{_NETS}.low_rank_adapted:LowRankAdaptedConnectomeRNN",
            "Frozen connectome with a trained term of low rank.",
            f"{_LEAKY}:LowRankAdaptedConnectomeParameters",
        ),
        "gru": Entry(
            f"{_NETS}.gated:GRUNet", "Gated recurrent units.", f"{_STEPPED}:GatedParameters"
        ),
        "lstm": Entry(
            f"{_NETS}.gated:LSTMNet", "Long short-term memory.", f"{_STEPPED}:GatedParameters"
        ),
        "liquid": Entry(
            f"{_NETS}.liquid:LiquidNet",
            "Liquid time constants on a circuit.",
            f"{_STEPPED}:LiquidParameters",
        ),
        "closed-form": Entry(
            f"{_NETS}.closed_form:ClosedFormNet",
            "Closed-form continuous time on a circuit.",
            f"{_STEPPED}:ClosedFormParameters",
        ),
        "coupled-oscillators": Entry(
            f"{_NETS}.coupled_oscillators:CoupledOscillatorNet",
            "Coupled oscillators (coRNN).",
            f"{_STEPPED}:CoupledOscillatorParameters",
        ),
        "attention": Entry(
            f"{_NETS}.attention:AttentionNet",
            "Causal transformer; its state is the window of inputs.",
            f"{_NETS}.attention_parameters:AttentionParameters",
        ),
        "convolution": Entry(
            f"{_NETS}.convolution:ConvolutionNet",
            "Temporal convolution; its state is the window of inputs.",
            f"{_NETS}.convolution_parameters:ConvolutionParameters",
        ),
        "spiking": Entry(
            f"{_NETS}.spiking:SpikingNet",
            "Leaky integrate-and-fire neurons.",
            f"{_STEPPED}:SpikingParameters",
        ),
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
        "phase-memory": _task(
            "phase_memory:PhaseMemory",
            "Stimulus remembered as the phase of an oscillation.",
            "PhaseMemorySettings",
        ),
        "level-memory": _task(
            "phase_controls:LevelMemory",
            "Trials of phase-memory; stimulus remembered as a level.",
            "LevelMemorySettings",
        ),
        "fixed-phase": _task(
            "phase_controls:FixedPhase",
            "Trials of phase-memory; one phase for all stimuli, no memory.",
            "FixedPhaseSettings",
        ),
        "reference-free-memory": _task(
            "phase_controls:ReferenceFreeMemory",
            "Stimulus remembered as the phase of an intrinsic cycle.",
            "ReferenceFreeSettings",
        ),
        "match-to-sample": _task(
            "match_to_sample:DelayedMatchToSample", "Same stimulus again, or not."
        ),
        "comparison": _task(
            "comparison:DelayedComparison", "Higher of two frequencies after a delay."
        ),
        "parametric-memory": _task(
            "parametric_memory:ParametricWorkingMemory", "Value remembered over a delay."
        ),
        "sternberg": _task("sternberg:Sternberg", "Probe among the items, or not."),
        "flip-flop": _task("flip_flop:FlipFlop", "Last sign of each of three inputs."),
        "ready-set-go": _task("ready_set_go:ReadySetGo", "Interval measured and produced."),
    },
)


def load_network_class(kind: str) -> type:
    """The class of a kind of network, or of a model that is saved like one.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    return (MODELS if kind in MODELS else NETWORKS).load(kind)


def network_parameters(kind: str) -> type[NetworkParameters]:
    """The parameters' dataclass of a kind of network.

    A kind without an entry for them is imported, with torch.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    return NETWORKS.load_settings(kind) or NETWORKS.load(kind).parameters_type


def task_settings(kind: str) -> type:
    """The dataclass of the settings of a kind of task: the task itself, unless it is separate.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    return TASKS.load_settings(kind) or TASKS.load(kind)
