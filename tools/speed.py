"""Write the numbers of docs/results/bench.json into the README and docs/reference/speed.md.

    isochron bench --long --force --out docs/results/bench.json
    python tools/speed.py

A test compares both pages with the file, so that no number is typed by hand.
"""

import re
from pathlib import Path

from isochron.bench.results import BenchReport, Measurement
from isochron.bench.table import describe_machine, markdown, short_time
from isochron.files import read_json
from isochron.runs.results import from_json_values

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "results" / "bench.json"
START, END = "<!-- bench: start -->\n", "<!-- bench: end -->\n"
PLACE = re.compile(r"\{([\w-]+)(?:/(\d))?\}")

# {row} is our time in a row of the result, {row/0} that of its first peer.
README_TABLE = """\
| Task | isochron | In use today |
|---|---|---|
| Load a published connectome | 21 datasets in the package; {load} | cect: {load-source/0} from the spreadsheet, {load/0} from its cache |
| Simulate the worm for 60 s | {worm}; six engines that agree | SciPy {worm/0}; Brian2 {worm-brian2/0}; jNeuroML (c302) {worm-jneuroml/0} |
| Limit cycle of a connectome model | period and Floquet multipliers of 558 variables in {worm-cycle} | a long simulation, without multipliers: {worm-cycle/0} |
| Fixed points of a trained network | Newton's method from many starts, {fixed-points}; a bound on what was not found | gradient descent on the speed (FixedPointFinder): {fixed-points/0} |
| Oscillations of a trained network | all entrained cycles, stable and unstable, and a bound on what was not found; {entrained-cycles} | simulations from random states: stable ones only, {entrained-cycles/0} |
| Train a low-rank network | gradient by a compiled kernel, {train-low-rank} a step | autograd through the time loop in PyTorch: {train-low-rank/0} |
"""


def read_report(path: Path = RESULT) -> BenchReport:
    """The stored result."""
    return from_json_values(read_json(path), BenchReport)


def fill(template: str, report: BenchReport) -> str:
    """The template with times in its places; "not measured" in those of peers without a time."""
    rows = {row.name: row for row in report.rows if row.device == "cpu"}

    def time(place: re.Match) -> str:
        name, peer = place.groups()
        if name not in rows:
            raise ValueError(f"{RESULT.name} has no row for {place[0]}: isochron bench --long.")
        found: Measurement | None = rows[name].measured
        if found is None:
            return "not measured"
        seconds = found.seconds if peer is None else found.peers[int(peer)].seconds
        return "not measured" if seconds is None else short_time(seconds)

    return PLACE.sub(time, template)


def pages(report: BenchReport) -> dict[Path, str]:
    """The text of both pages with the numbers of the report."""
    tables = {
        ROOT / "README.md": f"{fill(README_TABLE, report)}\n{describe_machine(report)}\n",
        ROOT / "docs" / "reference" / "speed.md": markdown(report) + "\n",
    }
    return {path: put(path.read_text(encoding="utf-8"), table) for path, table in tables.items()}


def put(text: str, table: str) -> str:
    """A page with its table between the two marks."""
    before, _, rest = text.partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"A page of numbers needs the marks {START!r} and {END!r}.")
    return f"{before}{START}\n{table}\n{END}{after}"


if __name__ == "__main__":
    for file, content in pages(read_report()).items():
        file.write_text(content, encoding="utf-8")
