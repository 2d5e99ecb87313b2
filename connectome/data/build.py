"""Make the vendored tables from files inside three pinned packages of PyPI.

    pip download --no-deps cect==0.3.5 c302==0.12.1 wormneuroatlas==0.0.7.3 --dest wheels
    pip install "isochron[data]"
    python connectome/data/build.py wheels

Writes the data sets and the shapes of cells (*.npz), cells.csv, muscles.csv and PROVENANCE.toml
beside this file, the same bytes every time. The packages are read here and never at run time.
Each table is described in sources.toml; its source is read by readers/.
"""

import argparse
import csv
import fnmatch
import hashlib
import io
import json
import sys
import tomllib
import warnings
import zipfile
from pathlib import Path

import numpy as np
from readers import cells, cook2019, fenyves2020, lists, shapes
from readers.tabulate import tabulate

from isochron.connectome.datasets import content_digest

HERE = Path(__file__).parent
READERS = {
    "cook hermaphrodite": lambda content: cook2019.read_cook(content, "hermaphrodite"),
    "cook male": lambda content: cook2019.read_cook(content, "male"),
    "varshney": lists.read_varshney,
    "white": lists.read_white,
    "witvliet": lists.read_witvliet,
    "cook pharynx": lists.read_cook_pharynx,
    "dauer": lists.read_dauer,
    "bentley monoamine": lists.read_bentley_monoamine,
    "bentley neuropeptide": lists.read_bentley_neuropeptide,
    "ripoll-sanchez": lists.read_ripoll_sanchez,
}


def main():
    """Read the wheels, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheels", type=Path, help="folder with the three wheels")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    arguments = parser.parse_args()
    sources = tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))
    wheels = {
        name: checked_wheel(arguments.wheels, name, wheel)
        for name, wheel in sources["wheels"].items()
    }
    # openpyxl says of Cook's book that it drops an extension of the format.
    warnings.filterwarnings("ignore", message="Unknown extension is not supported")
    provenance = write_tables(sources, wheels, arguments.out)
    (arguments.out / "PROVENANCE.toml").write_text(to_toml(provenance), encoding="utf-8")


def checked_wheel(folder, name, wheel):
    """Path of a wheel that is the pinned one to the last bit."""
    path = folder / f"{name}-{wheel['version']}-py3-none-any.whl"
    if not path.exists():
        sys.exit(f"{path} is missing; see: python connectome/data/build.py --help")
    if hashlib.sha256(path.read_bytes()).hexdigest() != wheel["sha256"]:
        sys.exit(f"{path} is not the wheel that these tables come from.")
    return path


def write_tables(sources, wheels, out):
    """Write every table; return what PROVENANCE.toml says of each."""
    unmatched = sources["unmatched"]
    rows = cells.read_neurons(wheels["cect"], cell_files(wheels), unmatched)
    neurons = write_csv(out / "cells.csv", rows)
    muscles = write_csv(out / "muscles.csv", cells.read_muscles(wheels["cect"]))
    provenance = {}
    for name, table in sources["tables"].items():
        wheel = table.pop("wheel", "cect")
        reader = table.pop("reader")
        content = file_content(wheels[wheel], wheel, table["file"])
        left_out = ""
        if reader in READERS:
            connections = READERS[reader](content)
            arrays, left_out = tabulate(
                name, connections, neurons, muscles, unmatched["other_cells"]
            )
            digest = save(out / f"{name}.npz", arrays)
        elif reader == "fenyves":
            digest = save(out / f"{name}.npz", fenyves2020.read_fenyves(content))
        elif reader == "shapes":
            morphologies = cell_files(wheels)["morphologies"]
            digest = save(out / f"{name}.npz", shapes.read_shapes(morphologies, neurons))
        else:
            digest = hashlib.sha256((out / f"{name}.csv").read_bytes()).hexdigest()
        pinned = sources["wheels"][wheel]
        provenance[name] = table | {
            "file_sha256": hashlib.sha256(content).hexdigest(),
            "via": f"{wheel} {pinned['version']} ({pinned['license']})",
            "left_out": left_out,
            "content_sha256": digest,
        }
    return provenance


def file_content(path, wheel, pattern):
    """Content of a file of a wheel, or of all files of a pattern, in order of name."""
    archive = zipfile.ZipFile(path)
    if "*" not in pattern:
        return archive.read(f"{wheel}/data/{pattern}")
    found = fnmatch.filter(archive.namelist(), f"{wheel}/{pattern}")
    return b"".join(archive.read(name) for name in sorted(found))


def cell_files(wheels):
    """The files from which the table of neurons is made."""
    cect, c302 = zipfile.ZipFile(wheels["cect"]), zipfile.ZipFile(wheels["c302"])
    cell_paths = [path for path in c302.namelist() if path.endswith(".cell.nml")]
    return {
        "transmitters": cect.read("cect/data/elife-95402-supp2-v1.xlsx"),
        "male transmitters": cect.read("cect/data/elife-95402-supp3-v1.xlsx"),
        "lineage": cect.read("cect/data/all_cell_info.csv"),
        "morphologies": {
            Path(path).name.removesuffix(".cell.nml"): c302.read(path) for path in cell_paths
        },
    }


def save(path, arrays):
    """Write arrays in the narrowest types that hold them; return their digest."""
    arrays = {
        name: array.astype(np.min_scalar_type(int(array.max())))
        if array.size and array.dtype.kind == "i" and array.min() >= 0
        else array
        for name, array in arrays.items()
    }
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return content_digest(arrays)


def write_csv(path, rows):
    """Write a table; return the set of its names."""
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return {row["name"] for row in rows}


def to_toml(tables):
    """Tables of strings as TOML; a JSON string is a TOML string."""
    lines = ["# Written by build.py from sources.toml; do not edit."]
    for name, table in tables.items():
        lines += ["", f"[{name}]"]
        lines += [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
