"""NeuroML, written and read back; tests/peers simulates it."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from isochron import connectome, sims
from isochron.sims.neuroml import LEVELS, export_neuroml, read_neuroml

NS = {"n": "http://www.neuroml.org/schema/neuroml2"}
TOUCH = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)


@pytest.fixture(scope="module")
def circuit():
    """A few neurons with every kind of connection."""
    return connectome.load("cook2019-hermaphrodite").subset(
        *("AVAL", "AVAR", "PLML", "PLMR", "PVCL", "DA1", "DD1", "VB1", "VD1")
    )


def parsed(path):
    return ElementTree.parse(path).getroot()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dataset", ["varshney2011", "cook2019-hermaphrodite", "cook2019-male"])
def test_round_trip_is_exact(tmp_path, dataset, level):
    graph = connectome.load(dataset).with_signs(connectome.gaba_inhibitory)
    found = read_neuroml(export_neuroml(graph, tmp_path / "out", level=level).network)
    for layer in ("chemical", "gap", "neuromuscular", "signs"):
        np.testing.assert_array_equal(getattr(found, layer), getattr(graph, layer), layer)
    assert found.neurons == graph.neurons
    assert found.muscles == graph.muscles
    assert (found.name, found.source.weight_unit) == (dataset, graph.source.weight_unit)
    assert found.source.left_out == ""


def test_connections_without_a_sign_come_back_without_one(tmp_path):
    rule = connectome.Fenyves2020(unsigned="none", complex="none")
    graph = connectome.load("cook2019-hermaphrodite").with_signs(rule)
    for level in ("graded", "A"):
        exported = export_neuroml(graph, tmp_path / level, level=level)
        found = read_neuroml(exported.network)
        np.testing.assert_array_equal(found.chemical, graph.chemical)
        np.testing.assert_array_equal(found.signs, graph.signs)


def test_weights_and_names_of_a_user_survive(tmp_path):
    names = ["VA01", "a b", "a_b", "9", "<x>&\"'", "cell_VA01", "é"]
    chemical = np.zeros((7, 7))
    chemical[1, 0], chemical[2, 2], chemical[5, 4] = 0.1, 1e-7, 1e30
    gap = np.zeros((7, 7))
    gap[0, 3] = gap[3, 0] = gap[6, 6] = 1 / 3
    graph = connectome.from_matrices(names, chemical, gap, rows="postsynaptic", name="../../x")
    exported = export_neuroml(graph, tmp_path / "out")
    assert exported.network.parent == tmp_path / "out"
    found = read_neuroml(exported.network)
    assert found.neurons == graph.neurons
    np.testing.assert_array_equal(found.chemical, graph.chemical)
    np.testing.assert_array_equal(found.gap, graph.gap)
    assert found.name == "../../x"


@pytest.mark.parametrize("level", LEVELS)
def test_networks_are_valid_by_the_schema(tmp_path, circuit, level):
    etree = pytest.importorskip("lxml.etree")
    neuroml = pytest.importorskip("neuroml")
    name = f"NeuroML_{neuroml.current_neuroml_version}.xsd"
    schema = etree.XMLSchema(file=str(Path(neuroml.__file__).parent / "nml" / name))
    stimulus = (
        TOUCH
        + sims.sinusoidal_current(["AVA"], amplitude_pA=3, frequency_Hz=2)
        + sims.step_current(["DA1"], amplitude_pA=1, onset_ms=10, duration_ms=20)
    )
    exported = export_neuroml(circuit, tmp_path / "out", level=level, stimulus=stimulus)
    schema.assertValid(etree.parse(exported.network))
    text = exported.network.read_text()
    for fault in (text.replace('size="1"', 'size="one"', 1), text.replace(" pA", " mA", 1)):
        assert not schema.validate(etree.fromstring(fault.encode()))


def test_the_same_call_writes_the_same_bytes(tmp_path, circuit):
    one, two = (export_neuroml(circuit, tmp_path / name, stimulus=TOUCH) for name in "ab")
    names = sorted(path.name for path in one.folder.iterdir())
    assert names == sorted(path.name for path in two.folder.iterdir())
    for name in names:
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()


def test_every_neuron_has_its_threshold_and_starts_at_rest(tmp_path, circuit):
    network = sims.GradedNetwork(circuit)
    rest = network.equilibrium(TOUCH)
    exported = export_neuroml(circuit, tmp_path / "out", stimulus=TOUCH)
    root = parsed(next(exported.folder.glob("*.components.xml")))
    for i, name in enumerate(circuit.neurons):
        cell = root.find(f"gradedNeuron[@id='cell_{name}']")
        assert cell is not None
        for attribute in ("Vth", "initialPotential"):
            assert cell.get(attribute) == f"{rest[i]!r} mV".replace("np.float64(", "").replace(
                ")", ""
            )
        assert float(cell.get("initialActivation", "")) == rest[-1]


def test_c302_levels_have_the_published_values(tmp_path, circuit):
    """The numbers of section 3 of the worm's specification."""
    root = parsed(export_neuroml(circuit, tmp_path / "A", level="A").network)
    cell = root.find("n:iafCell[@id='neuron_cell']", NS)
    assert cell is not None
    assert cell.attrib.items() >= {
        ("C", "3.0 pF"),
        ("leakConductance", "0.1 nS"),
        ("leakReversal", "-50.0 mV"),
        ("reset", "-50.0 mV"),
        ("thresh", "-30.0 mV"),
    }
    synapses = {s.get("id"): s.attrib for s in root.findall("n:expTwoSynapse", NS)}
    for kind, reversal in (("excitatory", "0.0 mV"), ("inhibitory", "-80.0 mV")):
        found = synapses[f"{kind}_synapse"]
        assert found["gbase"], found["erev"] == ("0.01 nS", reversal)
        assert (found["tauRise"], found["tauDecay"]) == ("3.0 ms", "10.0 ms")
    for level, conductance in (("A", "0.0 nS"), ("B", "0.01 nS"), ("C1", "0.00052 nS")):
        exported = export_neuroml(circuit, tmp_path / f"gap{level}", level=level)
        gap = parsed(exported.network).find("n:gapJunction", NS)
        assert gap is not None
        assert gap.get("conductance") == conductance


