"""Units of WCON files: names, prefixes, and products such as ``0.04*s``."""

import re

PREFIXES = {
    "c": 1e-2, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "k": 1e3, "K": 1e3,
    "M": 1e6, "G": 1e9,
}  # fmt: skip
LONG_PREFIXES = {
    "centi": 1e-2, "milli": 1e-3, "micro": 1e-6, "nano": 1e-9, "kilo": 1e3, "mega": 1e6,
    "giga": 1e9,
}  # fmt: skip
LARGEST = 1e15  # seconds or meters
TIME, LENGTH, NUMBER = "s", "m", "1"
# Abbreviations take short prefixes, full names long ones.
SHORT = {
    "s": (1.0, TIME), "sec": (1.0, TIME), "min": (60.0, TIME), "h": (3600.0, TIME),
    "d": (86400.0, TIME), "m": (1.0, LENGTH), "in": (0.0254, LENGTH), "ft": (0.3048, LENGTH),
}  # fmt: skip
LONG = {
    "second": (1.0, TIME), "minute": (60.0, TIME), "hour": (3600.0, TIME), "day": (86400.0, TIME),
    "metre": (1.0, LENGTH), "meter": (1.0, LENGTH), "inch": (0.0254, LENGTH),
    "foot": (0.3048, LENGTH), "micron": (1e-6, LENGTH),
}  # fmt: skip
PLURALS = {"inches": "inch", "feet": "foot"}
NUMERAL = re.compile(r"\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?")


def scale_of(unit: str, dimension: str) -> float:
    """Size of a unit in seconds or meters.

    Parameters
    ----------
    unit : str
        Unit of a WCON file: ``mm``, ``millimetres``, ``12*in``, ``s/25``.
    dimension : {"s", "m"}
        Time or length.

    Raises
    ------
    ValueError
        If it is not a unit of that dimension.
    """
    factor, found = 1.0, []
    for sign, part in re.findall(r"(^|[*/])([^*/]*)", unit.strip()):
        size, kind, power = _factor(part.strip(), unit)
        power = -power if sign == "/" else power
        try:
            factor *= size**power
        except ArithmeticError:
            factor = 0.0
        found += [(kind, power)] if kind != NUMBER else []
    if found != [(dimension, 1)] or not 0 < factor < LARGEST:
        what = {TIME: "time, such as s or ms", LENGTH: "length, such as mm or um"}[dimension]
        raise ValueError(f"{unit!r} is not a unit of {what}.")
    return factor


def _factor(text: str, unit: str) -> tuple[float, str, int]:
    """Size, dimension and power of one factor."""
    if NUMERAL.fullmatch(text):
        return float(text), NUMBER, 1
    name, _, power = text.partition("^")
    size, kind = _named(name, unit)
    try:
        return size, kind, int(power or 1)
    except ValueError as error:
        raise ValueError(f"The power in the unit {unit!r} is not a whole number.") from error


def _named(name: str, unit: str) -> tuple[float, str]:
    if name in SHORT:
        return SHORT[name]
    single = PLURALS.get(name, name.removesuffix("s"))
    if single in LONG:
        return LONG[single]
    for prefix, factor in PREFIXES.items():
        if name.startswith(prefix) and name[len(prefix) :] in SHORT:
            size, kind = SHORT[name[len(prefix) :]]
            return factor * size, kind
    for prefix, factor in LONG_PREFIXES.items():
        if single.startswith(prefix) and single[len(prefix) :] in LONG:
            size, kind = LONG[single[len(prefix) :]]
            return factor * size, kind
    raise ValueError(f"Unknown unit {unit!r}. Examples: s, ms, min, mm, um, inch.")
