"""One worm and many worms: graded model of varshney2011 at PLM 2000 pA, sampled every 8 ms."""

from typing import Any

import numpy as np

from isochron.bench.results import Measurement, Peer
from isochron.bench.timing import Job, Stopwatch

STEP_MS, METHOD = 16.0, "multistep"
SAMPLE_MS = 8.0
GPU_STEP_MS = 8.0  # of Strang's method, the only one on a GPU
TOLERANCES = (1e-5, 1e-6, 1e-7, 1e-8)  # relative ones of BDF; absolute ones are a hundredth
CORE_MEMBERS = 64  # worms of the CPU next to which a GPU is measured
EXPLICIT_STEP_MS = 0.1  # of Brian2 and jNeuroML


def make_worm() -> tuple[Any, Any, np.ndarray]:
    """The network, its stimulus and a state near its limit cycle."""
    from isochron import connectome, sims

    network = sims.GradedNetwork(connectome.load("varshney2011"))
    touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    run = sims.simulate(
        network, touch, duration_s=60, step_ms=STEP_MS, method=METHOD, record_every_ms=1000,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    return network, touch, sims.state_vector(run.isel(time=-1))


def measure_worm(watch: Stopwatch, *, duration_s: float = 60.0) -> Measurement:
    """One worm by the compiled engine, and by SciPy's BDF as accurate as that.

    Errors are those of the potentials, from a run of the method of Strang that is extrapolated
    from three steps. BDF has the loosest tolerance at which it is as accurate as we are.
    """
    from isochron import analysis, sims

    network, touch, start = make_worm()
    n_samples, n_neurons = round(1e3 * duration_s / SAMPLE_MS), start.size // 2
    steps = sims.GradedMap(network, touch, step_ms=SAMPLE_MS)
    truth = analysis.ExtrapolatedMap(steps, n_levels=3).orbit(start, n_samples - 1)[:, :n_neurons]
    ours = _simulation(network, touch, start, duration_s)
    seconds = watch.take_turns(ours)[0]
    error = float(np.abs(ours().V.values[:n_samples] - truth).max())
    peer = _tuned(watch, network.field_under(touch), start, truth, error)
    seconds = min(seconds, *watch.take_turns(ours, warm=0))
    return Measurement(
        seconds=seconds, peers=(peer,), amount=duration_s, unit="simulated seconds",
        note=f"{METHOD} method, step {STEP_MS:g} ms, error {error:.1g} mV",
    )  # fmt: skip


def _tuned(
    watch: Stopwatch, field: Any, start: np.ndarray, truth: np.ndarray, limit: float
) -> Peer:
    """SciPy's BDF with the loosest tolerance whose error is at most `limit`, in mV."""
    from scipy.integrate import solve_ivp

    times, found = SAMPLE_MS * np.arange(len(truth)), {}

    def solve(rtol: float) -> None:
        found["y"] = solve_ivp(
            field, times[[0, -1]], start, method="BDF", jac=field.jacobian, rtol=rtol,
            atol=1e-2 * rtol, t_eval=times,
        ).y  # fmt: skip

    rtol = TOLERANCES[0]
    for rtol in TOLERANCES:
        seconds = watch.seconds(lambda rtol=rtol: solve(rtol))
        error = float(np.abs(found["y"][: truth.shape[1]].T - truth).max())
        if error <= limit:
            note = f"rtol {rtol:g}, error {error:.1g} mV"
            return Peer(name="SciPy BDF with the Jacobian", seconds=seconds, note=note)
    note = f"not as accurate at rtol {rtol:g}"
    return Peer(name="SciPy BDF with the Jacobian", note=note)


def measure_engine(
    watch: Stopwatch, *, engine: str, name: str, short_s: float, duration_s: float = 60.0
) -> Measurement:
    """One worm by the compiled engine, and by one that takes minutes, scaled from short runs.

    The difference of two runs excludes the start of the engine; the longer one is four times as
    long, since the time of a start varies.
    """
    network, touch, start = make_worm()
    ours = watch.take_turns(_simulation(network, touch, start, duration_s))[0]

    def run(seconds: float) -> Job:
        return _simulation(
            network, touch, start, seconds, engine=engine, step_ms=EXPLICIT_STEP_MS,
            record_every_ms=10, method=None,
        )  # fmt: skip

    try:
        run(0.01)()  # compiles
        one, four = watch.take_turns(run(short_s), run(4 * short_s), turns=2, warm=0)
        note = f"step {EXPLICIT_STEP_MS:g} ms, scaled from {3 * short_s:g} s"
        peer = Peer(name=name, seconds=(four - one) / (3 * short_s) * duration_s, note=note)
    except (ImportError, OSError, RuntimeError) as error:
        peer = Peer(name=name, note=f"not measured: {str(error).splitlines()[0]}")
    return Measurement(
        seconds=ours, peers=(peer,), amount=duration_s, unit="simulated seconds",
        note=f"{METHOD} method, step {STEP_MS:g} ms",
    )  # fmt: skip


def _simulation(network: Any, touch: Any, start: np.ndarray, duration_s: float, **options: Any):
    """A job that simulates; by default the compiled engine, with every step recorded."""
    from isochron import sims

    given = {"step_ms": STEP_MS, "method": METHOD, "record_every_ms": SAMPLE_MS, **options}
    return lambda: sims.simulate(
        network, touch, duration_s=duration_s, initial_state=start, **given
    )


def mean_period(times: np.ndarray, signal: np.ndarray) -> float:
    """Mean time between upward crossings of the mean, over the last half."""
    late = times > times[-1] / 2
    times, signal = times[late], signal[late] - signal[late].mean()
    k = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    crossings = times[k] - signal[k] * (times[k + 1] - times[k]) / (signal[k + 1] - signal[k])
    return float(np.diff(crossings).mean())


def make_worms(network: Any, count: int) -> list[Any]:
    """Networks whose conductances and capacitance differ by 10 %."""
    p, rng = network.parameters, np.random.default_rng(0)
    return [
        network.with_parameters(
            gap_conductance=p.gap_conductance * gap,
            synaptic_conductance=p.synaptic_conductance * synaptic,
            capacitance=p.capacitance * capacitance,
        )
        for gap, synaptic, capacitance in 1 + 0.1 * rng.standard_normal((count, 3)).clip(-3, 3)
    ]


def measure_worms(watch: Stopwatch, *, count: int = 200, duration_s: float = 4.0) -> Measurement:
    """Many worms in one call, and one after the other; making the networks is in both times."""
    from isochron import sims

    network, touch, start = make_worm()
    networks = make_worms(network, count)
    options: dict[str, Any] = {
        "duration_s": duration_s, "step_ms": STEP_MS, "method": METHOD,
        "record_every_ms": 1e3 * duration_s,
    }  # fmt: skip

    def together() -> None:
        sims.simulate_many(networks, touch, initial_states=start, **options)

    def alone() -> None:
        for each in networks:
            sims.simulate(each.with_parameters(), touch, initial_state=start, **options)

    ours, peer = watch.take_turns(together, alone, turns=2)
    return Measurement(
        seconds=ours, peers=(Peer(name="one after the other by isochron", seconds=peer),),
        amount=count * duration_s, unit="simulated seconds",
    )  # fmt: skip


def measure_worms_on_gpu(
    watch: Stopwatch, *, count: int, n_steps: int = 100, engine: str = "triton"
) -> Measurement:
    """Worms that differ in their stimulus on a GPU; one core of the CPU, scaled from 64 worms.

    Stimuli and not networks differ, so that the Python objects of the members take little time.
    """
    from isochron import sims

    network, _, start = make_worm()
    duration_s = 1e-3 * GPU_STEP_MS * n_steps
    currents = np.linspace(1500, 2500, count)
    stimuli = [sims.step_current(["PLML", "PLMR"], amplitude_pA=float(pA)) for pA in currents]

    def run(members: int, **options: Any) -> Job:
        return lambda: sims.simulate_many(
            network, stimuli[:members], initial_states=start, duration_s=duration_s,
            step_ms=GPU_STEP_MS, record_every_ms=1e3 * duration_s, **options,
        )  # fmt: skip

    few = min(count, CORE_MEMBERS)
    on_card = {"engine": engine, "device": watch.device, "chunk": count}
    gpu = watch.take_turns(run(count, **on_card), turns=2)[0]
    core = watch.take_turns(run(few), turns=2)[0] * count / few
    peer = Peer(
        name="one core of the CPU, same method", seconds=core, note=f"scaled from {few} worms"
    )
    return Measurement(
        seconds=gpu, peers=(peer,), amount=count * duration_s, unit="simulated seconds"
    )
