"""Check what `isochron compare --quick` found.

python .ci/check_results.py RUN [--same-as OTHER_RUN]
"""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("run", type=Path)
parser.add_argument("--same-as", type=Path)
arguments = parser.parse_args()


def read(run):
    """Content of results.json."""
    return json.loads((run / "results.json").read_text())


def require(condition, text):
    """Say what is wrong and stop."""
    if not condition:
        raise SystemExit(f"{arguments.run}: {text}")


results = read(arguments.run)
systems = {system["name"]: system for system in results["systems"]}
(cycle,) = systems["worm"]["limit_cycles"]
require(abs(cycle["period_ms"] - 1800) <= 20, f"the worm's period is {cycle['period_ms']} ms")
require(cycle["residual"] < 1e-6, f"the worm's cycle closes to {cycle['residual']}")
require(cycle["stable"], "the worm's cycle is not stable")
rest = [p for p in systems["worm"]["fixed_points"] if p["condition"] == "constant 1000 pA"]
require(any(point["stable"] for point in rest), "the worm does not rest at 1000 pA")


def trained(substrate, task):
    """Networks of a substrate that were trained on a task."""
    key = (substrate, task, True)
    return [s for s in results["systems"][1:] if (s["substrate"], s["task"], s["trained"]) == key]


nets = trained("low-rank", "phase-memory")
require(len(nets) == 3, "not three low-rank networks")
require(any(net["reached_loss"] for net in nets), "no low-rank network has reached the loss")
for net in nets:
    if not net["reached_loss"]:
        continue
    phases = [c["output_phase_cycles"] for c in net["limit_cycles"] if c["stable"]]
    require(len(phases) == 2, f"{net['name']} has {len(phases)} stable cycles")
    apart = abs(phases[0] - phases[1]) % 1
    require(abs(apart - 0.5) <= 0.03, f"{net['name']}: the phases are {apart} cycles apart")
    require(net["survey"]["index_sum"] == 1, f"{net['name']} lacks a cycle")
for net in trained("low-rank", "fixed-phase"):
    stable = [c for c in net["limit_cycles"] if c["stable"]]
    require(not net["reached_loss"] or len(stable) == 1, f"{net['name']} has a memory")
for substrate in ("connectome", "rewired"):
    for net in trained(substrate, "phase-memory"):
        require(net["training"]["steps"] > 0, f"{net['name']} was not trained")
(onset,) = results["onset_tests"]
require(abs(onset["worm"]["current_pA"] - 1245.08) < 0.01, "the onset of the worm is wrong")
require((onset["n"], onset["worm"]["kind"]) == (20, "oscillatory"), "not 20 draws, or no rhythm")
require((arguments.run / "report.html").stat().st_size > 100_000, "the report is too small")

if arguments.same_as:
    other = read(arguments.same_as)
    for part in ("systems", "onsets", "contrasts", "provenance"):
        require(results[part] == other[part], f"{part} differ from {arguments.same_as}")
print(f"{arguments.run}: as it should be")
