"""Settings of the experiments. Light, so that help is instant."""

import math
from dataclasses import MISSING, dataclass

from isochron.runs.model_settings import DATASET_HELP
from isochron.runs.null_models import NO_NULL, OF_SIGNS, check_null_model
from isochron.settings import check_choices, setting
from isochron.workflows.rhythm_search import RhythmSearch

SOURCE_HELP = "File of a network (.safetensors) or of a simulation (.zarr, .nc)"
SEED_HELP = "Seed; by default each run has one from the seed of the sweep"


@dataclass(frozen=True, kw_only=True, slots=True)
class TongueSettings:
    """The tongues of one saved network or run of the worm, as `isochron tongue` finds them."""

    source: str = setting(MISSING, SOURCE_HELP)
    amplitudes: tuple[float, ...] = setting(
        MISSING, "Amplitudes of the reference; pA for a run of the worm"
    )
    span: float = setting(
        0.4, "Range of frequencies that is followed, as a fraction of the first frequency"
    )
    frequency_Hz: float | None = setting(
        None, "Frequency of the reference; by default that of the task, or the intrinsic one of a "
        "run", unit="Hz",
    )  # fmt: skip
    input: int | None = setting(
        None, "Number of the network's input that the reference enters; that of its task by default"
    )
    n_starts: int = setting(64, "Number of random initial states of a network")
    seed: int | None = setting(None, SEED_HELP)
    max_period_s: float = setting(10.0, "Longest intrinsic period of a run", unit="s")

    def __post_init__(self) -> None:
        self.search(0)
        if not self.amplitudes or not all(0 < it < math.inf for it in self.amplitudes):
            raise ValueError(
                f"amplitudes must be positive and finite, got {list(self.amplitudes)!r}."
            )
        if not 0 < self.span < 1:
            raise ValueError(f"span must lie between 0 and 1, got {self.span!r}.")

    def search(self, seed: int) -> RhythmSearch:
        """The settings of the search, with the seed of the run if there is no other."""
        return RhythmSearch(
            frequency_Hz=self.frequency_Hz, input=self.input, n_starts=self.n_starts,
            seed=seed if self.seed is None else self.seed, max_period_s=self.max_period_s,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveySettings:
    """Entrained cycles of one saved network under its reference."""

    source: str = setting(MISSING, "File of a network (.safetensors)")
    amplitude: float | None = setting(
        None, "Amplitude of the reference; that of the network's task by default"
    )
    frequency_Hz: float | None = setting(
        None, "Frequency of the reference; that of the network's task by default", unit="Hz"
    )
    input: int | None = setting(
        None, "Number of the network's input that the reference enters; that of its task by default"
    )
    n_starts: int = setting(64, "Number of random initial states")
    seed: int | None = setting(None, SEED_HELP)

    def __post_init__(self) -> None:
        RhythmSearch(frequency_Hz=self.frequency_Hz, n_starts=self.n_starts, seed=self.seed or 0)
        if self.amplitude is not None and not 0 < self.amplitude < math.inf:
            raise ValueError(f"amplitude must be positive and finite, got {self.amplitude!r}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class AttractorSettings:
    """Attractors of one network of ±1 neurons: of a connectome, of a null model, or random."""

    dataset: str | None = setting(None, DATASET_HELP)
    null_model: str = setting(NO_NULL, "Null model of the connectome; none for the connectome")
    draw: int = setting(0, "Number of the draw from the null model, or of the random network")
    layers: tuple[str, ...] = setting(
        ("chemical", "gap"), "Layers of the connectome: chemical, gap"
    )
    signs: str | None = setting(
        None, "Signs of the chemical connections; by default own if the connectome has signs, "
        "else gaba", choices=("own", "gaba", "none"),
    )  # fmt: skip
    tie: str = setting(
        "plus", "State of a neuron whose field is exactly 0",
        choices="isochron.analysis.sign_networks:TIE_RULES",
    )  # fmt: skip
    n_starts: int = setting(2000, "Number of random initial states of a network of a connectome")
    solve: bool = setting(False, "Solve for all fixed points (needs OR-Tools)")
    n_random: int | None = setting(None, "Number of neurons of a random network, without a dataset")
    symmetry: float = setting(
        0.0, "Symmetry of the couplings of a random network, -1 to 1", needs="n_random"
    )
    seed: int | None = setting(
        None, "Seed of initial states and null models, as of isochron attractors; by default the "
        "draws are those of all sweeps, and each run has a seed from that of the sweep",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_choices(self)
        if (self.dataset is None) == (self.n_random is None):
            raise ValueError("Give a dataset or n_random, one of the two.")
        check_null_model(self.null_model, self.draw)
        if self.null_model == OF_SIGNS and self.signs == "none":
            raise ValueError(
                f"{OF_SIGNS} permutes signs, so it needs some: choose gaba or own, not none."
            )
        if self.n_random is not None and not 1 <= self.n_random <= 30:
            raise ValueError(f"n_random must be from 1 to 30, got {self.n_random!r}.")
        for name, least in (("n_starts", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be {least} or more, got {value!r}.")
