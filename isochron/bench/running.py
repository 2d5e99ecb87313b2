"""Measurement of rows, each in a fresh process, and the machine."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from isochron.bench.registry import BENCHMARKS, Benchmark
from isochron.bench.results import SCHEMA, BenchMachine, BenchReport, Measurement, Row
from isochron.bench.timing import Stopwatch
from isochron.runs.provenance import find_provenance
from isochron.runs.results import from_json_values, to_json_values

TIMEOUT_S = 600.0
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
MEASURE = "from isochron.bench.running import measure_here; measure_here"
NO_GPU = "torch does not find a CUDA device on this machine"
Report = Callable[[float, str], None]


def run_benchmarks(
    names: Sequence[str] = (),
    *,
    device: str = "cpu",
    long: bool = False,
    progress: Report | None = None,
) -> BenchReport:
    """Measure rows, one after the other.

    Parameters
    ----------
    names : sequence of str
        Names of rows; by default all of the device that do not take long.
    device : {"cpu", "cuda"}
        With ``cuda`` the rows of a GPU are measured too.
    long : bool
        Whether rows that take long are measured without being named.
    progress : callable, optional
        Called as ``progress(fraction, name)`` before each row.

    Returns
    -------
    BenchReport
        The rows, skipped ones with the reason.

    Raises
    ------
    ValueError
        If a name is not that of a row.
    """
    began = time.perf_counter()
    machine = find_machine()
    for name in names:
        BENCHMARKS.check(name)
    planned = [
        (name, where)
        for name in names or BENCHMARKS
        if names or long or not BENCHMARKS[name].long
        for where in BENCHMARKS[name].devices
        if where == "cpu" or device == "cuda"
    ]
    rows = []
    for k, (name, where) in enumerate(planned):
        if progress is not None:
            progress(k / len(planned), f"{name}, {where}")
        rows.append(run_row(name, where, has_gpu=bool(machine.gpu)))
    return BenchReport(
        schema=SCHEMA,
        date=datetime.now(UTC).date().isoformat(),
        seconds=time.perf_counter() - began,
        machine=machine,
        provenance=find_provenance(),
        rows=tuple(rows),
    )


def run_row(name: str, device: str, *, has_gpu: bool) -> Row:
    """Measure one row in a fresh process; an error there is the reason why it is skipped."""
    entry = BENCHMARKS[name]
    facts: dict[str, Any] = {
        "name": name, "work": entry.summary, "device": device, "n_threads": entry.n_threads,
        "clock": Stopwatch(device, entry.n_threads).clock,
    }  # fmt: skip
    if device == "cuda" and not has_gpu:
        return Row(**facts, skipped=NO_GPU)
    environment = {**os.environ, **dict.fromkeys(THREADS, str(entry.n_threads))}
    command = [sys.executable, "-c", f"{MEASURE}({name!r}, {device!r})"]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
        )
    except subprocess.TimeoutExpired:
        return Row(**facts, skipped=f"it took more than {TIMEOUT_S:g} s")
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        return Row(**facts, skipped=lines[-1])
    values = json.loads(done.stdout.splitlines()[-1])
    return Row(**facts, measured=from_json_values(values, Measurement))


def measure_here(name: str, device: str) -> None:
    """Measure a row in this process, and print its measurement as one line of JSON."""
    entry: Benchmark = BENCHMARKS[name]
    watch = Stopwatch(device, entry.n_threads)
    found: Measurement = BENCHMARKS.load(name)(watch, **dict(entry.options))
    sys.stdout.write(json.dumps(to_json_values(found), allow_nan=False) + "\n")


def find_machine() -> BenchMachine:
    """The machine of this process."""
    return BenchMachine(
        processor=_processor(), cores=os.cpu_count() or 1, gpu=_gpu(), load=os.getloadavg()[0]
    )


def _processor() -> str:
    """Model name of the processor, or its architecture."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _gpu() -> str:
    """Name of the GPU that torch uses; empty without one."""
    code = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()
