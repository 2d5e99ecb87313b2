"""Elements with quantities, and documents as reproducible bytes."""

import math
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

NEUROML_NAMESPACE = "http://www.neuroml.org/schema/neuroml2"


def element(tag: str, /, *children: Element, **attributes: object) -> Element:
    """An element with attributes in the order given; numbers become text exactly."""
    made = Element(tag, {key: _text(value) for key, value in attributes.items()})
    made.extend(children)
    return made


def quantity(value: float, unit: str) -> str:
    """A number with a unit, to the last digit, as the schema of NeuroML requires it.

    Raises
    ------
    ValueError
        If it is not finite.
    """
    return f"{_text(float(value))} {unit}"


def document_bytes(root: Element) -> bytes:
    """UTF-8 with a declaration, indented."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _text(value: object) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"NeuroML cannot represent {value!r}; every quantity must be finite.")
        return repr(float(value)).replace("e+", "e")
    return str(value)
