"""Cells of level C1: one compartment with the channels of Boyle and Cohen.

Kinetics: Boyle and Cohen (2008), BioSystems 94:170, as in OpenWorm's muscle_model, where
the f gate of the calcium channel closes with depolarization; densities: c302, parameters C. The
block of that channel by calcium (at most 28 % of its conductance) is omitted, as NeuroML 2 does
not have such a gate.
"""

from xml.etree.ElementTree import Element

from isochron.sims.neuroml.xml import element, quantity

# channel -> ion, reversal (mV), gates: (id, instances, time constant ms, midpoint mV, scale mV)
_CHANNELS = {
    "k_slow": ("k", -60.0, (("n", 1, 25.0, 19.9, 15.9),)),
    "k_fast": (
        "k",
        -60.0,
        (("p", 4, 2.25518, -8.05232, 7.42636), ("q", 1, 149.963, -15.6456, -9.97468)),
    ),
    "ca_boyle": ("ca", 40.0, (("e", 2, 0.1, -3.4, 6.7), ("f", 1, 151.0, 25.2, -5.0))),
}
_LEAK = "leak_channel"
_DENSITIES = {  # mS/cm2: neuron, muscle
    _LEAK: (0.005, 5e-4),
    "k_slow": (3.0, 0.6),
    "k_fast": (0.0711643917483308, 0.1),
    "ca_boyle": (3.0, 0.7),
}
_DIAMETER_UM, _MUSCLE_LENGTH_UM = 5.0, 20.0


def hodgkin_huxley_cells(neuron: str, muscle: str) -> tuple[list[Element], list[Element]]:
    """Channels, and a cell with each of the two ids: a sphere and a cylinder of 5 µm."""
    leak = element("ionChannelHH", id=_LEAK, conductance="10.0 pS")
    channels = [leak, *(_channel(name) for name in _CHANNELS)]
    return channels, [_cell(neuron, 0, 0.0), _cell(muscle, 1, _MUSCLE_LENGTH_UM)]


def _channel(name: str) -> Element:
    ion, _, gates = _CHANNELS[name]
    return element(
        "ionChannelHH",
        *(_gate(*gate) for gate in gates),
        id=name,
        conductance="10.0 pS",
        species=ion,
    )


def _gate(name: str, instances: int, tau: float, midpoint: float, scale: float) -> Element:
    return element(
        "gateHHtauInf",
        element("timeCourse", type="fixedTimeCourse", tau=quantity(tau, "ms")),
        element(
            "steadyState",
            type="HHSigmoidVariable",
            rate=1.0,
            midpoint=quantity(midpoint, "mV"),
            scale=quantity(scale, "mV"),
        ),
        id=name,
        instances=instances,
    )


def _cell(name: str, which: int, length: float) -> Element:
    segment = element(
        "segment",
        element("proximal", x=0.0, y=0.0, z=0.0, diameter=_DIAMETER_UM),
        element("distal", x=0.0, y=length, z=0.0, diameter=_DIAMETER_UM),
        id=0,
        name="soma",
    )
    membrane = element(
        "membraneProperties",
        *(_density(channel, values[which]) for channel, values in _DENSITIES.items()),
        element("spikeThresh", value="-20.0 mV"),
        element("specificCapacitance", value="1.0 uF_per_cm2"),
        element("initMembPotential", value="-45.0 mV"),
    )
    inside = element("intracellularProperties", element("resistivity", value="0.1 kohm_cm"))
    return element(
        "cell",
        element("morphology", segment, id=f"morphology_{name}"),
        element("biophysicalProperties", membrane, inside, id=f"biophysics_{name}"),
        id=name,
    )


def _density(channel: str, density: float) -> Element:
    ion, reversal = ("non_specific", -50.0) if channel == _LEAK else _CHANNELS[channel][:2]
    return element(
        "channelDensity",
        id=f"{channel}_all",
        ionChannel=channel,
        condDensity=quantity(density, "mS_per_cm2"),
        erev=quantity(reversal, "mV"),
        ion=ion,
    )
