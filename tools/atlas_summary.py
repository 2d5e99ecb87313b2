"""Compare the signal-propagation atlas with the model on several connectomes, as Markdown and JSON.

python tools/atlas_summary.py funatlas.h5 --out docs/results/atlas.json

The comparison is that of `isochron compare` with `[animals] atlas`, with seed 0.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from isochron.files import file_sha256, write_json
from isochron.runs.results import from_json_values, to_json_values
from isochron.studies.compare.atlas import AtlasComparison, compare_with_atlas
from isochron.studies.compare.configuration import AnimalsSection, CompareConfig, OnsetSection

COLUMNS = ("connectome", "neurons", "pairs", "model", "p", "weights")


def compare_all(path: str) -> dict[str, AtlasComparison]:
    """The comparison on each connectome of the default configuration."""
    config = CompareConfig(animals=AnimalsSection(atlas=path))
    found = {}
    for dataset in OnsetSection().datasets:
        one = replace(config, worm=replace(config.worm, dataset=dataset))
        values = compare_with_atlas(one, lambda fraction, text: None)
        found[dataset] = from_json_values(values, AtlasComparison)
    return found


def row(dataset: str, it: AtlasComparison) -> tuple[str, ...]:
    """One row of the table."""
    model = ("–", "–") if it.correlation is None else (f"{it.correlation:.3f}", f"{it.p_value:.3g}")
    return f"`{dataset}`", str(it.n_neurons), str(it.n_pairs), *model, f"{it.of_weights:.3f}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("atlas", help="file funatlas.h5")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    given = parser.parse_args()
    found = compare_all(given.atlas)
    content = {
        "command": f"python tools/atlas_summary.py {Path(given.atlas).name}",
        "sha256": file_sha256(Path(given.atlas)),
        "comparisons": to_json_values(found),
    }
    write_json(given.out, content)
    for cells in (COLUMNS, ("---",) * len(COLUMNS), *(row(*item) for item in found.items())):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
