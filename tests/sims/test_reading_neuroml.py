"""NeuroML networks of other software: connections, signs, populations, includes, omissions."""

import numpy as np
import pytest

from isochron import connectome
from isochron.sims.neuroml import export_neuroml, read_neuroml

HEAD = '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="d">'
PAIR = '<population id="AVAL" component="c" size="1"/><population id="DB2" component="c" size="1"/>'
IAF = '<iafTauCell id="c" leakReversal="-50mV" thresh="-30mV" reset="-70mV" tau="30ms"/>'


def read(tmp_path, network, *, components="", populations=PAIR, **options):
    path = tmp_path / "net.nml"
    path.write_text(f'{HEAD}{components}<network id="n">{populations}{network}</network></neuroml>')
    return read_neuroml(path, **options)


def event(synapse, weight="1", *, ends=("AVAL", "DB2")):
    pre, post = ends
    return (
        f'<projection id="p_{pre}_{synapse}" presynapticPopulation="{pre}" '
        f'postsynapticPopulation="{post}" synapse="{synapse}"><connectionWD id="0" '
        f'preCellId="../{pre}/0/c" postCellId="../{post}/0/c" weight="{weight}" delay="1ms"/>'
        "</projection>"
    )


def electrical(pre, post, weight):
    return (
        f'<electricalProjection id="{pre}" presynapticPopulation="{pre}" '
        f'postsynapticPopulation="{post}"><electricalConnectionInstanceW id="0" '
        f'preCell="../{pre}/0/c" postCell="../{post}/0/c" synapse="g" weight="{weight}"/>'
        "</electricalProjection>"
    )


def sign(found):
    """Sign of the connection from the first neuron to the second; None if none is known."""
    return None if found.signs is None else int(found.signs[1, 0])


# Connections.


def test_synaptic_connections_are_read(tmp_path):
    found = read(
        tmp_path,
        '<synapticConnection from="AVAL[0]" to="DB2[0]" synapse="s_exc" destination="synapses"/>'
        '<synapticConnectionWD from="DB2[0]" to="AVAL[0]" synapse="s_exc" weight="2.5" '
        'delay="1ms"/>',
        components=IAF + '<expOneSynapse id="s_exc" gbase="1nS" erev="0mV" tauDecay="2ms"/>',
    )
    np.testing.assert_array_equal(found.chemical, [[0, 2.5], [1, 0]])
    np.testing.assert_array_equal(found.signs, [[0, 1], [1, 0]])
    assert (found.source.left_out, found.history) == ("", ())


@pytest.mark.parametrize("reference", ["pop[5]", "../pop[5]", "../pop/5/c", "pop/5/", "../pop/5"])
def test_every_form_of_a_reference(tmp_path, reference):
    """The number of a cell is the id of its instance, wherever that is in the list."""
    instances = "".join(
        f'<instance id="{i}"><location x="0" y="0" z="0"/></instance>' for i in (7, 5, 3)
    )
    found = read(
        tmp_path,
        f'<synapticConnection from="AVAL" to="{reference}" synapse="exc"/>',
        populations='<population id="AVAL" component="c" size="1"/>'
        f'<population id="pop" component="c" type="populationList">{instances}</population>',
    )
    assert found.neurons == ("AVAL", "pop[7]", "pop[5]", "pop[3]")
    np.testing.assert_array_equal(np.argwhere(found.chemical), [[2, 0]])


@pytest.mark.parametrize(
    ("layout", "size"),
    [
        ('<random number="3" region="r"/>', 3),
        ('<unstructured number="4"/>', 4),
        ('<grid xSize="2" ySize="3" zSize="2"/>', 12),
        ('<grid xSize="5"/>', 5),
    ],
)
def test_populations_with_a_layout(tmp_path, layout, size):
    population = f'<population id="p" component="c"><layout>{layout}</layout></population>'
    assert len(read(tmp_path, "", populations=population).neurons) == size


def test_a_continuous_connection_may_act_on_both_cells(tmp_path):
    """The component of either end acts on the cell of that end."""
    found = read(
        tmp_path,
        '<continuousProjection id="p" presynapticPopulation="AVAL" postsynapticPopulation="DB2">'
        '<continuousConnection id="0" preCell="0" postCell="0" preComponent="back_inh" '
        'postComponent="there_exc"/></continuousProjection>',
    )
    np.testing.assert_array_equal(found.chemical, [[0, 1], [1, 0]])
    np.testing.assert_array_equal(found.signs, [[0, -1], [1, 0]])


