"""The tables of neurons and muscles, from Cook 2019, Wang 2024, WormAtlas and c302."""

import csv
import io
import re
import sys
from importlib import import_module

from openpyxl import load_workbook
from readers.joins import check_unmatched, unique

from isochron.connectome.names import canonical_name, joint_cells

FOURFOLD_CLASSES = "CEP CEM IL1 IL2 OLQ RMD RME SAA SAB SIA SIB SMB SMD URA URY".split()
TRANSMITTERS = {
    "ACh": "acetylcholine",
    "Glu": "glutamate",
    "GABA": "GABA",
    "DA": "dopamine",
    "5-HT": "serotonin",
    "octopamine": "octopamine",
    "tyramine": "tyramine",
}
NOT_RELEASED = re.compile(
    r"\*?(unknown|5-HTP|PEOH|bas-1-depen unknown|betaine|(GABA|5-HT) \(uptake\))", re.IGNORECASE
)


def read_neurons(wheel, files, unmatched):
    """Rows of cells.csv.

    Parameters
    ----------
    wheel : Path
        cect; its module Cells has the lists of Cook et al.
    files : dict of str to bytes
        ``transmitters`` and ``male transmitters`` (Wang), ``lineage`` (WormAtlas) and
        ``morphologies``: for each name, its NeuroML cell.
    unmatched : dict of str to list of str
        Names that may match no neuron: see sources.toml.

    Raises
    ------
    ValueError
        If a row of a file matches no neuron and is not listed, or a neuron has no lineage,
        no row in the table of transmitters, or (unless it is male) no morphology.
    """
    lists = _lists(wheel)
    kinds = {
        "sensory": lists.SENSORY_NEURONS_COOK
        + lists.MALE_HEAD_SENSORY_NEURONS
        + lists.MALE_NON_HEAD_SENSORY_NEURONS,
        "interneuron": lists.INTERNEURONS_NONPHARYNGEAL_COOK
        + lists.MALE_HEAD_INTERNEURONS
        + lists.MALE_NON_HEAD_INTERNEURONS,
        "motor": lists.MOTORNEURONS_NONPHARYNGEAL_COOK,
        "pharyngeal": lists.PHARYNGEAL_NEURONS,
        "unknown": lists.UNKNOWN_FUNCTION_NEURONS,
    }
    kind_of = {canonical_name(name): kind for kind, members in kinds.items() for name in members}
    sex_of = {canonical_name(name): "male" for name in lists.MALE_SPECIFIC_NEURONS}
    sex_of |= {canonical_name(name): "hermaphrodite" for name in lists.HERM_SPECIFIC_MOTORNEURONS}
    transmitters = _transmitters("hermaphrodite", files["transmitters"], 20)
    transmitters |= _transmitters("male", files["male transmitters"], 21)
    lineage = {
        canonical_name(row["Cell name"].removesuffix("_UNSPECIFIED")): row["Lineage"]
        for row in csv.DictReader(files["lineage"].decode().splitlines())
    }
    morphologies = files["morphologies"]
    muscles = {row["name"] for row in read_muscles(wheel)}
    other = (*muscles, *unmatched["other_cells"])
    check_unmatched("transmitters", transmitters.keys() - kind_of, unmatched["transmitters"])
    check_unmatched("lineage", lineage.keys() - kind_of, other)
    check_unmatched("morphologies", morphologies.keys() - kind_of, muscles)
    check_unmatched("neurons without transmitters", kind_of.keys() - transmitters, ())
    check_unmatched("neurons without lineage", kind_of.keys() - lineage, ())
    animal = {name for name in kind_of if sex_of.get(name) != "male"}
    check_unmatched("neurons without morphology", animal - morphologies.keys(), ())
    for name in sorted(kind_of):
        yield {
            "name": name,
            "class": cell_class(name, kind_of),
            "type": kind_of[name],
            "sex": sex_of.get(name, "both"),
            "transmitters": transmitters[name],
            "position": _soma(morphologies.get(name)),
            "lineage": lineage[name],
        }


def read_muscles(wheel):
    """Rows of muscles.csv."""
    lists = _lists(wheel)
    kinds = {
        "body wall": lists.BODY_WALL_MUSCLE_NAMES + lists.UNSPECIFIED_BODY_WALL_MUSCLES,
        "pharyngeal": lists.PHARYNGEAL_MUSCLE_NAMES,
        "vulval": lists.VULVAL_MUSCLE_NAMES,
        "uterine": lists.UTERINE_MUSCLE_NAMES,
        "intestinal": lists.INTESTINAL_MUSCLES,
        "anal": lists.ANAL_SPHINCTER_MUSCLES,
        "male tail": lists.MALE_SPECIFIC_MUSCLES,
    }
    for kind, members in kinds.items():
        for name in sorted(name.removesuffix("_UNSPECIFIED") for name in members):
            place = re.match(r"^M([DV][LR])(\d\d)$", name)
            quadrant, row = place.groups() if place else ("", "")
            yield {"name": name, "kind": kind, "quadrant": quadrant, "row": row.lstrip("0")}


def cell_class(name, names):
    """The class of a neuron: AVAL -> AVA, VB10 -> VB, IL1DL -> IL1."""
    if numbered := re.match(r"^(VA|VB|VC|VD|DA|DB|DD|AS|CA|CP|DX|EF)\d+$", name):
        return numbered[1]
    for prefix in FOURFOLD_CLASSES:
        if name.startswith(prefix):
            return prefix
    twin = name[:-1] + {"L": "R", "R": "L"}.get(name[-1], "?")
    return name[:-1] if twin in names else name


def _transmitters(source, content, first):
    """Three columns hold the transmitters; a star marks the uncertain ones.

    What a neuron only takes up, or is merely suspected of, is not a transmitter of it. A row
    may be that of several cells (EF1/2): each gets its entry. The legend has no lineages.
    """
    sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
    pairs = []
    for row in sheet.iter_rows(min_row=5, max_col=first + 3, values_only=True):
        if row[2] and row[3]:
            name = str(row[2]).strip()
            labels = [_transmitter(str(label)) for label in row[first:] if label]
            told = "+".join(filter(None, labels))
            pairs += [(cell, told) for cell in joint_cells(name) or [canonical_name(name)]]
    return unique(f"{source} transmitters", pairs)


def _transmitter(label):
    label = re.sub(r"^male - ", "", label.strip())
    if NOT_RELEASED.match(label):
        return ""
    name = re.match(r"(\*?)([\w-]+)", label)
    if name is None or name[2] not in TRANSMITTERS:
        raise ValueError(f"The transmitter {label!r} is not known; see TRANSMITTERS.")
    uncertain = name[1] or "?" in label
    return TRANSMITTERS[name[2]] + ("?" if uncertain else "")


def _soma(morphology):
    """The first proximal point of a NeuroML cell."""
    if morphology is None:
        return ""
    point = re.search(r'<proximal x="([^"]+)" y="([^"]+)" z="([^"]+)"', morphology.decode())
    if point is None:
        raise ValueError("a morphology has no proximal point")
    return " ".join(f"{float(value):g}" for value in point.groups())


def _lists(wheel):
    sys.path.insert(0, str(wheel))
    return import_module("cect.Cells")
