"""describe_gait(): the numbers of a gait, of a simulated body or of an animal."""

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

from isochron.arguments import require_instance
from isochron.wording import shown

Array = np.ndarray
SLOWEST_Hz = 0.06  # a spectral peak below it is drift, not a gait
PADDING = 8  # of the spectrum: the peak is found between its points by a parabola
SMALLEST_CURVATURE = 0.02  # rms in units of 1 / body length; less is a body at rest
ENDS = 0.1  # share of the body at each end that does not count for the wavelength
FEWEST_NODES = 8
LARGEST_CURVATURE = 1e9  # 1/mm
STANDING = 0.2  # traveling index below which a wave has no direction


@dataclass(frozen=True, kw_only=True)
class Gait:
    """Numbers of a gait.

    Attributes
    ----------
    frequency_Hz : float
        Frequency of the curvature, Hz; NaN for a body at rest.
    wavelength : float
        Wavelength, body lengths: from the slope of the phase along the body, without a tenth at
        each end. NaN for a body at rest and for a standing wave.
    direction : {"head to tail", "tail to head", "standing", "none"}
        Direction of the wave: "standing" if the traveling index is less than 0.2, "none" for a
        body at rest.
    speed : float
        Mean velocity of the center of the body along the line from tail to head, mm/s. Forward is
        positive.
    path_speed : float
        Mean speed of the center between times two periods apart, mm/s; positive in any direction.
    efficiency : float
        Speed divided by the speed of the wave, V / (f lambda): 1 without slip. NaN without a
        wavelength.
    rms_curvature : float
        Root mean square over time and body of the curvature without its mean over time, 1/mm.
    peak_curvature : float
        Largest absolute value of the curvature, 1/mm.
    traveling_index : float
        Power of waves from head to tail minus that of waves from tail to head, divided by their
        sum: 1 for a traveling wave, 0 for a standing wave.
    duration_s : float
        Time observed, after the transient, s.

    Examples
    --------
    A straight body that does not move:

    >>> import xarray as xr
    >>> x, time = np.tile(np.linspace(0, 1, 49), (100, 1)), np.arange(0, 5000, 50.0)
    >>> run = xr.Dataset(
    ...     {"x": (("time", "node"), x), "y": (("time", "node"), 0 * x)}, coords={"time": time}
    ... )
    >>> gait = sims.describe_gait(run)
    >>> print(gait.direction, gait.frequency_Hz, gait.speed)
    none nan 0.0
    """

    frequency_Hz: float
    wavelength: float
    direction: str
    speed: float
    path_speed: float
    efficiency: float
    rms_curvature: float
    peak_curvature: float
    traveling_index: float
    duration_s: float


