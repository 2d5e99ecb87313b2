"""export_neuroml(): a connectome to a folder of NeuroML that runs."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isochron.connectome import Connectome
from isochron.connectome.signs import say, signed
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
    """What was written.

    Attributes
    ----------
    folder : Path
    network : Path
        The NeuroML 2 document.
    simulation : Path
        The LEMS file that runs it: ``pynml LEMS_….xml``.
    level : str
        One of `LEVELS`.
    n_neurons, n_muscles, n_projections : int
        Populations of either kind, and connected pairs.
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
    """What `export_neuroml` writes.

    Attributes
    ----------
    level, muscles, duration_s, step_ms
        As in `ExportSettings`.
    parameters : GradedParameters
        Constants of level graded.

    Raises
    ------
    ValueError
        If there is no such level, or a number is out of range.
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

    The same call writes the same bytes. Populations are called after their cells; where a
    name has other characters than letters and digits, its property ``name`` holds it.
    Signalling without synapses (monoamines, peptides) has no place in NeuroML and is left
    out, with a warning.

    Parameters
    ----------
    connectome : Connectome
        Any connectome. Signed by `gaba_inhibitory` if it has no signs.
    folder : str or path
        A new folder.
    settings : NeuroMLSettings, optional
        Or its fields as keywords: level, parameters, muscles, duration_s, step_ms.
    stimulus : Stimulus, optional
        Constant and sinusoidal currents, steps that jump, and pulses.
    force : bool
        Replace a folder that holds an export, and nothing else.

    Raises
    ------
    ValueError
        If there is no such level, a number is out of range, the stimulus has another form
        than NeuroML can hold, or the folder exists.
    OSError
        If it cannot be written; then nothing is left behind.
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
    _write_folder(folder, files, replace=force)
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
    """Log layers that have no place in NeuroML."""
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
            raise ValueError(f"{folder} is not replaced: {path.name} in it is no NeuroML export.")


def _write_folder(folder: Path, files: Mapping[str, bytes], *, replace: bool) -> None:
    """Write all files or none: into a folder beside it, which then takes the name."""
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        new, old = part / "new", part / "old"
        new.mkdir()
        for name, content in files.items():
            (new / name).write_bytes(content)
        if replace and folder.exists():
            os.rename(folder, old)
        try:
            os.rename(new, folder)
        except OSError:
            if old.exists():
                os.rename(old, folder)
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
