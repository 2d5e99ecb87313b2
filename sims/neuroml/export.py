"""export_neuroml(): from a connectome to a folder of NeuroML files that a simulator runs."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isochron.connectome import Connectome
from isochron.connectome.signs import say, signed
from isochron.files import write_bytes
from isochron.folders import WAIT_S, new_version
from isochron.locks import locked
from isochron.settings import settings_from
from isochron.sims.graded import GRADED_INTERACTOME, GradedNetwork, GradedParameters
from isochron.sims.neuroml.components import (
    Components,
    graded_components,
    hodgkin_huxley_components,
    integrate_and_fire_components,
)
from isochron.sims.neuroml.files import model_files
from isochron.sims.neuroml.ids import cell_ids, file_stem
from isochron.sims.neuroml.network import NetworkDocument
from isochron.sims.neuroml.settings import ExportSettings
from isochron.sims.spiking.parameters import C302_A, C302_B
from isochron.sims.stimuli import Stimulus

_OURS = re.compile(r"LEMS_.*\.xml|.*\.(net\.nml|components\.xml|dat|spikes)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuroMLExport:
    """Files and sizes of an export; result of `export_neuroml`.

    Attributes
    ----------
    folder : Path
        Folder that was written.
    network : Path
        NeuroML 2 document.
    simulation : Path
        LEMS file that simulates it: ``pynml LEMS_….xml``.
    level : str
        Model, one of `LEVELS`.
    n_neurons, n_muscles, n_projections : int
        Numbers of populations of either kind, and of connected pairs.

    Examples
    --------
    >>> graph = connectome.load("varshney2011").subset("AVA", "PVC", "PLM")
    >>> export = sims.export_neuroml(graph, "circuit", muscles=False)
    >>> export.n_neurons, export.n_muscles, export.n_projections
    (6, 0, 22)
    >>> export.network.name
    'varshney2011.net.nml'
    """

    folder: Path
    network: Path
    simulation: Path
    level: str
    n_neurons: int
    n_muscles: int
    n_projections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuroMLSettings(ExportSettings):
    """Settings of `export_neuroml`.

    Attributes
    ----------
    level, muscles, duration_s, step_ms
        As in `ExportSettings`.
    parameters : GradedParameters
        Constants of level graded.

    Raises
    ------
    ValueError
        If the level does not exist, or a number is out of range.

    Examples
    --------
    >>> from isochron.sims import neuroml
    >>> settings = neuroml.NeuroMLSettings(parameters=sims.GRADED_KUNERT2014, duration_s=2)
    >>> settings.level, settings.parameters.capacitance, settings.step_ms
    ('graded', 1.0, 0.05)
    """

    parameters: GradedParameters = GRADED_INTERACTOME


def export_neuroml(
    connectome: Connectome,
    folder: str | os.PathLike,
    settings: NeuroMLSettings | None = None,
    *,
    stimulus: Stimulus | None = None,
    force: bool = False,
    **fields: Any,
) -> NeuroMLExport:
    """Write a connectome as NeuroML 2, with a LEMS file that simulates it.

    The same call writes the same bytes. The id of a population is the name of its cell; where
    a name has characters other than letters and digits, the property ``name`` contains it.
    NeuroML cannot represent extrasynaptic signaling (monoamines, peptides), which is omitted
    with a warning.

    Parameters
    ----------
    connectome : Connectome
        Any connectome. Signed by `gaba_inhibitory` if it does not have signs.
    folder : path-like
        Folder to create.
    settings : NeuroMLSettings, optional
        Settings, if they are not given as keywords.
    stimulus : Stimulus, optional
        Input: constant and sinusoidal currents, steps without rise, and pulses.
    force : bool
        Whether an existing folder is replaced; it must contain an export and nothing else.
    **fields
        Fields of `NeuroMLSettings` as keywords: level, parameters, muscles, duration_s, step_ms.

    Returns
    -------
    NeuroMLExport
        Paths of the files, and sizes.

    Raises
    ------
    ValueError
        If the level does not exist, a number is out of range, NeuroML cannot represent the
        stimulus, or the folder exists.
    OSError
        If it cannot be written; nothing is then left at `folder`.

    Examples
    --------
    A circuit, its files, and the circuit that is read back:

    >>> graph = connectome.load("varshney2011").subset("AVA", "PVC", "PLM")
    >>> export = sims.export_neuroml(graph, "circuit", muscles=False)
    >>> sorted(path.name for path in export.folder.iterdir())
    ['LEMS_varshney2011.xml', 'varshney2011.components.xml', 'varshney2011.net.nml']
    >>> back = sims.read_neuroml(export.network)
    >>> np.array_equal(back.chemical, graph.chemical), back.neurons == graph.neurons
    (True, True)
    """
    given = settings_from(NeuroMLSettings, settings, fields)
    level = given.level
    folder, stimulus = Path(folder), stimulus or Stimulus()
    _check_target(folder, force)
    connectome = signed(connectome)
    ids = cell_ids([*connectome.neurons, *(connectome.muscles if given.muscles else ())])
    n = len(connectome.neurons)
    neuron_ids, muscle_ids = ids[:n], ids[n:]
    if level == "graded":
        network = GradedNetwork(connectome, given.parameters)
        state = network.equilibrium(stimulus)
        components = graded_components(
            network, neuron_ids, muscle_ids, thresholds=state[:n], initial_state=state
        )
    else:
        components = _c302_components(level, n, len(muscle_ids))
    document = NetworkDocument(connectome, neuron_ids, muscle_ids, components)
    files = model_files(
        document,
        stimulus,
        stem=file_stem(connectome.name),
        level=level,
        duration_ms=1e3 * given.duration_s,
        step_ms=given.step_ms,
    )
    _write_folder(folder, files, force=force)
    _say_what_is_lost(connectome, folder)
    stem = file_stem(connectome.name)
    onto = (connectome.neuromuscular > 0).sum() if muscle_ids else 0
    gap_pairs = ((connectome.gap > 0).sum() + (connectome.gap.diagonal() > 0).sum()) // 2
    return NeuroMLExport(
        folder=folder,
        network=folder / f"{stem}.net.nml",
        simulation=folder / f"LEMS_{stem}.xml",
        level=level,
        n_neurons=n,
        n_muscles=len(muscle_ids),
        n_projections=int((connectome.chemical > 0).sum() + gap_pairs + onto),
    )


def _say_what_is_lost(connectome: Connectome, folder: Path) -> None:
    """Log layers that NeuroML cannot represent."""
    if lost := [layer for layer in connectome.layers if layer in connectome.extrasynaptic]:
        say([f"{folder} does not contain these layers of {connectome.name}: {', '.join(lost)}."])


def _c302_components(level: str, n_neurons: int, n_muscles: int) -> Components:
    if level == "C1":
        return hodgkin_huxley_components(n_neurons, n_muscles)
    parameters = {"A": C302_A, "B": C302_B}[level]
    return integrate_and_fire_components(parameters, n_neurons, n_muscles)


def _check_target(folder: Path, force: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not force:
        raise ValueError(f"{folder} exists; choose a new folder, or force to replace it.")
    if not folder.is_dir() or folder.is_symlink():
        raise ValueError(f"{folder} is not a folder.")
    for path in sorted(folder.iterdir()):
        if path.is_dir() or not _OURS.fullmatch(path.name):
            raise ValueError(f"{folder} is not replaced: {path.name} is not of a NeuroML export.")


def _write_folder(folder: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Write all files or none."""
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder, WAIT_S):
        _check_target(folder, force)  # again: a second process may have written it
        with new_version(folder) as new:
            for name, content in files.items():
                write_bytes(new / name, content)
