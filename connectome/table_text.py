"""The text of a table, of which a spreadsheet executes nothing."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"  # the wide forms count in East Asian versions
_FORMULA = re.compile(rf"[\s']*[{_SIGNS}]|[\t\r\n]")
_LATER_FORMULA = re.compile(rf"[;\t|]['\"\s]*[{_SIGNS}]")


def table_text(table: "pd.DataFrame") -> str:
    """Comma-separated text of a table; no cell of text is a formula of a spreadsheet.

    A text that begins with ``=``, ``+``, ``-`` or ``@`` is put in single quotes, which readers of
    connectomes remove (`vocabulary.clean_name`). If a text such as ``a;=b`` would become a formula
    where lines are split at semicolons, the first line is ``sep=,``, which spreadsheets obey.
    """
    texts = table.select_dtypes(exclude="number").columns
    split = any(table[column].astype(str).str.contains(_LATER_FORMULA).any() for column in texts)
    safe = table.assign(**{column: table[column].map(_as_text) for column in texts})
    return "sep=,\n" * split + safe.to_csv(index=False, lineterminator="\n")


def _as_text(text: object) -> object:
    formula = isinstance(text, str) and _FORMULA.match(text)
    return f"'{str(text).strip()}'" if formula else text
