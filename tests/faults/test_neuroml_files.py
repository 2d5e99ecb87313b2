"""NeuroML that is damaged, of a different kind, or not whole: exit code 3 and one line."""

import pytest

from isochron.cli import main
from isochron.sims.neuroml import read_neuroml

HEAD = '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="d">'
CELLS = "".join(f'<population id="{name}" component="c" size="1"/>' for name in ("AVAL", "DB2"))
WIRE = '<synapticConnection from="AVAL[0]" to="DB2[0]" synapse="s"/>'
GAP = (
    '<electricalProjection id="g" presynapticPopulation="AVAL" postsynapticPopulation="DB2">'
    '<electricalConnection id="0" preCell="0" postCell="0" synapse="s"/></electricalProjection>'
)


def document(components="", network=WIRE):
    return f'{HEAD}{components}<network id="n">{CELLS}{network}</network></neuroml>'


def test_the_document_of_these_tests_is_right(tmp_path):
    (tmp_path / "x.nml").write_text(document('<expOneSynapse id="s" gbase="1nS" erev="0mV"/>'))
    signs = read_neuroml(tmp_path / "x.nml").signs
    assert signs is not None
    assert signs.tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not XML"),
        (document()[:-5], "is not XML"),
        (document()[: len(document()) // 2], "is not XML"),
        (document().replace("AVAL", "A\0AL", 1), "NUL"),
        ("<graphml/>", "its root is graphml"),
        ("<Lems><Include file='x.net.nml'/></Lems>", "a simulation of x.net.nml"),
        (document().replace("neuroml2", "neuroml1"), "not NeuroML 2"),
        (f"{HEAD}<include href='missing.nml'/></neuroml>", "missing.nml does not exist"),
        (f"{HEAD}<include href='x.nml'/></neuroml>", "includes itself: x.nml includes x.nml"),
        (
            f"{HEAD}<include href='y.nml'/></neuroml>",
            "includes itself: x.nml includes y.nml includes x.nml",
        ),
        (
            document('<expOneSynapse id="s" gbase="1nS" erev="-80nS"/>'),
            "erev of expOneSynapse 's' must be a potential in one of mV, V, uV, got '-80nS'",
        ),
        (
            document('<expOneSynapse id="s" gbase="1nS" erev="nan mV"/>'),
            "erev of expOneSynapse 's' must be a potential",
        ),
        (
            document('<iafCell id="c" leakReversal="-50ms"/><expOneSynapse id="s" erev="0mV"/>'),
            "leakReversal of iafCell 'c' must be a potential",
        ),
        (
            document('<iafCell id="c" thresh="-30 C"/><expOneSynapse id="s" erev="0mV"/>'),
            "thresh of iafCell 'c' must be a potential",
        ),
        (
            document('<gapJunction id="s" conductance="5mV"/>', GAP),
            "conductance of gapJunction 's' must be a conductance in one of pS, nS",
        ),
        (
            document('<expOneSynapse id="s" gbase="1e999nF" erev="0mV"/>'),
            "gbase of expOneSynapse 's' must be a conductance",
        ),
    ],
)
def test_a_damaged_file(tmp_path, capsys, text, message):
    (tmp_path / "x.nml").write_text(text)
    (tmp_path / "y.nml").write_text(f"{HEAD}<include href='x.nml'/></neuroml>")
    assert main(["connectome", "show", str(tmp_path / "x.nml")]) == 3
    errors = capsys.readouterr().err
    assert message in errors
    assert ".nml" in errors
    assert errors.count("\n") == 1
