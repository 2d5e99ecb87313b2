"""Settings of the functions that simulate: duration, engine, time step, recorded variables."""

import math
from collections.abc import Sequence
from dataclasses import MISSING, dataclass
from typing import Any

from isochron.settings import check_choices, check_list, check_types, setting
from isochron.sims.engines import ENGINES, describe_default_steps, describe_methods

RECORDABLE = ("V", "s", "input", "V_minus_threshold")
ENSEMBLE_RECORDABLE = ("V", "s", "V_minus_threshold")
TYPES = ("float64", "float32")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSettings:
    """Settings of `simulate`.

    Attributes
    ----------
    duration_s : float
        Simulated time in seconds, rounded to a whole number of steps.
    engine : {"numba", "torch", "triton", "scipy", "brian2", "jneuroml", "neuron"}
        Engine that integrates. "scipy" is adaptive with tight tolerances: the reference.
        "triton" is for ensembles on a GPU.
    step_ms : float, optional
        Time step in ms. Without it (and without a method) the engine "numba" chooses a step of
        the method "multistep" for `tolerance_mV`; the other engines, and the method "strang", use
        their default: 0.5 for "torch", "triton" and "scipy", at most 0.05 for the others, and
        less where the network needs it (`default_step` in `isochron.sims.engines`). With a step,
        the method is "strang": of second order and stable at any step. At 0.5 ms a run of
        varshney2011 stays within 1e-3 mV of the exact one over 5 s; at 8 ms its period is good to
        0.1 %. See `estimate_step_error`. Let jumps of the stimulus fall between such steps.
    method : str, optional
        Method of the engine; its default if not given, see `step_ms`.
    tolerance_mV : float, optional
        Largest error of a potential in mV, within the first 5 s or the run if it is shorter, for
        which a step is chosen; 1e-3 by default. Estimated from a run with half the step. Later,
        the phase of a rhythm drifts by the error of its period.
    record : sequence of {"V", "s", "input", "V_minus_threshold"}
        Recorded variables.
    record_every_ms : float
        Time between recorded samples in ms, rounded to a whole number of steps.
    threshold_rule : {"fixed", "adiabatic", "ramped"}
        Rule by which the thresholds Vth follow the stimulus. "fixed": Vth of its constant part;
        "adiabatic": Vth of the input at every time; "ramped": adiabatic, and the input rises
        from zero over the first 0.3 s. See `isochron.sims.drive`.

    Raises
    ------
    ValueError
        If a number is not positive and finite, or a variable in `record` does not exist.

    Examples
    --------
    Settings for several runs; the same as the keywords of `simulate`:

    >>> settings = sims.RunSettings(duration_s=0.1, step_ms=2, record_every_ms=20)
    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> touch = sims.step_current(["PLM"], amplitude_pA=2000)
    >>> run = sims.simulate(worm, touch, settings, rng=np.random.default_rng(0))
    >>> run.V.shape, run.attrs["n_steps"]
    ((6, 279), 50)
    """

    duration_s: float = setting(MISSING, "Simulated time", unit="s")
    engine: str = setting(
        "numba", "Engine of graded models; spiking models run in brian2", choices=ENGINES
    )
    step_ms: float | None = setting(
        None,
        "Time step; by default chosen for the tolerance with the method multistep, and else "
        f"{describe_default_steps()}",
        unit="ms",
    )
    method: str | None = setting(None, f"Integration method: {describe_methods()}")
    tolerance_mV: float | None = setting(
        None, "Largest error of a potential in the first 5 s, for which a step is chosen; by "
        "default 0.001", unit="mV",
    )  # fmt: skip
    record: Sequence[str] = setting(
        ("V", "s"),
        "Recorded variable; only V for spiking models; may be repeated",
        choices=RECORDABLE,
    )
    record_every_ms: float = setting(
        5.0, "Time between recorded samples; 1 by default for spiking models", unit="ms"
    )
    threshold_rule: str = setting(
        "fixed", "Rule by which the thresholds of synapses follow a stimulus",
        choices="isochron.sims.drive:THRESHOLD_RULES",
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check_times(self)
        check_list("record", self.record, RECORDABLE, least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class EnsembleSettings:
    """Settings of `simulate_many`.

    Attributes
    ----------
    duration_s, step_ms, method, tolerance_mV, record_every_ms, threshold_rule
        As in `RunSettings`. The tolerance is that of up to eight members, evenly spaced, in
        float64.
    engine : {"numba", "torch", "triton"}
        "numba": vectorized over members on processors; the fastest there. "triton": for
        thousands of members on a GPU, one worm to a lane. "torch": for gradients, by
        `isochron.sims.engines.torch_graded.GradedBatch`.
    record : sequence of {"V", "s", "V_minus_threshold"}
        Recorded variables.
    workers : int
        Number of threads; for "numba".
    device, dtype : str
        "cpu" or "cuda", for "torch" and "triton", which needs "cuda"; "float64" or "float32", for
        these and for the method "multistep", which is then twice as fast.
    chunk : int, optional
        Number of members in memory at a time, in addition to what is recorded. By default 512;
        for "triton" up to 65,536, as a GPU needs thousands to be busy.

    Raises
    ------
    ValueError
        If a number is not positive and finite, or a variable in `record` does not exist.

    Examples
    --------
    Settings for several ensembles; the same as the keywords of `simulate_many`:

    >>> settings = sims.EnsembleSettings(duration_s=0.1, step_ms=2, record_every_ms=20)
    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> touches = [sims.step_current(["PLM"], amplitude_pA=pA) for pA in (1000, 2000, 3000)]
    >>> run = sims.simulate_many(worm, touches, settings, rng=np.random.default_rng(0))
    >>> run.V.shape, int(run.failed.sum())
    ((3, 6, 279), 0)
    """

    duration_s: float
    engine: str = "numba"
    step_ms: float | None = None
    method: str | None = None
    tolerance_mV: float | None = None
    record: Sequence[str] = ("V",)
    record_every_ms: float = 5.0
    threshold_rule: str = "fixed"
    workers: int = 1
    device: str = "cpu"
    dtype: str = setting("float64", "Type of the numbers", choices=TYPES)
    chunk: int | None = None

    def __post_init__(self) -> None:
        _check_times(self)
        _check_positive(self, ("workers",) + ("chunk",) * (self.chunk is not None))
        check_list("record", self.record, ENSEMBLE_RECORDABLE)
        check_choices(self)


def _check_times(settings: Any) -> None:
    given = [name for name in ("step_ms", "tolerance_mV") if getattr(settings, name) is not None]
    _check_positive(settings, ("duration_s", "record_every_ms", *given))
    if len(given) == 2:
        raise ValueError(
            f"step_ms={settings.step_ms:g} and tolerance_mV={settings.tolerance_mV:g} exclude "
            "each other: a step is chosen for the tolerance. Give one."
        )


def _check_positive(settings: Any, names: Sequence[str]) -> None:
    check_types(settings)
    for name in names:
        value = getattr(settings, name)
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")