def test_gabaergic_neurons_inhibit_muscles(tmp_path):
    graph = connectome.load("cook2019-hermaphrodite")
    root = parsed(export_neuroml(graph, tmp_path / "out", level="A").network)
    kinds = {
        (p.get("presynapticPopulation"), p.get("postsynapticPopulation")): p.get("synapse")
        for p in root.findall(".//n:projection", NS)
        if str(p.get("id")).startswith("neuromuscular")
    }
    assert len(kinds) == 1051
    for (pre, _), synapse in kinds.items():
        inhibits = pre in connectome.GABAERGIC
        assert synapse == ("inhibitory_synapse" if inhibits else "excitatory_synapse")


def test_somata_are_where_they_are(tmp_path, circuit):
    root = parsed(export_neuroml(circuit, tmp_path / "out").network)
    for cell in circuit.cells:
        place = root.find(f".//n:population[@id='{cell.name}']/n:instance/n:location", NS)
        assert place is not None
        assert cell.position == tuple(float(place.attrib[axis]) for axis in "xyz")


def test_currents_become_generators(tmp_path, circuit):
    stimulus = (
        sims.step_current(["PLM"], amplitude_pA=20)
        + sims.sinusoidal_current(["AVAL"], amplitude_pA=3, frequency_Hz=4, phase_rad=0.5)
        + sims.pulse_current(["DA1"], amplitude_pA=5, width_ms=10, period_ms=50, n_pulses=2)
    )
    exported = export_neuroml(circuit, tmp_path / "out", stimulus=stimulus, duration_s=0.5)
    root = parsed(exported.network)
    sine = root.find("n:sineGenerator", NS)
    assert sine is not None
    assert (sine.get("period"), sine.get("amplitude")) == ("250.0 ms", "3.0 pA")
    pulses = {
        tuple(pulse.attrib[key] for key in ("delay", "duration", "amplitude")): pulse.get("id")
        for pulse in root.findall("n:pulseGenerator", NS)
    }
    assert set(pulses) == {
        ("0.0 ms", "500.05 ms", "20.0 pA"),
        ("0.0 ms", "10.0 ms", "5.0 pA"),
        ("50.0 ms", "10.0 ms", "5.0 pA"),
    }
    constant = pulses["0.0 ms", "500.05 ms", "20.0 pA"]
    into = {
        x.get("population") for x in root.findall(f".//n:inputList[@component='{constant}']", NS)
    }
    assert into == {"PLML", "PLMR"}


