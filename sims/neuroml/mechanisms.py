"""One NEURON mechanism for all components that differ only in numbers.

jNeuroML writes a mechanism for every component, that is, for every neuron and for the synapses
of every neuron, and a C++ compiler takes some seconds for each. Here, mechanisms that differ
only in their names and parameters are replaced by one, and the script sets the parameters.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_NEW = re.compile(r"(?P<object>[\w\[\]%]+) = new (?P<name>\w+)\((?P<where>[0-9.]+)\)")


@dataclass(frozen=True)
class Mechanism:
    """A mechanism in NMODL.

    Attributes
    ----------
    name : str
        Name of the mechanism.
    body : str
        Its code without name, comments and values of the parameters.
    parameters : dict of str to str
        Values of the parameters, as written.
    """

    name: str
    body: str
    parameters: dict[str, str]


def merge_mechanisms(folder: Path, script: Path) -> int:
    """Delete redundant mechanisms, and let the script use the remaining ones.

    Returns
    -------
    int
        Number of remaining mechanisms.
    """
    kept: dict[str, Mechanism] = {}
    found: dict[str, Mechanism] = {}
    for path in sorted(folder.glob("*.mod")):
        mechanism = read_mechanism(path)
        found[mechanism.name] = mechanism
        if kept.setdefault(mechanism.body, mechanism) is not mechanism:
            path.unlink()

    def use_kept(match: re.Match[str]) -> str:
        own = found.get(match["name"])
        if own is None:
            return match[0]
        stand_in = kept[own.body]
        made = f"{match['object']} = new {stand_in.name}({match['where']})"
        if stand_in is own or "%" in match["object"]:  # the script itself sets those of cells
            return made
        values = (f" {match['object']}.{key} = {value}" for key, value in own.parameters.items())
        return made + "".join(values)

    script.write_text(_NEW.sub(use_kept, script.read_text()))
    return len(kept)


def read_mechanism(path: Path) -> Mechanism:
    """A mechanism that jNeuroML wrote."""
    text = re.sub(r"COMMENT.*?ENDCOMMENT", "", path.read_text(), flags=re.DOTALL)
    lines = (re.sub(r"[?:].*", "", line).strip() for line in text.splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("TITLE"))
    code = re.sub(rf"\b{re.escape(path.stem)}\b", "NAME", code)
    block = re.search(r"PARAMETER \{(.*?)\n\}", code, flags=re.DOTALL)
    inside = block[1] if block else ""
    parameters = dict(re.findall(r"^(\w+) = ([-+.\w]+)", inside, flags=re.MULTILINE))
    numberless = re.sub(r"^(\w+) = [-+.\w]+", r"\1", inside, flags=re.MULTILINE)
    return Mechanism(path.stem, code.replace(inside, numberless) if inside else code, parameters)
