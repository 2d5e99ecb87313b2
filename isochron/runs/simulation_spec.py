"""Specification of a simulation, saved with the run so that it can be continued."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import xarray as xr

from isochron import sims
from isochron.connectome import SIGN_RULES, Connectome
from isochron.files import DataFileError
from isochron.runs.ablation import check_not_ablated
from isochron.runs.datasets import is_file_name, open_connectome

ATTRIBUTE = "simulation_spec"


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationSpec:
    """A connectome, a model and its currents.

    Attributes
    ----------
    dataset : str
        A data set or a file; see `open_connectome`.
    model : str
        One of `isochron.sims.MODELS`.
    signs : str, optional
        A sign rule; the one that signed the connectome, or ``gaba``, by default.
    ablate : tuple of str
        Neurons, classes, types or patterns that are omitted.
    currents : tuple of (str, float)
        Constant currents, pA, into neurons, classes, types or patterns.
    table : str, optional
        A .csv file of further currents over time.
    dataset_sha256 : str
        Digest of the connectome of a file, to find a file that was changed; or empty.

    Raises
    ------
    ValueError
        If model or sign rule is not known.

    Examples
    --------
    >>> from isochron.runs.simulation_spec import SimulationSpec
    >>> spec = SimulationSpec(dataset="varshney2011", ablate=("AVA",), currents=(("PLM", 500.0),))
    >>> spec.network().dimension  # V and s of 277 neurons
    554
    """

    dataset: str
    model: str = "graded"
    signs: str | None = None
    ablate: tuple[str, ...] = ()
    currents: tuple[tuple[str, float], ...] = ()
    table: str | None = None
    dataset_sha256: str = ""

    def __post_init__(self) -> None:
        sims.MODELS.check(self.model)
        if self.signs is not None:
            SIGN_RULES.check(self.signs)

    @property
    def is_graded(self) -> bool:
        """Whether the model is a `GradedNetwork`."""
        return sims.MODELS.load(self.model) is sims.GradedNetwork

    def connectome(self) -> Connectome:
        """The connectome, without the omitted neurons.

        Raises
        ------
        DataFileError
            If its file has been changed since the run was made.
        """
        connectome = self._whole()
        return connectome.ablate(*self.ablate) if self.ablate else connectome

    def _whole(self) -> Connectome:
        """The connectome with all its neurons."""
        connectome = open_connectome(self.dataset)
        if self.dataset_sha256 and self.dataset_sha256 != connectome.source.content_sha256:
            raise DataFileError(
                f"{self.dataset} has been changed since the run was made. Restore it, or simulate "
                "again."
            )
        return connectome

    def stimulus(self) -> sims.Stimulus:
        """All currents together.

        Raises
        ------
        ValueError
            If one flows into neurons that do not exist, or that are ablated.
        """
        if self.currents:
            self._check_stimulated(name for name, _ in self.currents)
        total = self._tabulated(self.table) if self.table else sims.Stimulus()
        for name, amplitude in self.currents:
            total += sims.step_current([name], amplitude_pA=amplitude)
        return total

    def _tabulated(self, path: str) -> sims.Stimulus:
        stimulus = sims.load_current(path)
        try:
            self._check_stimulated(name for part in stimulus.parts for name in part.neurons)
        except ValueError as error:
            raise DataFileError(f"{path}: {error}") from error
        return stimulus

    def _check_stimulated(self, names: Iterable[str]) -> None:
        check_not_ablated(self._whole(), self.ablate, names, what="stimulated")

    def network(self) -> Any:
        """The model on the connectome: a GradedNetwork or a SpikingNetwork."""
        signs = None if self.signs is None else SIGN_RULES.load(self.signs)
        network, parameters = sims.MODELS.load(self.model), sims.MODELS.load_settings(self.model)
        return network(self.connectome(), parameters, signs=signs)


def describe_model(spec: SimulationSpec, network: Any) -> str:
    """Model, connectome and number of state variables in words."""
    return f"{spec.model} model of {network.connectome.name}, {network.dimension} dimensions"


def write_simulation_spec(spec: SimulationSpec, run: xr.Dataset) -> xr.Dataset:
    """A run that carries its specification."""
    if is_file_name(spec.dataset):
        digest = open_connectome(spec.dataset).source.content_sha256
        spec = replace(spec, dataset_sha256=digest)
    return run.assign_attrs({ATTRIBUTE: json.dumps(asdict(spec))})


def read_simulation_spec(run: xr.Dataset) -> SimulationSpec:
    """The specification that a run carries.

    Raises
    ------
    ValueError
        If it does not have one, or one of a different form.
    """
    if ATTRIBUTE not in run.attrs:
        raise ValueError(
            "This run does not state its model and currents; isochron simulate writes them."
        )
    try:
        values = json.loads(run.attrs[ATTRIBUTE])
        values["currents"] = tuple((str(n), float(pA)) for n, pA in values["currents"])
        values["ablate"] = tuple(map(str, values["ablate"]))
        values.setdefault("dataset_sha256", "")  # of runs of earlier versions
        return SimulationSpec(**{item.name: values[item.name] for item in fields(SimulationSpec)})
    except (TypeError, KeyError, RecursionError, json.JSONDecodeError) as error:
        raise ValueError(f"The specification of this run is damaged: {error!r}.") from error