@pytest.mark.parametrize(
    "element",
    [
        '<synapticConnection from="AVAL" to="DB2" synapse="junction"/>',
        '<projection id="p" presynapticPopulation="AVAL" postsynapticPopulation="DB2" '
        'synapse="junction"><connection id="0" preCellId="../AVAL/0/c" '
        'postCellId="../DB2/0/c"/></projection>',
        '<electricalProjection id="p" presynapticPopulation="AVAL" postsynapticPopulation="DB2">'
        '<electricalConnectionInstance id="0" preCell="../AVAL/0/c" postCell="../DB2/0/c" '
        'synapse="junction"/></electricalProjection>',
    ],
)
def test_a_gap_junction_in_any_element(tmp_path, element):
    found = read(tmp_path, element, components='<gapJunction id="junction" conductance="1nS"/>')
    np.testing.assert_array_equal(found.gap, [[0, 1], [1, 0]])
    assert not found.chemical.any()


# What is not read.


def test_everything_else_is_counted(tmp_path):
    found = read(
        tmp_path,
        '<notes>text</notes><property tag="a" value="b"/>'
        '<explicitInput target="AVAL[0]" input="i"/>'
        '<inputList id="l" component="i" population="DB2">'
        '<input id="0" target="../DB2/0/c" destination="synapses"/>'
        '<inputW id="1" target="../DB2/0/c" destination="synapses" weight="2"/></inputList>'
        '<region id="r"/><region id="q"/><projection id="e" presynapticPopulation="AVAL" '
        'postsynapticPopulation="DB2" synapse="s"/>' + electrical("DB2", "MDL01", 1) + event("exc"),
        populations=PAIR + '<population id="MDL01" component="m" size="1"/>',
    )
    assert found.source.left_out == (
        "1 gap junction from neuron to muscle, 3 inputs, 2 region elements, "
        "1 projection element without connections"
    )
    assert found.history == ("not read: 1 gap junction from neuron to muscle",)
    assert "not read: 1 gap" in repr(found)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (
            '<synapticConnexion from="AVAL[0]" to="DB2[0]" synapse="s"/>',
            r'<synapticConnexion from="AVAL\[0\]" to="DB2\[0\]" synapse="s"> is not a connection',
        ),
        ("<listOfConnections/>", "listOfConnections"),
        (
            '<projection id="p" presynapticPopulation="AVAL" postsynapticPopulation="DB2" '
            'synapse="s"><connectionW preCellId="0" postCellId="0"/></projection>',
            "connectionW .*would be lost.*Known are projection",
        ),
        (
            '<projection id="p" presynapticPopulation="AVAL" postsynapticPopulation="DB2" '
            'synapse="s"><connection preCellId="../AVAL/0/c" post="../DB2/0/c"/></projection>',
            "a connection lacks postCell or postCellId; it has preCellId, post",
        ),
        (
            '<projection id="p" presynapticPopulation="AVAL" postsynapticPopulation="DB2" '
            'synapse="s"><connection preCellId="../DB2/0/c" postCellId="../DB2/0/c"/>'
            "</projection>",
            "'../DB2/0/c' is a cell of DB2, in a projection of AVAL",
        ),
        ('<x:connection xmlns:x="http://x.org" a="b"/>', "x.org}connection"),
    ],
)
def test_connections_that_would_be_lost_are_an_error(tmp_path, element, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, element)


@pytest.mark.parametrize(
    ("population", "message"),
    [
        ('<population id="p" component="c"/>', "population p lacks a size, instances or a layout"),
        (
            '<population id="p" component="c" size="3"><instance id="0"/></population>',
            "population p has size 3, but 1 instance",
        ),
        (
            '<population id="p" component="c"><instance id="0"/><instance id="0"/></population>',
            "two instances of p have the same id",
        ),
    ],
)
def test_populations_of_no_certain_size(tmp_path, population, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, "", populations=population)


# Signs.