@pytest.mark.parametrize(
    ("stimulus", "message"),
    [
        (sims.ramp_current(["PLML"], amplitude_pA=1, onset_ms=0, duration_ms=9), "shape Ramp"),
        (sims.step_current(["PLML"], amplitude_pA=1, onset_ms=0, rise_ms=300), "rise_ms=0"),
        (sims.step_current(["PLMX"], amplitude_pA=1), "Did you mean PLM"),
    ],
)
def test_other_currents_are_refused_before_anything_is_written(
    tmp_path, circuit, stimulus, message
):
    with pytest.raises(ValueError, match=message):
        export_neuroml(circuit, tmp_path / "out", stimulus=stimulus)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": "D"}, "graded, A, B, C1, got 'D'"),
        ({"duration_s": float("nan")}, "duration_s must be positive"),
        ({"step_ms": 0.0}, "step_ms must be positive"),
        ({"step_ms": 2e3}, "longer than duration_s"),
    ],
)
def test_bad_settings_are_refused(tmp_path, circuit, settings, message):
    with pytest.raises(ValueError, match=message):
        export_neuroml(circuit, tmp_path / "out", **settings)


def test_nothing_is_replaced_unless_forced_and_ours(tmp_path, circuit):
    folder = tmp_path / "out"
    export_neuroml(circuit, folder)
    with pytest.raises(ValueError, match="exists; choose a new folder"):
        export_neuroml(circuit, folder, level="A")
    export_neuroml(circuit, folder, level="A", force=True)
    assert not list(folder.glob("*.components.xml"))
    (folder / "thesis.doc").write_text("years of work")
    with pytest.raises(ValueError, match=r"thesis.doc is not of a NeuroML export"):
        export_neuroml(circuit, folder, force=True)
    assert (folder / "thesis.doc").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failed_write_leaves_nothing_behind(tmp_path, circuit, monkeypatch):
    folder = tmp_path / "out"
    export_neuroml(circuit, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("isochron.sims.neuroml.export.write_bytes", fail)
    with pytest.raises(OSError, match="No space left"):
        export_neuroml(circuit, folder, level="A", force=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# Reading NeuroML of other software.

HEAD = '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="x">'
POPULATIONS = """
<population id="AVAL" component="c" size="1" type="populationList">
  <instance id="0"><location x="0" y="0" z="0"/></instance></population>
<population id="VB2" component="c" size="1"/>
<population id="pair" component="c" size="2"/>
<population id="MDL01" component="c" size="1"/>
"""


def written(tmp_path, body, *, populations=POPULATIONS, name="net.nml", head=HEAD):
    path = tmp_path / name
    path.write_text(f'{head}<network id="n">{populations}{body}</network></neuroml>')
    return path


def test_the_dialect_of_c302_is_understood(tmp_path):
    """Event-driven and electrical projections, contacts as separate connections, muscles."""
    body = """
    <projection id="a" presynapticPopulation="AVAL" postsynapticPopulation="VB2"
                synapse="neuron_to_neuron_exc_syn">
      <connection id="0" preCellId="../AVAL/0/c" postCellId="../VB2[0]"/>
      <connectionWD id="1" preCellId="../AVAL/0/c" postCellId="../VB2/0/c" weight="3" delay="0ms"/>
    </projection>
    <projection id="b" presynapticPopulation="VB2" postsynapticPopulation="MDL01"
                synapse="neuron_to_muscle_inh_syn">
      <connection id="0" preCellId="../VB2/0/c" postCellId="../MDL01/0/c"/>
    </projection>
    <projection id="c" presynapticPopulation="AVAL" postsynapticPopulation="VB2"
                synapse="neuron_to_neuron_elec_syn">
      <connection id="0" preCellId="../AVAL/0/c" postCellId="../VB2/0/c"/>
    </projection>
    <projection id="d" presynapticPopulation="VB2" postsynapticPopulation="AVAL"
                synapse="neuron_to_neuron_elec_syn">
      <connection id="0" preCellId="../VB2/0/c" postCellId="../AVAL/0/c"/>
    </projection>
    <electricalProjection id="e" presynapticPopulation="pair" postsynapticPopulation="pair">
      <electricalConnection id="0" preCell="0" postCell="1" synapse="gap"/>
    </electricalProjection>
    <electricalProjection id="f" presynapticPopulation="MDL01" postsynapticPopulation="MDL01">
      <electricalConnection id="0" preCell="0" postCell="0" synapse="gap"/>
    </electricalProjection>
    <continuousProjection id="g" presynapticPopulation="pair" postsynapticPopulation="AVAL">
      <continuousConnectionInstanceW id="0" preCell="../pair/1/c" postCell="../AVAL/0/c"
        preComponent="silent" postComponent="neuron_to_neuron_inh_syn" weight="0.5"/>
    </continuousProjection>
    """
    found = read_neuroml(written(tmp_path, body))
    assert found.neurons == ("AVAL", "VB2", "pair[0]", "pair[1]")
    assert found.muscles == ("MDL01",)
    assert found.signs is not None
    expected = np.zeros((4, 4))
    expected[1, 0], expected[0, 3] = 4, 0.5
    np.testing.assert_array_equal(found.chemical, expected)
    np.testing.assert_array_equal(found.signs, np.sign(expected) * [[1, 1, 1, -1]])
    gap = np.zeros((4, 4))
    gap[0, 1] = gap[1, 0] = gap[2, 3] = gap[3, 2] = 1
    np.testing.assert_array_equal(found.gap, gap)
    np.testing.assert_array_equal(found.neuromuscular, [[0, 1, 0, 0]])
    assert found.source.left_out == "1 gap junction from muscle to muscle"


def connection(**changes):
    marks = {"preCellId": "../AVAL/0/c", "postCellId": "../VB2/0/c", "weight": "1"} | changes
    text = " ".join(f'{key}="{value}"' for key, value in marks.items())
    return (
        '<projection id="a" presynapticPopulation="AVAL" postsynapticPopulation="VB2" '
        f'synapse="exc"><connectionWD id="0" {text}/></projection>'
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (connection(postCellId="../VB1/0/c"), "not have a population 'VB1'. Did you mean VB2"),
        (connection(postCellId="../pair/2/c"), "pair has 2 cells, and none is 2"),
        (connection(postCellId="../../VB2"), "is not a reference to a cell"),
        (connection(weight="nan"), "weight of ../AVAL/0/c to ../VB2/0/c must be .*, got 'nan'"),
        (
            connection(weight="-1"),
            "connection from AVAL to VB2 has the weight -1, .* 'exc' excites",
        ),
        (connection(weight="1e999"), "got '1e999'"),
        ('<population id="AVAL" component="c" size="1"/>', "empty or repeated"),
        ('<population id="many" component="c" size="999999999"/>', "more than 5000 cells"),
        ('<population id="x" component="c" size="-1"/>', "size '-1'"),
        (
            connection() + connection().replace("exc", "inh"),
            "AVAL excites and inhibits VB2 .*Delete one",
        ),
    ],
)
def test_unsound_networks_are_refused(tmp_path, body, message):
    with pytest.raises(ValueError, match=message):
        read_neuroml(written(tmp_path, body))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not XML"),
        (f"{HEAD}<network id='n'>", "is not XML"),
        ("<Lems/>", "is not NeuroML 2: its root is Lems"),
        ("<neuroml/>", "is not NeuroML 2"),
        (f"{HEAD}</neuroml>", "has 0 networks"),
        (f"{HEAD}<network id='a'/><network id='b'/></neuroml>", "has 2 networks"),
        (f"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>{HEAD}&e;</neuroml>", "DOCTYPE"),
        (f"{HEAD}\0</neuroml>", "NUL"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "net.nml"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_neuroml(path)


def test_networks_may_be_included(tmp_path):
    (tmp_path / "parts").mkdir()
    written(tmp_path, connection(), name="parts/inner.nml")
    outer = tmp_path / "outer.nml"
    outer.write_text(
        f"{HEAD}<include href='parts/inner.nml'/><include href='components.xml'/></neuroml>"
    )
    assert read_neuroml(outer).chemical.sum() == 1


@pytest.mark.parametrize(
    ("href", "message"),
    [
        ("../secret.nml", "outside"),
        ("{root}/secret.nml", "outside"),
        ("https://example.org/x.nml", "outside"),
        ("file:///etc/passwd", "outside"),
        ("link.nml", "outside"),
        ("net.nml", "includes itself: net.nml includes net.nml"),
    ],
)
def test_includes_stay_in_the_folder(tmp_path, href, message):
    folder = tmp_path / "model"
    folder.mkdir()
    secret = written(tmp_path, "", name="secret.nml")
    (folder / "link.nml").symlink_to(secret)
    path = folder / "net.nml"
    path.write_text(f"{HEAD}<include href='{href.format(root=tmp_path)}'/></neuroml>")
    with pytest.raises(ValueError, match=message):
        read_neuroml(path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"net.nml"):
        read_neuroml(tmp_path / "net.nml")
    path = tmp_path / "net.nml"
    path.write_text(f"{HEAD}<include href='cell.nml'/></neuroml>")
    with pytest.raises(FileNotFoundError, match=r"cell.nml"):
        read_neuroml(path)


def test_neither_direction_needs_the_neuroml_packages():
    code = (
        "import sys; import isochron.sims.neuroml; "
        "print({'neuroml', 'pyneuroml', 'lxml', 'neuron'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
