"""Write the summary, tables and figures of a comparison for the documentation.

isochron compare --interim --out runs/trained      # unless the run has finished
python tools/experiment_summary.py runs/trained --out docs/results/trained.json \
    --figures docs/figures/experiment

The summary has every onset, every contrast, and of each network what the tables are made of. The
tables are printed as Markdown.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isochron.files import read_json
from isochron.report import load_results
from isochron.runs.results import from_json_values, to_json_values
from isochron.studies.compare.caveats import caveats
from isochron.studies.compare.claims import answer
from isochron.studies.compare.group_figures import draw_groups
from isochron.studies.compare.results import CompareResults, NetSystem
from isochron.studies.compare.table import (
    CONTRAST_COLUMNS,
    GROUP_COLUMNS,
    INPUT_COLUMNS,
    ONSET_COLUMNS,
    contrast_rows,
    group_rows,
    input_rows,
    onset_rows,
)

LEFT_OUT = ("fixed_points", "limit_cycles", "dimensionality", "notes", "training")


def read(run: Path) -> CompareResults:
    """The results of a run, or of its finished part."""
    if (run / "results.json").is_file():
        return from_json_values(load_results(run), CompareResults)
    if (run / "interim.json").is_file():
        return from_json_values(read_json(run / "interim.json"), CompareResults)
    raise SystemExit(f"{run} has no results: isochron compare --interim --out {run}")


def describe(net: NetSystem) -> dict[str, Any]:
    """What the tables need of a network."""
    kept = {k: v for k, v in to_json_values(net).items() if k not in LEFT_OUT}
    steps = None if net.training is None else net.training.steps
    stable = len(net.stable_cycles)
    return kept | {
        "training_steps": steps,
        "stable_cycles": stable,
        "unstable_cycles": len(net.limit_cycles) - stable,
    }


def summarize(results: CompareResults) -> dict[str, Any]:
    """The summary, as JSON values."""
    return rounded(
        {
            "config": to_json_values(results.config),
            "interim": to_json_values(results.interim),
            "worm": to_json_values(results.worm),
            "onset_tests": to_json_values(results.onset_tests),
            "onsets": to_json_values(results.onsets),
            "inputs": to_json_values(results.inputs),
            "contrasts": to_json_values(results.contrasts),
            "animals": to_json_values(results.animals),
            "networks": [describe(net) for net in results.nets],
            "hours": sum(results.timings.values()) / 3600,
        }
    )


def rounded(value: Any) -> Any:
    """JSON values with six digits."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: rounded(it) for key, it in value.items()}
    return [rounded(it) for it in value] if isinstance(value, list | tuple) else value


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Write the files and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("--out", type=Path, required=True, help="summary")
    parser.add_argument("--figures", type=Path, help="folder for the figures")
    options = parser.parse_args()
    results = read(options.run)
    options.out.write_text(json.dumps(summarize(results), separators=(",", ":")) + "\n")
    for k, (caption, figure) in enumerate(draw_groups(results) if options.figures else []):
        options.figures.mkdir(parents=True, exist_ok=True)
        path = options.figures / f"{options.out.stem}-{k}.png"
        figure.savefig(path, dpi=150)
        print(f"{path}: {caption}")
    print("\n".join(answer(results)), "\n".join(caveats(results)), sep="\n\n")
    for columns, rows in (
        (ONSET_COLUMNS, onset_rows(results.onset_tests)),
        (INPUT_COLUMNS, input_rows(results.inputs)),
        (GROUP_COLUMNS, group_rows(results)),
        (CONTRAST_COLUMNS, contrast_rows(results.contrasts.primary)),
        (CONTRAST_COLUMNS, contrast_rows(results.contrasts.exploratory)),
    ):
        if rows:
            print(f"\n{markdown(columns, rows)}")


if __name__ == "__main__":
    main()
