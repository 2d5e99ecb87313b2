"""Rows of the benchmark: their names, what they measure, and the devices on which they run."""

from dataclasses import dataclass
from typing import Any

from isochron.registry import Entry, Registry


@dataclass(frozen=True, slots=True)
class Benchmark(Entry):
    """One row of the benchmark, not imported yet.

    Attributes
    ----------
    devices : tuple of str
        Devices on which it is measured.
    n_threads : int
        Number of threads on a CPU.
    options : tuple of (str, value)
        Keyword arguments of the function.
    long : bool
        Whether it is measured only if it is named, or with ``--long``.
    """

    devices: tuple[str, ...] = ("cpu",)
    n_threads: int = 1
    options: tuple[tuple[str, object], ...] = ()
    long: bool = False


def _row(
    path: str, summary: str, devices: str = "cpu", n_threads: int = 1, *, long: bool = False,
    **options: Any,
) -> Benchmark:  # fmt: skip
    whole = f"isochron.bench.{path}"
    return Benchmark(
        whole, summary, devices=tuple(devices.split()), n_threads=n_threads,
        options=tuple(options.items()), long=long,
    )  # fmt: skip


def _training(summary: str, devices: str = "cpu cuda", **options: Any) -> Benchmark:
    return _row("training:measure_step", summary, devices, **options)


def _first_call(summary: str, kernel: str) -> Benchmark:
    return _row("first_call:measure_first_call", summary, kernel=kernel)


BENCHMARKS = Registry(
    "row",
    {
        "load": _row("loading:measure_loading", "fresh process that loads a connectome"),
        "load-source": _row(
            "loading:measure_loading",
            "fresh process that loads a connectome",
            long=True,
            from_cache=False,
        ),
        "worm": _row("worm:measure_worm", "60 simulated seconds of the worm"),
        "worm-brian2": _row(
            "worm:measure_engine",
            "60 simulated seconds of the worm",
            long=True,
            engine="brian2",
            name="Brian2",
            short_s=2.0,
        ),
        "worm-jneuroml": _row(
            "worm:measure_engine",
            "60 simulated seconds of the worm",
            long=True,
            engine="jneuroml",
            name="jNeuroML",
            short_s=0.15,
        ),
        "worms": _row("worm:measure_worms", "200 worms with different parameters, 4 s each"),
        "worm-cycle": _row("worm_cycle:measure_cycle", "limit cycle of the worm to 1e-9"),
        "attractors": _row(
            "sign_networks:measure_enumeration", "all attractors of 24 neurons of ±1"
        ),
        "attractors-threads": _row(
            "sign_networks:measure_threads",
            "all attractors of 24 neurons of ±1, two threads",
            n_threads=2,
        ),
        "attractors-sparse": _row(
            "sign_networks:measure_sparse", "all attractors of 20 neurons with 5 inputs each"
        ),
        "train-low-rank": _training(
            "training step, rank 2, 512 units, 128 trials", network="low-rank", n_units=512
        ),
        "train-low-rank-no-noise": _training(
            "training step, rank 2, 512 units, 128 trials, without noise",
            network="low-rank",
            n_units=512,
            noise_std=0.0,
        ),
        "train-connectome": _training(
            "training step, worm's connectome, 279 units, 128 trials",
            network="connectome",
            n_units=279,
        ),
        "train-full-100": _training(
            "training step, full rank, 100 units, 128 trials", network="full-rank", n_units=100
        ),
        "train-full-512": _training(
            "training step, full rank, 512 units, 128 trials", network="full-rank", n_units=512
        ),
        "train-full-512-bfloat16": _row(
            "training:measure_rounded",
            "training step, full rank, 512 units, 128 trials, products in bfloat16",
            n_units=512,
        ),
        "train-full-1024": _training(
            "training step, full rank, 1024 units, 128 trials",
            "cuda",
            network="full-rank",
            n_units=1024,
        ),
        "train-gru": _row(
            "training:measure_gated", "training step, GRU, 64 units, 128 trials", n_units=64
        ),
        "train-many": _row(
            "training:measure_ensemble",
            "16 networks of rank 2, 64 units, 20 training steps",
            "cpu",
            2,
            n_networks=16,
        ),
        "train-many-64": _row(
            "training:measure_ensemble",
            "64 networks of rank 2, 64 units, 20 training steps",
            "cuda",
            2,
            n_networks=64,
        ),
        "entrained-cycles": _row(
            "network_cycles:measure_survey", "all entrained cycles of a network of rank 2"
        ),
        "flow-cycles": _row(
            "network_cycles:measure_flow", "entrained cycle of the differential equation of rank 2"
        ),
        "fixed-points": _row(
            "fixed_points:measure_fixed_points", "fixed points of 64 units from 32 starts"
        ),
        "worms-1024": _row("worm:measure_worms_on_gpu", "1024 worms, float64", "cuda", count=1024),
        "worms-8192": _row("worm:measure_worms_on_gpu", "8192 worms, float64", "cuda", count=8192),
        "worms-65536": _row(
            "worm:measure_worms_on_gpu", "65,536 worms, float64", "cuda", count=65536
        ),
        "attractors-28": _row(
            "sign_networks:measure_on_gpu", "all attractors of 28 neurons of ±1", "cuda", 2, n=28
        ),
        "attractors-30": _row(
            "sign_networks:measure_on_gpu", "all attractors of 30 neurons of ±1", "cuda", 2, n=30
        ),
        "attractors-32": _row(
            "sign_networks:measure_on_gpu", "all attractors of 32 neurons of ±1", "cuda", 2, n=32
        ),
        "first-worm": _first_call("first call: one worm", "one worm"),
        "first-worms": _first_call("first call: many worms", "many worms"),
        "first-low-rank": _first_call("first call: training of low rank", "low rank"),
        "first-full-rank": _first_call("first call: training of full rank", "full rank"),
        "first-connectome": _first_call("first call: training on a connectome", "connectome"),
        "first-cycles": _first_call("first call: entrained cycles of a network", "cycles"),
        "first-attractors": _first_call("first call: all attractors", "attractors"),
    },
)
