"""Shapes of the neurons: the segments of NeuroML cells as polylines of integers."""

import numpy as np
from lxml import etree  # type: ignore[attr-defined]

from isochron.connectome.names import canonical_name

STEP_UM = 0.05  # of coordinates
DIAMETER_STEP_UM = 0.1


def read_shapes(morphologies, neurons):
    """Arrays of cell_shapes.npz.

    Parameters
    ----------
    morphologies : dict of str to bytes
        For each name, its NeuroML cell.
    neurons : collection of str
        Names of the neurons; other cells are omitted.

    Returns
    -------
    dict of str to ndarray
        ``neurons`` (n_neurons,); ``neuron`` and ``length`` (n_lines,), index of the neuron of
        each polyline and its number of points; ``points`` (n_points, 3), the differences between
        points that follow each other, the first from 0, in units of 0.05 µm; ``diameters``
        (n_points,) and ``soma_diameters`` (n_neurons,), in units of 0.1 µm.
    """
    found = {canonical_name(name): text for name, text in morphologies.items()}
    names = sorted(found.keys() & set(neurons))
    owners, lines, somata = [], [], []
    for number, name in enumerate(names):
        segments = _segments(found[name])
        somata.append(segments[0][2][3])
        of_cell = _polylines(segments)
        lines += of_cell
        owners += [number] * len(of_cell)
    points = np.vstack(lines)
    places = np.round(points[:, :3] / STEP_UM).astype(int)
    steps = np.diff(places, axis=0, prepend=0)
    return {
        "neurons": np.array(names),
        "neuron": np.array(owners),
        "length": np.array([len(line) for line in lines]),
        "points": steps.astype(np.int16),
        "diameters": _diameters(points[:, 3]),
        "soma_diameters": _diameters(somata),
    }


def _diameters(values):
    return np.clip(np.round(np.array(values) / DIAMETER_STEP_UM), 0, 255).astype(np.uint8)


def _segments(text):
    """Number, parent, start and end, (x, y, z, diameter) in µm, of each segment of a cell."""
    ends, found = {}, []
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for segment in etree.fromstring(text, parser).iter("{*}segment"):
        part = {etree.QName(item).localname: item for item in segment}
        parent = part["parent"].get("segment") if "parent" in part else None
        end = _point(part["distal"])
        start = _point(part["proximal"]) if "proximal" in part else ends[parent]
        ends[segment.get("id")] = end
        found.append((segment.get("id"), parent, start, end))
    return found


def _point(element):
    return tuple(float(element.get(key)) for key in ("x", "y", "z", "diameter"))


def _polylines(segments):
    """Points of lines, each as long as segments continue each other; none of length 0."""
    tips, lines = {}, []
    for number, parent, start, end in segments:
        if start[:3] == end[:3]:
            continue
        line = tips.pop(parent, None)
        if line is None or line[-1][:3] != start[:3]:
            line = [start]
            lines.append(line)
        line.append(end)
        tips[number] = line
    return lines