@pytest.mark.parametrize(
    ("synapse", "cell", "expected"),
    [
        # (leak, threshold) of the postsynaptic cell is (-50, -30) mV.
        ('<expTwoSynapse id="s" gbase="1nS" erev="0mV"/>', IAF, 1),
        ('<expTwoSynapse id="s" gbase="1nS" erev="-80mV"/>', IAF, -1),
        ('<expTwoSynapse id="s" gbase="1nS" erev="-0.0505 V"/>', IAF, -1),
        ('<gradedSynapse id="s" conductance="1nS" erev="-2.9e-2V"/>', IAF, 1),
        ('<blockingPlasticSynapse id="s" gbase="1nS" erev=".5V"/>', IAF, 1),
        ('<expThreeSynapse id="s" gbase1="1nS" gbase2="1nS" erev="-60mV"/>', IAF, -1),
        # Shunting: open.
        ('<expOneSynapse id="s" gbase="1nS" erev="-40mV"/>', IAF, 0),
        ('<expOneSynapse id="s" gbase="1nS" erev="-50mV"/>', IAF, 0),
        ('<expOneSynapse id="s" gbase="1nS" erev="-30mV"/>', IAF, 0),
        # The file does not define the cell.
        ('<expOneSynapse id="s" gbase="1nS" erev="0mV"/>', "", 1),
        ('<expOneSynapse id="s" gbase="1nS" erev="-80mV"/>', "", -1),
        ('<expOneSynapse id="s" gbase="1nS" erev="-60mV"/>', "", 0),
        # A tonically active cell, whose threshold lies below its leak.
        (
            '<expOneSynapse id="s" gbase="1nS" erev="-52mV"/>',
            '<iafCell id="c" leakReversal="-50mV" thresh="-55mV"/>',
            0,
        ),
        # The spike detection of a cell with ion channels is not its threshold.
        (
            '<expOneSynapse id="s" gbase="1nS" erev="0mV"/>',
            '<cell id="c"><biophysicalProperties id="b"><membraneProperties>'
            '<channelDensity id="leak" ionChannel="pas" erev="-65mV"/>'
            '<spikeThresh value="0mV"/></membraneProperties></biophysicalProperties></cell>',
            1,
        ),
        (
            '<expOneSynapse id="s" gbase="1nS" erev="-68mV"/>',
            '<cell id="c"><biophysicalProperties id="b"><membraneProperties>'
            '<channelDensity id="leak" ionChannel="pas" erev="-65mV"/>'
            "</membraneProperties></biophysicalProperties></cell>",
            -1,
        ),
        # PyNN states millivolts without a unit; a current has the direction of its weight.
        ('<expCondSynapse id="s" e_rev="-75"/>', '<IF_cond_exp id="c" v_rest="-65"/>', -1),
        ('<alphaCurrSynapse id="s" tau_syn="5"/>', "", 1),
        ('<alphaCurrentSynapse id="s" ibase="-0.1nA"/>', "", -1),
        # Two parts with one sign, and with two.
        (
            '<expOneSynapse id="a" gbase="1nS" erev="0mV"/>'
            '<expOneSynapse id="b" gbase="1nS" erev="5mV"/>'
            '<doubleSynapse id="s" synapse1="a" synapse2="b"/>',
            IAF,
            1,
        ),
        (
            '<expOneSynapse id="a" gbase="1nS" erev="0mV"/>'
            '<expOneSynapse id="b" gbase="1nS" erev="-80mV"/>'
            '<doubleSynapse id="s" synapse1="a" synapse2="b"/>',
            IAF,
            None,
        ),
    ],
)
def test_the_reversal_potential_decides(tmp_path, synapse, cell, expected):
    assert sign(read(tmp_path, event("s"), components=synapse + cell)) == expected


def test_the_names_of_receptors_need_no_rule(tmp_path):
    found = read(
        tmp_path,
        event("GABA", ends=("DD1", "DB2")) + event("ampa", ends=("DB2", "DD1")),
        components='<expTwoSynapse id="GABA" gbase="1nS" erev="-80mV" tauRise="1ms" '
        'tauDecay="5ms"/><expTwoSynapse id="ampa" gbase="1nS" erev="0mV" tauRise="1ms" '
        'tauDecay="5ms"/>',
        populations='<population id="DD1" component="c" size="1"/>'
        '<population id="DB2" component="c" size="1"/>',
    )
    np.testing.assert_array_equal(found.signs, [[0, 1], [-1, 0]])


