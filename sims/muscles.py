"""Body-wall muscles under the output of the neurons: activation and bending.

Each muscle follows its drive with one time constant (Boyle, Berri and Cohen, 2012):

    dA_m/dt = (u_m(t) - A_m) / tau,    u_m = gain * sum_j M_mj y_j

where y_j is the output of neuron j and M the signed, usually normalized, neuromuscular
matrix. Nothing is rectified: where inhibition prevails, the activation is negative.
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.arguments import require_instance
from isochron.connectome import Connectome, available, cells, gaba_neurons, load, muscles
from isochron.connectome.model import check_connectome
from isochron.connectome.signs import gaba_inhibitory, say
from isochron.real_numbers import require_real
from isochron.sims.muscle_parameters import BOYLE2012, MuscleParameters
from isochron.wording import counted

Array = np.ndarray


def neuromuscular_matrix(
    connectome: Connectome,
    *,
    normalized: bool = True,
    inhibitory: Collection[str] | None = None,
) -> xr.DataArray:
    """Signed weights from neurons onto the body-wall muscles of a connectome.

    Parameters
    ----------
    connectome : Connectome
        Connectome of C. elegans in which the body-wall muscles are single cells.
    normalized : bool
        Whether the absolute weights onto each muscle add up to 1.
    inhibitory : collection of str, optional
        Neurons that relax the muscles they reach; `connectome.gaba_neurons` by default. Cells
        of the worm that the connectome lacks are allowed.

    Returns
    -------
    xarray.DataArray, shape (n_muscles, n_neurons)
        Weights (muscle, neuron), with `quadrant` and `row` along muscle.

    Raises
    ------
    ValueError
        If the connectome does not distinguish the body-wall muscles, is not of C. elegans, or a
        name in `inhibitory` is unknown.

    Examples
    --------
    Inputs of a ventral muscle: VA3 and VB2 are cholinergic, VD3 is GABAergic.

    >>> worm = connectome.load("cook2019-hermaphrodite")
    >>> matrix = sims.neuromuscular_matrix(worm)
    >>> inputs = matrix.sel(muscle="MVL10")
    >>> inputs.sel(neuron=["VA3", "VB2", "VD3"]).values.round(3)
    array([ 0.177,  0.065, -0.097])
    >>> print(abs(inputs).values.sum().round(6))
    1.0
    """
    check_connectome(connectome)
    table = muscles() if connectome.is_worm else {}
    places = [i for i, name in enumerate(connectome.muscles) if name in table and table[name].row]
    if not places:
        raise ValueError(_no_muscles(connectome))
    names = [connectome.muscles[i] for i in places]
    weights = connectome.neuromuscular[places].astype(float)
    if normalized:
        total = weights.sum(axis=1, keepdims=True)
        weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    signs = np.where(np.isin(connectome.neurons, _inhibitory(connectome, inhibitory)), -1.0, 1.0)
    return xr.DataArray(
        weights * signs,
        dims=("muscle", "neuron"),
        coords={
            "muscle": names,
            "neuron": list(connectome.neurons),
            "quadrant": ("muscle", [table[name].quadrant for name in names]),
            "row": ("muscle", [table[name].row for name in names]),
        },
        attrs={"units": "1" if normalized else connectome.source.weight_unit},
    )


def _inhibitory(connectome: Connectome, given: Collection[str] | None) -> list[str]:
    """Names of the neurons that relax muscles, as the connectome writes them."""
    if given is None:
        say(gaba_inhibitory.remarks(connectome))
        return list(gaba_neurons(connectome))
    names = [connectome.name_of(name) for name in given]
    connectome.index(name for name in names if name not in cells())
    return names


def _no_muscles(connectome: Connectome) -> str:
    if not connectome.is_worm:
        return (
            f"The species of {connectome.name} is {connectome.species or 'not given'}; body-wall "
            "muscles are known of C. elegans only. State species='C. elegans' if it is one."
        )
    single = {name for name, muscle in muscles().items() if muscle.row}
    able = [name for name in available() if not single.isdisjoint(load(name).muscles)]
    shown_muscles = ", ".join(connectome.muscles[:4]) or "none"
    return (
        f"{connectome.name} does not distinguish the body-wall muscles (its muscles: "
        f"{shown_muscles}). Data sets that do: {', '.join(able)}."
    )


def simulate_muscles(
    output: xr.DataArray,
    connectome: Connectome,
    parameters: MuscleParameters = BOYLE2012,
    *,
    inhibitory: Collection[str] | None = None,
    initial: Any = None,
) -> xr.Dataset:
    """Activation of the body-wall muscles under the output of the neurons.

    The update is exact for an output that is linear between its samples.

    Parameters
    ----------
    output : xarray.DataArray, shape (n_times, n_neurons)
        Output (time, neuron), times in ms: the activations ``s`` of a graded run or the rates of
        a spiking one. It must contain every neuron of the connectome that reaches a muscle.
    connectome : Connectome
        Connectome in which the body-wall muscles are single cells. It may differ from the
        connectome of the run.
    parameters : MuscleParameters
        Time constant, gain and normalization.
    inhibitory : collection of str, optional
        Neurons that relax muscles, as in `neuromuscular_matrix`.
    initial : array_like, shape (n_muscles,), optional
        Activation at the first time; by default the drive there, which is the stationary value.

    Returns
    -------
    xarray.Dataset
        ``activation`` and ``drive`` (time, muscle), ``quadrant`` and ``row`` along muscle.

    Raises
    ------
    ValueError
        If the connectome does not have single muscles, a neuron is missing from the output or in it
        twice, or the output is not finite, not in the order of time or in a unit of potential.
    TypeError
        If the output is not a DataArray.

    Examples
    --------
    Under a constant output, relaxed muscles approach their drive as 1 - exp(-t / 100 ms):

    >>> import xarray as xr
    >>> worm = connectome.load("cook2019-hermaphrodite")
    >>> output = xr.DataArray(
    ...     np.ones((3, 302)), dims=("time", "neuron"),
    ...     coords={"time": [0.0, 100.0, 200.0], "neuron": list(worm.neurons)},
    ... )
    >>> run = sims.simulate_muscles(output, worm, initial=np.zeros(95))
    >>> (run.activation / run.drive).sel(muscle="MDL10").values.round(4)
    array([0.    , 0.6321, 0.8647])
    """
    matrix = neuromuscular_matrix(
        connectome, normalized=parameters.normalized, inhibitory=inhibitory
    )
    times, values = _checked_output(output, matrix, connectome)
    drive = parameters.gain * values @ matrix.values[:, _reaching(matrix)].T
    require_real("initial", initial)
    first = drive[0] if initial is None else np.asarray(initial, dtype=float)
    if first.shape != drive[0].shape or not np.isfinite(first).all():
        raise ValueError(
            f"initial must be {drive.shape[1]} finite numbers, one for each muscle, "
            f"got shape {first.shape}."
        )
    activation = _relax_to_linear(times, drive, first, parameters.time_constant)
    return xr.Dataset(
        {
            "activation": (("time", "muscle"), activation, {"units": "1"}),
            "drive": (("time", "muscle"), drive, {"units": "1"}),
        },
        coords={
            "time": ("time", times, {"units": "ms"}),
            **{name: matrix.coords[name] for name in ("muscle", "quadrant", "row")},
        },
        attrs={
            "model": "muscles",
            "dataset": connectome.name,
            "dataset_sha256": connectome.source.content_sha256,
            **{key: float(value) for key, value in asdict(parameters).items()},
            "isochron_version": __version__,
        },
    )


def _reaching(matrix: xr.DataArray) -> Array:
    return np.flatnonzero(np.any(matrix.values != 0, axis=0))


def _checked_output(
    output: xr.DataArray, matrix: xr.DataArray, connectome: Connectome
) -> tuple[Array, Array]:
    """Times, and the outputs of the neurons that reach a muscle, (time, neuron)."""
    if not isinstance(output, xr.DataArray):
        raise TypeError(
            f"The output must be a DataArray, such as run.s, got {type(output).__name__}."
        )
    if set(output.dims) != {"time", "neuron"}:
        raise ValueError(f"The output must have dimensions (time, neuron), got {output.dims}.")
    if output.attrs.get("units") in ("mV", "pA", "V"):
        raise ValueError(
            f"The output is {output.name or 'an array'} in {output.attrs['units']}, but muscles "
            "follow activations or rates. Give run.s."
        )
    if output["time"].attrs.get("units", "ms") != "ms":
        raise ValueError(
            f"The times of the output are in {output['time'].attrs['units']}; give them in ms."
        )
    times = output["time"].values.astype(float)
    if not len(times) or not np.all(np.diff(times) > 0):
        raise ValueError("The times of the output must be one or more and increase.")
    needed = matrix["neuron"].values[_reaching(matrix)]
    labels = map(str, output["neuron"].values)
    names = [connectome.name_of(name) for name in labels]
    position = {name: i for i, name in enumerate(names)}
    if len(position) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The output has two columns for neuron {twice}. Remove one.")
    if missing := [name for name in needed if name not in position]:
        lacking = counted(len(missing), "neuron that reaches", "neurons that reach")
        raise ValueError(
            f"The output lacks {lacking} muscles: {', '.join(missing[:4])}"
            f"{', …' if len(missing) > 4 else ''}. If they are ablated or "
            "not in that connectome, give connectome.ablate(...) or connectome.subset(...) here."
        )
    chosen = [position[name] for name in needed]
    values = output.transpose("time", "neuron").values[:, chosen].astype(float)
    if not np.isfinite(values).all():
        raise ValueError("The output contains values that are not finite.")
    return times, values


def _relax_to_linear(times: Array, drive: Array, first: Array, time_constant: float) -> Array:
    """Solution of tau A' = u - A at the samples, exact if u is linear in between.

    Over h: A(h) = u_1 - r + (A_0 - u_0 + r) exp(-h / tau) with r = tau (u_1 - u_0) / h.
    """
    activation = np.empty_like(drive)
    activation[0] = first
    steps = np.diff(times)[:, None]
    keep = np.exp(-steps / time_constant)
    lag = time_constant / steps * np.diff(drive, axis=0)
    rest = drive[1:] - lag - keep * (drive[:-1] - lag)
    for i in range(len(steps)):
        activation[i + 1] = rest[i] + keep[i] * activation[i]
    return activation


def compute_bending(muscle_run: xr.Dataset) -> xr.DataArray:
    """Dorsal minus ventral activation along the body, left and right averaged.

    To first order the local curvature of the body is proportional to it. A missing muscle (the
    worm does not have VL24) is excluded from the average.

    Parameters
    ----------
    muscle_run : xarray.Dataset
        Result of `simulate_muscles`.

    Returns
    -------
    xarray.DataArray, shape (n_times, n_rows)
        Bending (time, row), positive to the dorsal side. Rows from 1 at the head to at most 24
        at the tail: those that have both a dorsal and a ventral muscle.

    Raises
    ------
    TypeError
        If `muscle_run` is not a Dataset.
    ValueError
        If it is not of `simulate_muscles`.

    Examples
    --------
    If only the DB neurons are active, which reach dorsal muscles, the worm bends to the dorsal
    side, but not at the head:

    >>> import xarray as xr
    >>> worm = connectome.load("cook2019-hermaphrodite")
    >>> active = [[name.startswith("DB") for name in worm.neurons]]
    >>> output = xr.DataArray(
    ...     np.array(active, dtype=float), dims=("time", "neuron"),
    ...     coords={"time": [0.0], "neuron": list(worm.neurons)},
    ... )
    >>> bending = sims.compute_bending(sims.simulate_muscles(output, worm))
    >>> bending.sel(row=[1, 10, 20]).values.round(2)
    array([[0.  , 0.08, 0.17]])
    """
    require_instance("muscle_run", muscle_run, xr.Dataset, "sims.simulate_muscles(run, connectome)")
    if missing := [it for it in ("activation", "quadrant", "row") if it not in muscle_run]:
        raise ValueError(f"muscle_run lacks {', '.join(missing)}; is it of simulate_muscles?")
    activation = muscle_run["activation"].transpose("time", "muscle").values
    dorsal = np.char.startswith(muscle_run["quadrant"].values.astype(str), "D")
    row = muscle_run["row"].values
    rows = np.intersect1d(row[dorsal], row[~dorsal])
    bending = [
        activation[:, dorsal & (row == r)].mean(axis=1)
        - activation[:, ~dorsal & (row == r)].mean(axis=1)
        for r in rows
    ]
    return xr.DataArray(
        np.stack(bending, axis=1),
        dims=("time", "row"),
        coords={"time": muscle_run["time"], "row": rows},
        name="bending",
        attrs={"units": "1", "long_name": "dorsal - ventral activation"},
    )


def plot_kymograph(bending: xr.DataArray, *, ax: Any = None, **mesh_options: Any) -> Any:
    """Draw bending over time and rows of muscles: time to the right, head at the top.

    White is straight, red bends to the dorsal side, blue to the ventral side.

    Parameters
    ----------
    bending : xarray.DataArray, shape (n_times, n_rows)
        Result of `compute_bending`.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure by default.
    **mesh_options
        Options for ``ax.pcolormesh``.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn into.

    Raises
    ------
    TypeError
        If `bending` is not a DataArray.

    Examples
    --------
    A wave that travels from head to tail:

    >>> import xarray as xr
    >>> time, row = np.arange(0, 2000, 50.0), np.arange(1, 25)
    >>> wave = np.sin(2 * np.pi * (time[:, None] / 1000 - row / 24))
    >>> bending = xr.DataArray(wave, dims=("time", "row"), coords={"time": time, "row": row})
    >>> ax = sims.plot_kymograph(bending)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('time (s)', 'row of muscles (1: head)')
    """
    require_instance("bending", bending, xr.DataArray, "sims.compute_bending(muscle_run)")
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1]
    bending = bending.transpose("time", "row")
    largest = float(np.abs(bending).max()) or 1.0
    options = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest, "shading": "nearest"}
    mesh = ax.pcolormesh(
        bending["time"].values / 1e3,
        bending["row"].values,
        bending.values.T,
        rasterized=True,
        **(options | mesh_options),
    )
    ax.figure.colorbar(mesh, ax=ax, label="dorsal − ventral activation")
    ax.invert_yaxis()
    ax.set(xlabel="time (s)", ylabel="row of muscles (1: head)")
    return ax
