"""Loading Cook 2019: isochron and cect, cold and warm, with peak memory.

make crosscheck && python benchmarks/load_speed.py

Cold is a fresh process, imports included; warm is the call alone, after the imports. cect reads
its source spreadsheet, or the JSON cache that it ships.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import statistics
import subprocess
import sys

NUMPY = "import numpy"
OURS = "from isochron import connectome; load = lambda: connectome.load('cook2019-hermaphrodite')"
CECT = (
    "import contextlib, io, warnings; warnings.simplefilter('ignore')\n"
    "from cect.readers import Cook2019HermReader as reader\n"
)
CACHE = CECT + "load = lambda: reader.get_instance(from_cache=True)"
SOURCE = CECT + "load = lambda: reader.get_instance(from_cache=False)"
TIMED = """
import resource, time
for _ in range({repeats}):
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        load()
    seconds = time.perf_counter() - began
    print(seconds)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run(code: str) -> list[float]:
    """Numbers that a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def cold(code: str, repeats: int) -> tuple[float, float]:
    """Median seconds of a fresh process, and its peak memory in MB."""
    import time

    tail = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    seconds, memory = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        memory.append(run(code + tail)[-1])
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), statistics.median(memory)


def warm(code: str, repeats: int) -> float:
    """Median seconds of a call after the imports, without the first call."""
    timed = "import contextlib, io\n" + code + TIMED.format(repeats=repeats + 1)
    return statistics.median(run(timed)[1:-1])


def quiet(code: str) -> str:
    """The code, then one call that prints nothing."""
    call = "with contextlib.redirect_stdout(io.StringIO()):\n    load()"
    return f"import contextlib, io\n{code}\n{call}"


def main() -> None:
    """Print the table."""
    rows = {
        "import numpy": (*cold(NUMPY, 9), None),
        "isochron": (*cold(quiet(OURS), 9), warm(OURS, 50)),
        "cect, its cache": (*cold(quiet(CACHE), 3), warm(CACHE, 5)),
        "cect, the spreadsheet": (*cold(quiet(SOURCE), 3), warm(SOURCE, 2)),
    }
    our_cold, _, our_warm = rows["isochron"]
    heads = ("cold (s)", "peak (MB)", "warm (ms)", "cold ratio", "warm ratio")
    print(f"{'':24}" + "".join(f"{head:>12}" for head in heads))
    for name, (seconds, memory, call) in rows.items():
        warm_part = f"{1e3 * call:12.2f}" if call else f"{'':12}"
        ratio = f"{call / our_warm:12.1f}" if call and our_warm else ""
        print(f"{name:24}{seconds:12.3f}{memory:12.0f}{warm_part}{seconds / our_cold:12.2f}{ratio}")


if __name__ == "__main__":
    main()