@pytest.mark.parametrize(("name", "reversal", "expected"), [("exc", -80, -1), ("s_inh", 0, 1)])
def test_the_reversal_potential_prevails_over_the_id_and_says_so(
    tmp_path, name, reversal, expected
):
    synapse = f'<expOneSynapse id="{name}" gbase="1nS" erev="{reversal}mV" tauDecay="2ms"/>'
    found = read(tmp_path, event(name), components=IAF + synapse)
    assert sign(found) == expected
    assert "1 connection by reversal potential or weight, against the id" in found.history[0]


def test_the_id_decides_on_shunting_inhibition(tmp_path):
    synapse = '<expOneSynapse id="shunt_inh" gbase="1nS" erev="-45mV" tauDecay="2ms"/>'
    assert sign(read(tmp_path, event("shunt_inh"), components=IAF + synapse)) == -1


def test_shunting_synapses_are_counted(tmp_path):
    synapse = '<expOneSynapse id="s" gbase="1nS" erev="-45mV" tauDecay="2ms"/>'
    found = read(tmp_path, event("s"), components=IAF + synapse)
    np.testing.assert_array_equal(found.signs, np.zeros((2, 2)))  # not excitatory by default
    assert found.history == (
        "signs: 1 of 1 chemical synapse without one, their reversal potential lies between rest "
        "and threshold",
    )


def test_connections_without_a_sign_are_counted(tmp_path):
    found = read(tmp_path, event("exc") + event("what", ends=("DB2", "AVAL")))
    np.testing.assert_array_equal(found.signs, [[0, 0], [1, 0]])
    assert found.history == (
        "signs: 1 of 2 chemical synapses without one, neither their definition nor their id "
        "decides (what)",
    )


def test_a_negative_current_inhibits(tmp_path):
    found = read(tmp_path, event("s", "-0.5") + event("s", "2", ends=("DB2", "AVAL")))
    np.testing.assert_array_equal(found.chemical, [[0, 2], [0.5, 0]])
    np.testing.assert_array_equal(found.signs, [[0, 1], [-1, 0]])


@pytest.mark.parametrize(
    ("synapse", "weight", "expected"),
    [
        ('<expCurrSynapse id="s" tau_syn="5"/>', "-3", -1),
        ('<alphaCurrentSynapse id="s" tau="5ms" ibase="-0.1nA"/>', "-3", 1),
        ("", "-3", -1),
    ],
)
def test_the_sign_of_a_weight(tmp_path, synapse, weight, expected):
    found = read(tmp_path, event("s", weight), components=synapse)
    assert (sign(found), found.chemical[1, 0]) == (expected, 3)


@pytest.mark.parametrize(
    ("network", "components", "message"),
    [
        (
            event("s", "-1"),
            '<expOneSynapse id="s" gbase="1nS" erev="0mV"/>',
            r"connection from AVAL to DB2 has the weight -1, but its synapse 's' is a conductance",
        ),
        (
            electrical("AVAL", "DB2", -2),
            "",
            "AVAL to DB2 is a gap junction, and its weight -2",
        ),
        (event("s", "x"), "", "weight of ../AVAL/0/c to ../DB2/0/c must be a finite number"),
        (
            event("a") + event("b"),
            '<expOneSynapse id="a" gbase="1nS" erev="0mV"/>'
            '<expOneSynapse id="b" gbase="1nS" erev="-80mV"/>',
            "AVAL excites and inhibits DB2 .*synapse 'b'.* has one sign. Delete .* AVAL_2, the",
        ),
    ],
)
def test_the_connection_that_is_rejected_is_named(tmp_path, network, components, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, network, components=components)


@pytest.mark.parametrize("level", ["graded", "A", "C1"])
def test_signs_that_are_all_zero_come_back(tmp_path, level):
    """They state that the connections are without effect; a sign rule must not replace them."""
    chemical = np.array([[0, 2], [1, 0]])
    given = connectome.from_matrices(["AVAL", "DB2"], chemical, rows="postsynaptic", name="x")
    given = given.with_signs(lambda graph: np.zeros_like(graph.chemical))
    found = read_neuroml(export_neuroml(given, tmp_path / "out", level=level).network)
    np.testing.assert_array_equal(found.chemical, chemical)
    np.testing.assert_array_equal(found.signs, np.zeros((2, 2)))


