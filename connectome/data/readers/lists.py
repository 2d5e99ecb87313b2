"""Data sets that are lists of connections (Varshney, White, ...), and matrices of one sheet."""

import csv
import io

import xlrd
from openpyxl import load_workbook
from readers.tabulate import Connection

LAYERS = {"chemical": "chemical", "electrical": "gap"}
DAUER_SHEET, DAUER_CELLS = "Dauer_normalized", 222
ONE_NODE = {"LegacyBodyWallMuscles": "BWM"}


def read_varshney(content):
    """S and Sp are chemical synapses sent (R and Rp the same ones, seen by the receiver).

    EJ are gap junctions, listed from both sides; NMJ is muscle. The spreadsheet writes
    AVFL and AVFR also in lower case.
    """
    sheet = xlrd.open_workbook(file_contents=content).sheet_by_index(0)
    layers = {"S": "chemical", "Sp": "chemical", "NMJ": "chemical", "EJ": "gap"}
    for i in range(1, sheet.nrows):
        pre, post, kind, number = sheet.row_values(i)
        if kind not in ("R", "Rp") and pre != "VC06":
            post = "BWM" if post == "NMJ" else post.upper()
            yield Connection(pre.upper(), post, layers[kind], int(number))


def read_white(content):
    """Columns pre, post, type, synapses, separated by white space; a gap junction stands once."""
    for line in content.decode().splitlines()[1:]:
        if line.strip():
            pre, post, kind, number = line.split()
            yield from _both_sides(pre, ONE_NODE.get(post, post), LAYERS[kind], int(number))


def read_witvliet(content):
    """Columns pre, post, type, synapses in a spreadsheet; a gap junction stands once."""
    sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
    for pre, post, kind, number in sheet.iter_rows(min_row=2, max_col=4, values_only=True):
        yield from _both_sides(str(pre), str(post), LAYERS[str(kind)], int(str(number)))


def read_cook_pharynx(content):
    """Columns Source, Target, Weight, Type; a gap junction stands once, weights add up.

    Some weights are halves.
    """
    for row in csv.DictReader(content.decode("utf-8-sig").splitlines()):
        ends = row["Source"].strip(), row["Target"].strip()
        yield from _both_sides(*ends, LAYERS[row["Type"].strip().lower()], float(row["Weight"]))


def read_dauer(content):
    """A square matrix in a sheet, rows sending; names in the first row and first column."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    header, _, *rows = book[DAUER_SHEET].iter_rows(max_row=DAUER_CELLS + 2, values_only=True)
    posts, pres = header[2:], [row[0] for row in rows]
    if len(pres) != DAUER_CELLS or list(posts) != pres:
        raise ValueError(f"The rows of {DAUER_SHEET} are not named as its columns.")
    for pre, row in zip(pres, rows, strict=True):
        for post, weight in zip(posts, row[2:], strict=True):
            yield Connection(str(pre), str(post), "chemical", float(str(weight)))


def read_bentley_monoamine(content):
    """Columns from, to, transmitter, receptor; a pair joined by two receptors stands twice."""
    rows = csv.reader(content.decode().splitlines())
    return _once((row[0].strip(), row[1].strip(), row[2].strip()) for row in rows)


def read_bentley_neuropeptide(content):
    """Columns from, to, peptide, receptor."""
    rows = csv.reader(content.decode().splitlines())
    return _once((row[0].strip(), row[1].strip(), "neuropeptide") for row in rows)


def read_ripoll_sanchez(content):
    """A square matrix, rows sending; its row labels are as its column labels."""
    header, *rows = csv.reader(content.decode("utf-8-sig").splitlines())
    for pre, row in zip(header[1:], rows, strict=True):
        for post, number in zip(header[1:], row[1:], strict=True):
            yield Connection(pre, post, "neuropeptide", int(number))


def _both_sides(one, other, layer, number):
    yield Connection(one, other, layer, number)
    if layer == "gap" and one != other:
        yield Connection(other, one, layer, number)


def _once(edges):
    return [Connection(pre, post, layer, 1) for pre, post, layer in sorted(set(edges))]
