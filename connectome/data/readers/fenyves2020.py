"""Fenyves et al. (2020), S3 file: signs predicted from transmitter and receptor expression."""

import io

import numpy as np
from openpyxl import load_workbook
from readers.joins import check_unmatched, unique

from isochron.connectome.cells import cells
from isochron.connectome.names import canonical_name
from isochron.connectome.signs import FENYVES_CODES

CODE = {"+": "excitatory", "-": "inhibitory", "complex": "complex", "no pred": "unsigned"}


def read_fenyves(content):
    """Arrays: names, and triplets (post, pre, code) with codes of `FENYVES_CODES`."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    rows = book["5. Sign prediction"].iter_rows(min_row=3, max_col=17, values_only=True)
    signs = unique(
        "Fenyves",
        [
            ((canonical_name(str(row[3])), canonical_name(str(row[0]))), CODE[str(row[16])])
            for row in rows
            if row[0]
        ],
    )
    names = sorted({name for edge in signs for name in edge})
    check_unmatched("Fenyves", set(names) - cells().keys(), ())
    triplets = [
        (names.index(post), names.index(pre), FENYVES_CODES.index(code))
        for (post, pre), code in sorted(signs.items())
    ]
    return {"neurons": np.array(names), "signs": np.array(triplets, dtype=np.int32)}