@pytest.mark.parametrize("others", ["", event("AMPA", ends=("DB2", "AVAL"))])
def test_a_reversal_potential_at_rest_is_no_excitation(tmp_path, others):
    """With other synapses in the file and without."""
    synapses = '<expOneSynapse id="s" gbase="1nS" erev="-70mV" tauDecay="2ms"/>'
    synapses += '<expOneSynapse id="AMPA" gbase="1nS" erev="0mV" tauDecay="2ms"/>'
    cell = '<iafCell id="c" leakReversal="-70mV" thresh="-50mV" reset="-70mV" C="1pF"/>'
    assert sign(read(tmp_path, event("s") + others, components=cell + synapses)) == 0


@pytest.mark.parametrize(
    ("synapse", "expected"),
    [
        *[("Excitatory", 1), ("synInh", -1), ("INH", -1), ("INHsyn", -1), ("ExcToInh", 1)],
        *[("GABA", -1), ("GABAA", -1), ("syn_gaba_a", -1), ("AMPA", 1), ("NMDA_syn", 1)],
        *[("gabaExc", 1), ("muscle_exc_syn", 1), ("what", None), ("fox_chain", None)],
    ],
)
def test_the_words_of_an_id(tmp_path, synapse, expected):
    """They decide for synapses that the file does not define."""
    found = read(tmp_path, event(synapse))
    assert sign(found) == expected
    assert ("no signs: models" in repr(found)) == (expected is None)
    if expected is None:
        assert found.history == (
            "signs: 1 of 1 chemical synapse without one, neither their definition nor their id "
            f"decides ({synapse})",
        )


@pytest.mark.parametrize(
    ("transmitter", "expected"),
    [
        ("GABA", -1),
        ("Acetylcholine", 1),
        ("glutamate", 1),
        ("GABA, Acetylcholine", None),
        ("?", None),
    ],
)
def test_the_transmitter_of_a_population_decides_last(tmp_path, transmitter, expected):
    cells = (
        '<population id="BC" component="c" size="1"><property tag="neurotransmitter" '
        f'value="{transmitter}"/></population><population id="PYR" component="c" size="1"/>'
    )
    found = read(tmp_path, event("s", ends=("BC", "PYR")), populations=cells)
    assert sign(found) == expected
    line = "signs: 1 of 1 by the transmitter of the population" if expected else "without one"
    assert line in found.history[0]
    named = read(tmp_path, event("syn_exc", ends=("BC", "PYR")), populations=cells)
    assert (sign(named), named.history) == (1, ())


# What is not a weight.


def continuous(pre_component, post_component):
    return (
        '<continuousProjection id="p" presynapticPopulation="AVAL" postsynapticPopulation="DB2">'
        '<continuousConnectionInstance id="0" preCell="../AVAL/0/c" postCell="../DB2/0/c" '
        f'preComponent="{pre_component}" postComponent="{post_component}"/></continuousProjection>'
    )


@pytest.mark.parametrize(
    "component",
    [
        '<silentSynapse id="nothing"/>',
        '<Component id="nothing" type="silentSynapse"/>',
        '<gradedSynapse id="nothing" conductance="0 nS" delta="5mV" Vth="0mV" k="1" erev="0mV"/>',
    ],
)
def test_a_component_without_effect_makes_no_connection_back(tmp_path, component):
    found = read(tmp_path, continuous("nothing", "there_exc"), components=component)
    np.testing.assert_array_equal(found.chemical, [[0, 0], [1, 0]])
    np.testing.assert_array_equal(found.signs, [[0, 0], [1, 0]])


def test_the_definition_of_a_component_prevails_over_silent_in_its_id(tmp_path):
    found = read(
        tmp_path,
        continuous("no_silent_synapse", "there_exc"),
        components='<gradedSynapse id="no_silent_synapse" conductance="1nS" erev="-90mV"/>',
    )
    np.testing.assert_array_equal(found.signs, [[0, -1], [1, 0]])
    undefined = read(tmp_path, continuous("silent", "there_exc"))
    np.testing.assert_array_equal(undefined.chemical, [[0, 0], [1, 0]])


