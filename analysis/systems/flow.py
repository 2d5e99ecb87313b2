"""The flow of a vector field over a time, and its derivative."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.systems.checks import check_durations, check_system
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import VectorField
from isochron.analysis.systems.scales import field_response, measure_scale
from isochron.analysis.systems.units import Units
from isochron.real_numbers import as_floats
from isochron.shapes import check_shape


def flow(
    field: VectorField,
    state: ArrayLike,
    duration: float,
    *,
    start: float = 0.0,
    tangents: np.ndarray | None = None,
    rtol: float | None = None,
    times: np.ndarray | None = None,
    scale: ArrayLike | None = None,
) -> Any:
    """Where a state is after a time, and how neighboring states get there.

    A field that is not stiff is integrated together with its variational equation by an
    explicit method of order 8. For a stiff one, Radau IIA of order 5 finds the orbit, and
    the variational equation dM/dt = J(t, x(t)) M is solved along it by an L-stable method
    of order 4, with steps three times as long, as its error matters less.

    Parameters
    ----------
    field : VectorField
        ``field(t, x)`` with ``field.jacobian(t, x)``; implicit methods if ``field.stiff``.
    state : ndarray, shape (n,)
        State at the start.
    duration : float
        In the unit of the field, positive.
    start : float
        Initial time.
    tangents : ndarray, shape (n, k), optional
        Tangent vectors to carry along.
    rtol : float, optional
        Relative tolerance; 1e-12 by default, 1e-9 if stiff. The absolute tolerance is a
        hundredth of it, in units of `scale`.
    times : ndarray, shape (m,), optional
        Return the states at these times, counted from `start`, instead of the last.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable. By default that of `state`.

    Returns
    -------
    ndarray, shape (n,) or (m, n)
        If `tangents` is given: the pair of states and tangents, shape (n, k).

    Raises
    ------
    ValueError
        If `duration` is not positive and finite, or `scale` is not positive.
    ArithmeticError
        If the integration fails.

    Examples
    --------
    >>> decay = analysis.Flow(lambda t, x: -x, lambda t, x: -np.eye(1))
    >>> state, tangents = analysis.flow(decay, [2.0], 1.0, tangents=np.eye(1))
    >>> print(state, tangents)  # 2/e and 1/e
    [0.73575888] [[0.36787944]]
    """
    state = as_floats("state", state)
    check_shape("state", state, ("n",))
    if duration is None:
        raise TypeError("duration must be a number, got None.")
    check_durations(duration=duration)
    check_system(field, state)
    if not np.isfinite(state).all():
        raise ArithmeticError("The state is not finite.")
    response = field_response(field, state, duration)
    units = Units(measure_scale(state, scale=scale, response=response))
    found = integrate(
        units.system(field),
        units.enter(state),
        duration,
        start=start,
        tangents=None if tangents is None else units.enter(np.transpose(tangents)).T,
        rtol=rtol,
        times=times,
    )
    if tangents is None:
        return units.leave(found)
    return units.leave(found[0]), units.leave(found[1].T).T