def describe_gait(run: xr.Dataset, *, transient_s: float | None = None) -> Gait:
    """Frequency, wavelength, direction and speed of a moving body.

    Parameters
    ----------
    run : xarray.Dataset
        ``x`` and ``y`` (time, node) in mm, nodes from head to tail, at equal intervals of time in
        ms; also ``curvature`` (time, joint) in 1/mm if it is known, else it is computed. Results of
        `simulate_worm`, `simulate_body`, `load_wcon` and `load_tierpsy`.
    transient_s : float, optional
        Time at the start that is not observed, s; half of the run by default.

    Returns
    -------
    Gait
        Gait numbers.

    Raises
    ------
    ValueError
        If fewer than 8 times are left, they are not at equal intervals, or a value is not finite
        or a curvature larger than 1e9/mm.

    Examples
    --------
    A body that bends with curvature 5/mm in a wave of 0.5 Hz, and glides forward by 0.2 mm/s:

    >>> import xarray as xr
    >>> t, s = np.arange(0, 20, 0.05)[:, None], np.linspace(0, 1, 49)[None, :]
    >>> angle = 5 * 0.7 / (2 * np.pi) * np.cos(2 * np.pi * (0.5 * t - s / 0.7))
    >>> ds = np.diff(s)
    >>> x = np.cumsum(np.hstack([-0.2 * t, ds * np.cos(angle[:, 1:])]), axis=1)
    >>> y = np.cumsum(np.hstack([0 * t, ds * np.sin(angle[:, 1:])]), axis=1)
    >>> run = xr.Dataset(
    ...     {"x": (("time", "node"), x), "y": (("time", "node"), y)}, coords={"time": 1e3 * t[:, 0]}
    ... )
    >>> gait = sims.describe_gait(run)
    >>> gait.direction, round(gait.frequency_Hz, 2), round(gait.wavelength, 2)
    ('head to tail', 0.5, 0.7)
    >>> round(gait.rms_curvature * 2**0.5, 1)
    5.0
    """
    times, x, y, curvature = _observed(run, transient_s)
    interval = float(times[1] - times[0]) * 1e-3
    length = float(np.hypot(np.diff(x, axis=1), np.diff(y, axis=1)).sum(axis=1).mean())
    places = _places(run, curvature.shape[1])
    wave = curvature - curvature.mean(axis=0)
    rms = float(np.sqrt(np.mean(wave**2)))
    frequency, amplitude = _leading_frequency(wave, interval)
    index = _traveling_index(wave)
    moving = rms * length > SMALLEST_CURVATURE and frequency >= SLOWEST_Hz
    if not moving:
        frequency = math.nan
    direction = _direction(index) if moving else "none"
    wavelength = math.nan
    if direction not in ("none", "standing"):
        wavelength = abs(_wavelength(amplitude, places))
    speed, path_speed = _speeds(x, y, interval, frequency)
    return Gait(
        frequency_Hz=frequency,
        wavelength=wavelength,
        direction=direction,
        speed=speed,
        path_speed=path_speed,
        efficiency=speed / (frequency * wavelength * length),
        rms_curvature=rms,
        peak_curvature=float(np.abs(curvature).max()),
        traveling_index=index,
        duration_s=len(times) * interval,
    )


def compute_curvature(x: Array, y: Array) -> Array:
    """Curvature of lines of points, at all but their ends.

    Parameters
    ----------
    x, y : ndarray, shape (..., n_nodes)
        Coordinates, from head to tail.

    Returns
    -------
    ndarray, shape (..., n_nodes - 2)
        Curvature, positive where the line turns to the left.
    """
    dx, dy = np.diff(x, axis=-1), np.diff(y, axis=-1)
    angles = np.unwrap(np.arctan2(dy, dx), axis=-1)
    lengths = np.hypot(dx, dy)
    return np.diff(angles, axis=-1) / (0.5 * (lengths[..., 1:] + lengths[..., :-1]))


def _observed(run: xr.Dataset, transient_s: float | None) -> tuple[Array, Array, Array, Array]:
    """Times, x, y and curvature after the transient."""
    require_instance("run", run, xr.Dataset, "sims.simulate_worm(...)")
    if missing := [name for name in ("x", "y") if name not in run]:
        raise ValueError(
            f"The run lacks {' and '.join(missing)}; a gait needs a body. Use simulate_worm, "
            "simulate_body, load_wcon or load_tierpsy."
        )
    if run.sizes["node"] < FEWEST_NODES:
        raise ValueError(
            f"The body has {run.sizes['node']} points; a gait needs {FEWEST_NODES} or more along "
            "the midline."
        )
    times = run["time"].values.astype(float)
    last = float(times[-1] - times[0]) * 1e-3
    transient = last / 2 if transient_s is None else transient_s
    if not 0 <= transient < math.inf:
        raise ValueError(f"transient_s must be >= 0 and finite (in s), got {shown(transient_s)}.")
    window = times - times[0] >= transient * 1e3 * (1 - 1e-12)
    if window.sum() < 8:
        raise ValueError(
            f"{int(window.sum())} of {len(times)} times are left after a transient of "
            f"{transient:g} s; 8 or more are needed. Lower transient_s, or run longer."
        )
    times = times[window]
    steps = np.diff(times)
    if not np.allclose(steps, steps[0], rtol=1e-3):
        raise ValueError(
            f"The times must be at equal intervals; they are {steps.min():g} to "
            f"{steps.max():g} ms apart. Interpolate the run: run.interp(time=...)."
        )
    x, y = (run[name].transpose("time", "node").values[window] for name in ("x", "y"))
    given = "curvature" in run
    curvature = (
        run["curvature"].transpose("time", ...).values[window] if given else compute_curvature(x, y)
    )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(curvature).all()):
        raise ValueError(
            "The body is not known at all times (values that are not finite). Choose times at "
            "which it is, or fill gaps: run.interpolate_na('time')."
        )
    if (largest := float(np.abs(curvature).max())) > LARGEST_CURVATURE:
        raise ValueError(
            f"The curvature is up to {largest:.3g}/mm, more than that of any body; at most "
            f"{LARGEST_CURVATURE:g}/mm is allowed. Lower curvature_gain, or check the units."
        )
    return times, x, y, curvature


