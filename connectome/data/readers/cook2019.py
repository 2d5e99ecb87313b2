"""Cook et al. (2019), supplementary information 5: adjacency matrices in a spreadsheet."""

import io
import operator
import re

from openpyxl import load_workbook
from readers.tabulate import Connection

SHEETS = {
    "hermaphrodite": ("hermaphrodite chemical", "hermaphrodite gap jn symmetric"),
    "male": ("male chemical", "male gap jn symmetric"),
}


def read_cook(content, sex):
    """Connections of one sex. Rows of the sheets are presynaptic."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    return [
        connection
        for layer, sheet in zip(("chemical", "gap"), SHEETS[sex], strict=True)
        for connection in _matrix(book[sheet], layer)
    ]


def _matrix(sheet, layer):
    """Names stand in the third row and in the third column; sums stand beyond them."""
    rows = [row for row in sheet.iter_rows(values_only=True) if len(row) > 3]
    header = next(row for row in rows if isinstance(row[3], str) and isinstance(row[4], str))
    for row in rows:
        if not isinstance(row[2], str):
            continue
        for post, weight in zip(header[3:], row[3:], strict=False):
            if isinstance(post, str) and weight is not None:
                yield Connection(_name(row[2]), _name(post), layer, operator.index(weight))


def _name(label):
    """R1shL, a structural cell of a ray, is R1stL in the lists of cells."""
    return re.sub(r"^(R\d)sh([LR])$", r"\1st\2", label.strip())
