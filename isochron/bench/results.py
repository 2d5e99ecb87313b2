"""Results of the benchmark: frozen dataclasses that become JSON values and a table."""

from dataclasses import dataclass

from isochron.runs.provenance import Provenance

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A different method for the same work.

    Attributes
    ----------
    name : str
    seconds : float or None
        None if it was not measured.
    note : str
        How it was measured, or why not.
    """

    name: str
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What a row measured.

    Attributes
    ----------
    seconds : float
        Time of the work.
    peers : tuple of Peer
        Other methods, measured in turns with it.
    limit_s : float or None
        Time of the part that no implementation can avoid, on this machine.
    limit : str
        What that part is.
    amount, unit
        Amount of work and its unit, for a rate: 16.8 "million states". 0 without one.
    first_s : float or None
        Time of the first call on a new machine, with the compilation.
    note : str
        Accuracy, and conditions of the measurement.
    """

    seconds: float
    peers: tuple[Peer, ...] = ()
    limit_s: float | None = None
    limit: str = ""
    amount: float = 0.0
    unit: str = ""
    first_s: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    name : str
        Name in `isochron.bench.registry.BENCHMARKS`.
    work : str
        What was measured, in words.
    device : str
    n_threads : int
    clock : {"cpu", "wall"}
        CPU time, which other processes hardly change, or the time that passes.
    measured : Measurement or None
        None if it was skipped.
    skipped : str
        Why it was skipped.
    """

    name: str
    work: str
    device: str
    n_threads: int
    clock: str
    measured: Measurement | None = None
    skipped: str = ""


@dataclass(frozen=True, kw_only=True)
class BenchMachine:
    """The machine of a benchmark.

    Attributes
    ----------
    processor, gpu : str
        Model names; `gpu` is empty without one.
    cores : int
    load : float
        Number of processes that were running in the minute before; 0 on a quiet machine.
    """

    processor: str
    cores: int
    gpu: str
    load: float


@dataclass(frozen=True, kw_only=True)
class BenchReport:
    """All rows of one run, and where they were measured."""

    schema: int
    date: str
    seconds: float
    machine: BenchMachine
    provenance: Provenance
    rows: tuple[Row, ...]