@pytest.mark.parametrize("n", [2, 6, 13])
def test_synapses_of_several_connections_count_them(tmp_path, n):
    """c302 multiplies the conductance, and does not write a weight."""
    found = read(tmp_path, continuous("silent", f"neuron_to_neuron_exc_syn_{n}conns"))
    np.testing.assert_array_equal(found.chemical, [[0, 0], [n, 0]])
    gap = (
        '<electricalProjection id="g" presynapticPopulation="AVAL" postsynapticPopulation="DB2">'
        '<electricalConnectionInstance id="0" preCell="../AVAL/0/c" postCell="../DB2/0/c" '
        f'synapse="neuron_to_neuron_elec_syn_{n}conns"/></electricalProjection>'
        f'<synapticConnection from="AVAL[0]" to="DB2[0]" synapse="s_exc_{n}conns"/>'
    )
    components = f'<gapJunction id="neuron_to_neuron_elec_syn_{n}conns" conductance="{n}nS"/>'
    found = read(tmp_path, gap, components=components)
    np.testing.assert_array_equal(found.gap, [[0, n], [n, 0]])
    np.testing.assert_array_equal(found.chemical, [[0, 0], [n, 0]])
    assert found.history == ()


def test_conductances_that_differ_are_in_the_history(tmp_path):
    synapses = "".join(
        f'<expOneSynapse id="{name}" gbase="{base}" erev="0mV" tauDecay="2ms"/>'
        for name, base in (("a", "1nS"), ("b", "5000 pS"), ("c2", "5nS"))
    )
    network = event("a") + event("b", ends=("DB2", "AVAL")) + event("c2")
    found = read(tmp_path, network, components=synapses)
    assert found.history == ("weights: conductances of excitatory synapses not read (1 nS, 5 nS)",)
    alike = read(tmp_path, event("b") + event("c2"), components=synapses)
    assert alike.history == ()


def test_a_gap_junction_without_conductance_is_none(tmp_path):
    components = '<gapJunction id="g" conductance="0 pS"/>'
    found = read(tmp_path, electrical("AVAL", "DB2", 1), components=components)
    assert not found.gap.any()
    assert found.history == ("not read: 1 gap junction without conductance",)


# Names and species.


def populations(*names):
    return "".join(f'<population id="{name}" component="c" size="1"/>' for name in names)


def test_names_of_the_worm_are_canonical(tmp_path):
    found = read(tmp_path, "", populations=populations("AVAL", "DB02", "VD01", "BWM_DL05"))
    assert (found.neurons, found.muscles) == (("AVAL", "DB2", "VD1"), ("MDL05",))
    assert (found.species, found.cells[1].type) == ("C. elegans", "motor")


def test_names_of_other_animals_stay_as_they_are(tmp_path):
    fly = ("DA1", "VA02", "VC1", "VM2", "DL5")
    found = read(tmp_path, "", populations=populations(*fly))
    assert (found.neurons, found.muscles, found.species) == (fly, (), None)
    assert {cell.type for cell in found.cells} == {"unknown"}
    worm = populations("AVAL", "DB02", "MDL05")
    found = read(tmp_path, "", populations=worm, species="Pristionchus pacificus")
    assert found.neurons == ("AVAL", "DB02", "MDL05")
    assert found.species == "Pristionchus pacificus"


def test_two_ids_of_one_cell_are_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"net\.nml: the neurons 'VB1' and 'VB01' are the same"):
        read(tmp_path, "", populations=populations("AVAL", "AVAR", "VB1", "VB01"))


def test_the_species_survives_a_round_trip(tmp_path):
    """The ids of two motor neurons alone do not show it."""
    given = connectome.load("varshney2011").subset("DD1", "DB2")
    found = read_neuroml(export_neuroml(given, tmp_path / "out", level="A").network)
    assert (found.species, found.cells) == ("C. elegans", given.cells)


# Unequal gap junctions.


@pytest.mark.parametrize(("rule", "weight"), [("larger", 2), ("mean", 1.5)])
def test_unequal_gap_junctions_by_the_rule_of_the_caller(tmp_path, rule, weight):
    network = electrical("I2L", "M1", 2) + electrical("M1", "I2L", 1)
    populations = '<population id="I2L" component="c" size="1"/>'
    populations += '<population id="M1" component="c" size="1"/>'
    found = read(tmp_path, network, populations=populations, unequal_gap=rule)
    np.testing.assert_array_equal(found.gap, [[0, weight], [weight, 0]])
    assert found.history == (f"unequal gap junctions take the {rule} weight (1)",)
    with pytest.raises(ValueError, match=r"I2L and M1 .* Choose unequal_gap='larger'"):
        read(tmp_path, network, populations=populations)


