"""The NeuroML document of a connectome: populations, projections, inputs."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import numpy as np

from isochron._version import __version__
from isochron.connectome import Connectome, gaba_neurons
from isochron.connectome.cells import cells_of
from isochron.connectome.importers.cell_text import write_cells
from isochron.connectome.importers.stated import NOT_KNOWN
from isochron.connectome.names import infer_species
from isochron.sims.neuroml.components import GAP_JUNCTION, SILENT, Components
from isochron.sims.neuroml.ids import document_id
from isochron.sims.neuroml.inputs import generators
from isochron.sims.neuroml.xml import NEUROML_NAMESPACE, element
from isochron.sims.stimuli import Stimulus

NETWORK = "wired_network"


class NetworkDocument:
    """A connectome with components, as elements of NeuroML 2.

    Parameters
    ----------
    connectome : Connectome
        Connectome with signs; a connection without a sign is written without effect. The
        `gaba_neurons` inhibit muscles, all others excite them.
    neuron_ids, muscle_ids : tuple of str
        Ids of the populations; muscles are omitted if they do not have ids.
    components : Components
        Components of the cells and synapses.
    """

    def __init__(
        self,
        connectome: Connectome,
        neuron_ids: tuple[str, ...],
        muscle_ids: tuple[str, ...],
        components: Components,
    ) -> None:
        self.connectome = connectome
        self.components = components
        self.neuron_ids, self.muscle_ids = neuron_ids, muscle_ids

    @property
    def cell_paths(self) -> list[str]:
        """Path of each cell in LEMS: neurons, then muscles."""
        ids = (*self.neuron_ids, *self.muscle_ids)
        kinds = (*self.components.neurons, *self.components.muscles)
        return [f"{name}/0/{kind}" for name, kind in zip(ids, kinds, strict=False)]

    def root(self, stimulus: Stimulus, *, level: str, duration_ms: float) -> Element:
        """The whole document; inputs last as long as the simulation."""
        sources, input_lists = self._inputs(stimulus, duration_ms)
        chemical, gap = list(self._chemical()), list(self._gap())
        # The order of the schema: event-driven, electrical, continuous projections.
        projections = gap + chemical if self.components.continuous else chemical + gap
        return element(
            "neuroml",
            *self._properties(level),
            *self.components.standard,
            *sorted(sources, key=lambda source: source.tag),
            element(
                "network",
                *self._populations(),
                *projections,
                *input_lists,
                id=NETWORK,
            ),
            xmlns=NEUROML_NAMESPACE,
            id=document_id(self.connectome.name),
        )

    def _properties(self, level: str) -> Iterator[Element]:
        connectome = self.connectome
        facts = {
            "dataset": connectome.name,
            "dataset_sha256": connectome.source.content_sha256,
            "history": "; ".join(connectome.history),
            "weight_unit": connectome.source.weight_unit,
            "level": level,
            "isochron_version": __version__,
        }
        names = (*connectome.neurons, *connectome.muscles)
        if connectome.species != infer_species(names) or connectome.species:
            facts["species"] = connectome.species or NOT_KNOWN
        known = cells_of(connectome.neurons, of_the_worm=connectome.is_worm)
        if told := write_cells(connectome.cells, known):
            facts["cells"] = told
        for tag, value in facts.items():
            yield element("property", tag=tag, value=value)

    def _populations(self) -> Iterator[Element]:
        positions = [cell.position for cell in self.connectome.cells]
        neurons = zip(self.neuron_ids, self.connectome.neurons, positions, strict=True)
        for (name, label, place), kind in zip(neurons, self.components.neurons, strict=True):
            yield _population(name, label, "neuron", kind, place)
        for name, label, kind in zip(
            self.muscle_ids, self.connectome.muscles, self.components.muscles, strict=False
        ):
            yield _population(name, label, "muscle", kind, None)

    def _chemical(self) -> Iterator[Element]:
        """Projections between neurons and onto muscles, event-driven or continuous."""
        signs = self.connectome.signs
        if signs is None:
            raise ValueError(
                f"{self.connectome.name} does not have signs; use connectome.with_signs(rule)."
            )
        c = self.components
        layers = [("chemical", self.connectome.chemical, signs, self.neuron_ids, c.neurons)]
        if self.muscle_ids:
            onto = np.where(np.isin(self.connectome.neurons, gaba_neurons(self.connectome)), -1, 1)
            weights = self.connectome.neuromuscular
            onto = np.broadcast_to(onto, weights.shape)
            layers.append(("neuromuscular", weights, onto, self.muscle_ids, c.muscles))
        connect = _continuous if c.continuous else _event
        for layer, weights, sign, posts, post_cells in layers:
            for post, pre in np.argwhere(weights):
                yield connect(
                    layer,
                    (self.neuron_ids[pre], c.neurons[pre]),
                    (posts[post], post_cells[post]),
                    c.synapse(int(pre), int(sign[post, pre])),
                    float(weights[post, pre]),
                )

    def _gap(self) -> Iterator[Element]:
        """Gap junctions, each pair once; that of a cell with itself does not carry a current."""
        cells = tuple(zip(self.neuron_ids, self.components.neurons, strict=True))
        for i, j in np.argwhere(np.triu(self.connectome.gap)):
            connection = element(
                "electricalConnectionInstanceW",
                id=0,
                preCell=_instance(*cells[i]),
                postCell=_instance(*cells[j]),
                synapse=GAP_JUNCTION,
                weight=float(self.connectome.gap[i, j]),
            )
            ends = self.neuron_ids[i], self.neuron_ids[j]
            yield _projection("electricalProjection", "gap", *ends, connection)

    def _inputs(self, stimulus: Stimulus, duration_ms: float) -> tuple[list, list]:
        """Generators of currents, and lists of the cells into which they flow."""
        sources, lists = [], []
        for part in stimulus.parts:
            targets = self.connectome.index(self.connectome.select(*part.neurons))
            for source in generators(part, duration_ms):
                source.set("id", f"input_{len(sources)}")
                sources.append(source)
                lists += [self._input_list(source.get("id"), i) for i in targets]
        return sources, lists

    def _input_list(self, source: str | None, i: int) -> Element:
        name = self.neuron_ids[i]
        where = _instance(name, self.components.neurons[i])
        target = element("input", id=0, target=where, destination="synapses")
        return element(
            "inputList", target, id=f"{source}_{name}", component=source, population=name
        )


def _continuous(layer, pre, post, synapse, weight) -> Element:
    connection = element(
        "continuousConnectionInstanceW",
        id=0,
        preCell=_instance(*pre),
        postCell=_instance(*post),
        preComponent=SILENT,
        postComponent=synapse,
        weight=weight,
    )
    return _projection("continuousProjection", layer, pre[0], post[0], connection)


def _event(layer, pre, post, synapse, weight) -> Element:
    connection = element(
        "connectionWD",
        id=0,
        preCellId=_instance(*pre),
        postCellId=_instance(*post),
        weight=weight,
        delay="0.0 ms",
    )
    return _projection("projection", layer, pre[0], post[0], connection, synapse=synapse)


def _population(name, label, role, kind, place) -> Element:
    where = place or (0.0, 0.0, 0.0)
    properties = [element("property", tag="name", value=label)]
    properties.append(element("property", tag="role", value=role))
    if place is None:
        properties.append(element("property", tag="position", value="unknown"))
    location = element("location", **dict(zip("xyz", map(float, where), strict=True)))
    instance = element("instance", location, id=0)
    return element(
        "population",
        *properties,
        instance,
        id=name,
        component=kind,
        type="populationList",
        size=1,
    )


def _projection(kind, layer, pre, post, connection, **more) -> Element:
    return element(
        kind,
        connection,
        id=f"{layer}_{pre}_{post}",
        presynapticPopulation=pre,
        postsynapticPopulation=post,
        **more,
    )


def _instance(population: str, component: str) -> str:
    return f"../{population}/0/{component}"
