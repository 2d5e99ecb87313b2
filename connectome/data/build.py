"""Make the vendored tables from the files inside the PyPI package cect.

    pip download --no-deps cect==0.3.5
    pip install "isochron[data]"
    python connectome/data/build.py cect-0.3.5-py3-none-any.whl

Writes the data sets (*.npz), cells.csv and PROVENANCE.toml beside this file, the same
bytes every time. cect is read here and never at run time.
"""

import argparse
import csv
import hashlib
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import xlrd

from isochron.connectome.datasets import content_digest

HERE = Path(__file__).parent
CECT_VERSION = "0.3.5"
CECT_SHA256 = "ea47f7a6b0d69a8d0bd3b0ade4037b7cc32d31ad0449f823d7ec153d6fd25057"
VARSHNEY_FILE = "cect/data/NeuronConnect.xls"
FOURFOLD_CLASSES = "CEP IL1 IL2 OLQ RMD RME SAA SAB SIA SIB SMB SMD URA URY".split()

PROVENANCE = """\
# Written by build.py; do not edit.

[varshney2011]
title = "Structural properties of the Caenorhabditis elegans neuronal network"
paper = "Varshney, Chen, Paniagua, Hall and Chklovskii (2011), PLoS Computational Biology 7:e1001066"
doi = "10.1371/journal.pcbi.1001066"
file = "NeuronConnect.xls"
file_sha256 = "{file_sha256}"
via = "cect {cect} (MIT)"
license = "CC BY 4.0"
weight_unit = "synaptic contacts"
notes = "Hermaphrodite, non-pharyngeal. 279 wired neurons; VC6 has no synapse with another neuron and is left out, with its one neuromuscular contact. All muscle is one node, BWM. Three gap junctions join a neuron to itself."
content_sha256 = "{content_sha256}"

[cells]
title = "Names, classes and types of the 302 neurons of the hermaphrodite"
paper = "Cook et al. (2019), Nature 571:63-71"
doi = "10.1038/s41586-019-1352-7"
file = "Cells.py"
via = "cect {cect} (MIT)"
license = "MIT"
content_sha256 = "{cells_sha256}"
"""


def canonical(name):
    """VB01 -> VB1 and avfl -> AVFL: names as the field writes them."""
    return re.sub(r"^(VA|VB|VC|VD|DA|DB|DD|AS)0(\d)$", r"\1\2", name.upper())


def cell_class(name, names):
    """The class of a neuron: AVAL -> AVA, VB10 -> VB, IL1DL -> IL1."""
    if numbered := re.match(r"^(VA|VB|VC|VD|DA|DB|DD|AS)\d+$", name):
        return numbered[1]
    for prefix in FOURFOLD_CLASSES:
        if name.startswith(prefix):
            return prefix
    twin = name[:-1] + {"L": "R", "R": "L"}.get(name[-1], "?")
    return name[:-1] if twin in names else name


def read_varshney(content):
    """Arrays of the data set, from the spreadsheet of the paper.

    S and Sp are chemical synapses sent (R and Rp are the same ones, seen by the receiver),
    EJ are gap junctions, listed from both sides, NMJ is muscle.
    """
    sheet = xlrd.open_workbook(file_contents=content).sheet_by_index(0)
    rows = [sheet.row_values(i) for i in range(1, sheet.nrows)]
    rows = [(canonical(pre), canonical(post), kind, int(n)) for pre, post, kind, n in rows]
    wired = {name for pre, post, kind, _ in rows if kind != "NMJ" for name in (pre, post)}
    names = sorted(wired)
    index = {name: i for i, name in enumerate(names)}

    def triplets(kinds, target):
        total = {}
        for pre, post, kind, count in rows:
            if kind in kinds and pre in index:
                key = (0 if target == "muscle" else index[post], index[pre])
                total[key] = total.get(key, 0) + count
        return np.array([(i, j, n) for (i, j), n in sorted(total.items())], dtype=np.int32)

    return {
        "neurons": np.array(names),
        "muscles": np.array(["BWM"]),
        "chemical": triplets({"S", "Sp"}, "neuron"),
        "gap": triplets({"EJ"}, "neuron"),
        "neuromuscular": triplets({"NMJ"}, "muscle"),
    }


def read_cells(wheel):
    """Rows (name, class, type) of the 302 neurons."""
    sys.path.insert(0, str(wheel))
    from cect import Cells

    names = {canonical(name) for name in Cells.PREFERRED_HERM_NEURON_NAMES}
    kinds = {
        "sensory": Cells.SENSORY_NEURONS_COOK,
        "interneuron": Cells.INTERNEURONS_NONPHARYNGEAL_COOK,
        "motor": Cells.MOTORNEURONS_NONPHARYNGEAL_COOK,
        "pharyngeal": Cells.PHARYNGEAL_NEURONS,
        "unknown": Cells.UNKNOWN_FUNCTION_NEURONS,
    }
    kind_of = {canonical(name): kind for kind, members in kinds.items() for name in members}
    return [(name, cell_class(name, names), kind_of[name]) for name in sorted(names)]


def main():
    """Read the wheel, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help=f"cect-{CECT_VERSION}-py3-none-any.whl")
    wheel = parser.parse_args().wheel
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != CECT_SHA256:
        sys.exit(f"{wheel} is not the wheel of cect {CECT_VERSION} that these tables come from.")

    spreadsheet = zipfile.ZipFile(wheel).read(VARSHNEY_FILE)
    arrays = read_varshney(spreadsheet)
    np.savez_compressed(HERE / "varshney2011.npz", allow_pickle=False, **arrays)
    with open(HERE / "cells.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("name", "class", "type"))
        rows.writerows(read_cells(wheel))
    text = PROVENANCE.format(
        cect=CECT_VERSION,
        file_sha256=hashlib.sha256(spreadsheet).hexdigest(),
        content_sha256=content_digest(arrays),
        cells_sha256=hashlib.sha256((HERE / "cells.csv").read_bytes()).hexdigest(),
    )
    (HERE / "PROVENANCE.toml").write_text(text, encoding="utf-8")
    print(f"{len(arrays['neurons'])} neurons, {len(arrays['chemical'])} chemical connections")


if __name__ == "__main__":
    main()