def test_a_gap_junction_that_is_listed_once_has_its_weight(tmp_path):
    found = read(tmp_path, electrical("AVAL", "DB2", 3), unequal_gap="mean")
    np.testing.assert_array_equal(found.gap, [[0, 3], [3, 0]])
    assert found.history == ()


# Included files.


def test_latin_1_channels_do_not_hinder(tmp_path):
    (tmp_path / "k.channel.nml").write_bytes(
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{HEAD}<notes>Müller</notes></neuroml>'.encode(
            "latin-1"
        )
    )
    (tmp_path / "bad.nml").write_text(f"<!DOCTYPE a>{HEAD}</neuroml>")
    names = ("k.channel.nml", "none.nml", "bad.nml", "../cells/c.nml", "net.nml.h5")
    includes = "".join(f'<include href="{name}"/>' for name in names)
    found = read(tmp_path, event("exc"), components=includes)
    assert found.chemical.sum() == 1
    assert "k.channel.nml" not in found.source.left_out
    for text in (
        "included file not read: none.nml (missing)",
        "bad.nml",
        "<!DOCTYPE",
        "../cells/c.nml",
        "outside",
        "net.nml.h5",
    ):
        assert text in found.source.left_out


def test_many_missing_cells_are_counted(tmp_path):
    includes = "".join(f'<include href="cells/{i}.cell.nml"/>' for i in range(302))
    left_out = read(tmp_path, event("exc"), components=includes).source.left_out
    assert left_out.endswith("cells/4.cell.nml (missing), 297 more included files not read")


def test_synapses_of_included_files_give_the_sign(tmp_path):
    (tmp_path / "synapses.nml").write_text(
        f'{HEAD}<expOneSynapse id="s" gbase="1nS" erev="-80mV"/></neuroml>'
    )
    (tmp_path / "lems.xml").write_text('<Lems><neuronSynapse id="t" erev="0mV"/></Lems>')
    includes = '<include href="synapses.nml"/><include href="lems.xml"/>'
    found = read(tmp_path, event("s") + event("t", ends=("DB2", "AVAL")), components=includes)
    np.testing.assert_array_equal(found.signs, [[0, 1], [-1, 0]])


def test_the_network_of_the_file_itself_prevails(tmp_path):
    """Files are included for their channels too, and some of these have a network."""
    part = f'{HEAD}<network id="part"><population id="x" component="c" size="1"/></network>'
    (tmp_path / "part.nml").write_text(f"{part}</neuroml>")
    found = read(tmp_path, event("exc"), components='<include href="part.nml"/>')
    assert found.neurons == ("AVAL", "DB2")
    assert found.history == ("not read: 1 network of an included file: part",)


def test_a_file_that_is_included_twice_is_read_once(tmp_path):
    (tmp_path / "net.part.nml").write_text(f'{HEAD}<network id="n">{PAIR}</network></neuroml>')
    for name in "ab":
        (tmp_path / f"{name}.nml").write_text(f'{HEAD}<include href="net.part.nml"/></neuroml>')
    path = tmp_path / "outer.nml"
    path.write_text(f'{HEAD}<include href="a.nml"/><include href="b.nml"/></neuroml>')
    assert read_neuroml(path).neurons == ("AVAL", "DB2")


def test_a_network_in_latin_1(tmp_path):
    path = tmp_path / "net.nml"
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>{HEAD}<network id="n"><notes>é</notes>'
    path.write_bytes(f"{text}{PAIR}{event('exc')}</network></neuroml>".encode("latin-1"))
    assert read_neuroml(path).chemical.sum() == 1


def test_a_simulation_file_names_its_network(tmp_path):
    path = tmp_path / "LEMS_x.xml"
    path.write_text('<Lems><Include file="cells.xml"/><Include file="x.net.nml"/></Lems>')
    with pytest.raises(ValueError, match=r"simulation of x\.net\.nml; read that file"):
        read_neuroml(path)
