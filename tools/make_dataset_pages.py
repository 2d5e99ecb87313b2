"""Write docs/reference/datasets/: one page for each dataset, from the data themselves.

python tools/make_dataset_pages.py
"""

from pathlib import Path

import numpy as np

from isochron import connectome

FOLDER = Path(__file__).parents[1] / "docs" / "reference" / "datasets"


def page(name: str) -> str:
    """The page of a dataset."""
    worm = connectome.load(name)
    source = worm.source
    upper = np.triu(worm.gap, 1)
    rows = {
        "neurons": f"{len(worm.neurons)}",
        "muscles": f"{len(worm.muscles)}",
        "chemical connections": counted(worm.chemical)
        + f", including {np.count_nonzero(np.diag(worm.chemical))} of a neuron with itself",
        "gap-junction pairs": counted(upper)
        + f", and {np.count_nonzero(np.diag(worm.gap))} of a neuron with itself",
        "neuromuscular connections": counted(worm.neuromuscular),
    }
    if worm.extrasynaptic:
        rows = {"neurons": rows["neurons"]}
        rows |= {f"{layer} connections": counted(w) for layer, w in worm.extrasynaptic.items()}
    lacks = source.left_out or "nothing that the file contains"
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    return f"""# {name}

{source.title}. {source.paper}, doi:[{source.doi}](https://doi.org/{source.doi}).

{source.notes}

**A weight is** a number of {source.weight_unit}. Do not compare it with weights in a different unit.

| | |
|---|---|
{table}

**Omitted**: {lacks}.

**Source**: `{source.file}` (SHA-256 `{source.file_sha256[:16]}…`), read with {source.via}. License: {source.license}.

```python
from isochron import connectome

worm = connectome.load("{name}")
```
"""


def counted(weights: np.ndarray) -> str:
    """Number of entries and their sum."""
    return f"{np.count_nonzero(weights)} (weight {weights.sum():.10g})"


def pages() -> dict[str, str]:
    """Every page by file name."""
    return {"README.md": index()} | {f"{name}.md": page(name) for name in connectome.available()}


def index() -> str:
    """The list of datasets, with their sizes."""
    rows, names = [], connectome.available()
    for name in names:
        worm = connectome.load(name)
        rows.append(
            f"| [{name}]({name}.md) | {worm.source.paper} | {len(worm.neurons)} | "
            f"{len(worm.muscles)} | {np.count_nonzero(worm.chemical)} | "
            f"{np.count_nonzero(np.triu(worm.gap))} |"
        )
    table, tree = "\n".join(rows), "\n".join(names)
    return f"""# Datasets

The published connectomes in the package, for `connectome.load(name)`. Each page states what a weight means and what the dataset omits. Numbers of connections do not count weights.

| name | paper | neurons | muscles | chemical connections | gap-junction pairs |
|---|---|---|---|---|---|
{table}

```{{toctree}}
:hidden:

{tree}
```
"""


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in pages().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