def _places(run: xr.Dataset, n: int) -> Array:
    """Positions of the curvatures, in body lengths from the head."""
    if "joint" in run.coords and run.sizes["joint"] == n:
        return run["joint"].values.astype(float)
    return np.arange(1, n + 1) / (n + 1)


def _leading_frequency(wave: Array, interval: float) -> tuple[float, Array]:
    """Frequency with the largest power, and the complex amplitude of each place there."""
    n = PADDING * len(wave)
    spectrum = np.fft.rfft(wave * np.hanning(len(wave))[:, None], n=n, axis=0)
    power = (np.abs(spectrum) ** 2).sum(axis=1)
    power[np.arange(len(power)) / (n * interval) < SLOWEST_Hz / 2] = 0
    peak = int(power.argmax())
    shift = 0.0
    if 0 < peak < len(power) - 1 and power[peak] > 0:
        before, here, after = np.log(np.maximum(power[peak - 1 : peak + 2], 1e-300))
        bend = before - 2 * here + after
        shift = float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0
    return (peak + shift) / (n * interval), spectrum[peak]


def _wavelength(amplitude: Array, places: Array) -> float:
    """Wavelength in body lengths from the slope of the phase; positive from head to tail."""
    inner = (places >= ENDS) & (places <= 1 - ENDS)
    weight = np.abs(amplitude[inner])
    phase = np.unwrap(np.angle(amplitude[inner]))
    slope = np.polyfit(places[inner], phase, 1, w=np.maximum(weight, 1e-300))[0]
    return float(-2 * math.pi / slope) if slope else math.inf


def _traveling_index(wave: Array) -> float:
    n_times, n_places = wave.shape
    spectrum = np.fft.fft2(wave * np.hanning(n_times)[:, None], s=(n_times, max(256, n_places)))
    power = np.abs(spectrum[1 : n_times // 2]) ** 2
    half = power.shape[1] // 2
    # A wave cos(w t - k s) from head to tail has its power at +w and -k.
    backward, forward = power[:, 1:half].sum(), power[:, half + 1 :].sum()
    total = forward + backward
    return float((forward - backward) / total) if total > 0 else 0.0


def _direction(index: float) -> str:
    if abs(index) < STANDING:
        return "standing"
    return "head to tail" if index > 0 else "tail to head"


def _speeds(x: Array, y: Array, interval: float, frequency: float) -> tuple[float, float]:
    """Mean velocity of the center along the body, and its speed over two periods, mm/s."""
    from scipy.interpolate import CubicSpline

    center = np.stack([_center(x), _center(y)])
    axis = np.stack([x[:, 0] - x[:, -1], y[:, 0] - y[:, -1]])
    axis = axis / np.maximum(np.hypot(*axis), 1e-12)
    times = interval * np.arange(len(x))
    # Differences over a few samples per period would miss a part of the velocity.
    velocity = CubicSpline(times, center, axis=1).derivative()(times)
    apart, window = len(x) - 1, len(x)
    if math.isfinite(frequency):
        period = 1 / frequency / interval
        apart = min(apart, max(1, round(2 * period)))
        whole = int((len(x) - 1) / period)
        window = round(whole * period) if whole else window
    moved = np.hypot(*(center[:, apart:] - center[:, :-apart]))
    along = (velocity * axis).sum(axis=0)[-window:]
    return float(along.mean()), float(moved.mean() / (apart * interval))


def _center(coordinates: Array) -> Array:
    return 0.5 * (coordinates[:, 1:] + coordinates[:, :-1]).mean(axis=1)
