"""Compiled mechanics of an overdamped planar chain of rigid links. Units: mm, s, µN.

The state is the position of the head and the angles theta_1 … theta_N of the links; its velocity
solves D(theta) (velocity) = forces, where D is the drag of resistive force theory:

    D = sum_k J_k' C_k J_k + (rotation) C_N l^3 / 12,    C_k = l (C_L t t' + C_N n n')
    moment at a joint: -EI (kappa - kappa_m) - eta kappa',   kappa = (theta_{i+1} - theta_i) / l

D is dense, but the chain is a tree: the links are eliminated one by one from the tail, as in the
articulated-body algorithm, so that one solution costs O(N), and the elimination is that of a
symmetric positive definite matrix. The sub-chain from link j to the tail needs at its front

    force = P u + q w - r,    moment = q.u + p w - m

where u is the velocity of its front and w the angular velocity of link j.

Featherstone (1983), International Journal of Robotics Research 2:13.
"""

from typing import NamedTuple

import numpy as np

from isochron.compilation import compiled as compiled_with
from isochron.sims.body.parameters import BodyParameters

compiled = compiled_with(error_model="numpy", nogil=True)
COS, SIN, QX, QY, PIVOT = range(5)  # columns of a factor


class Chain(NamedTuple):
    """Constants of a body, in the order that the compiled code needs: mm, s, µN."""

    link: float
    normal: float
    tangential: float
    stiffness: float
    viscosity: float


def chain_of(body: BodyParameters) -> Chain:
    """Constants of the mechanics of a body."""
    medium = body.medium
    assert not isinstance(medium, str)
    return Chain(
        float(body.link_length),
        float(medium.normal_drag),
        float(medium.tangential_drag),
        float(body.stiffness),
        float(body.viscosity),
    )


@compiled
def factorize(chain, angles, coupling, factor, front):
    """Eliminate the links of the matrix D(angles) + coupling B' B, from the tail to the head.

    Parameters
    ----------
    chain : Chain
    angles : ndarray, shape (N,)
    coupling : float
        Moment at a joint per difference of the angular velocities, µN mm s, >= 0.
    factor : ndarray, shape (N, 5)
        Overwritten: direction, q and pivot of each link.
    front : ndarray, shape (3,)
        Overwritten: matrix (xx, xy, yy) between velocity of and force on the head.
    """
    length = chain.link
    xx, xy, yy, qx, qy, p = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(angles.size - 1, -1, -1):
        c, s = np.cos(angles[j]), np.sin(angles[j])
        # From the front of link j + 1 to that of link j, n = (-s, c).
        nx, ny = -xx * s + xy * c, -xy * s + yy * c
        p += (
            length * (2 * (-s * qx + c * qy) + length * (-s * nx + c * ny))
            + chain.normal * length**3 / 3
        )
        qx += length * nx - 0.5 * length * length * chain.normal * s
        qy += length * ny + 0.5 * length * length * chain.normal * c
        xx += length * (chain.tangential * c * c + chain.normal * s * s)
        yy += length * (chain.tangential * s * s + chain.normal * c * c)
        xy += length * (chain.tangential - chain.normal) * c * s
        g = coupling if j > 0 else 0.0
        pivot = p + g
        factor[j, COS], factor[j, SIN] = c, s
        factor[j, QX], factor[j, QY], factor[j, PIVOT] = qx, qy, pivot
        xx -= qx * qx / pivot
        xy -= qx * qy / pivot
        yy -= qy * qy / pivot
        qx *= g / pivot
        qy *= g / pivot
        p *= g / pivot
    front[0], front[1], front[2] = xx, xy, yy


@compiled
def solve(chain, factor, front, coupling, forces):
    """Overwrite `forces`, shape (N + 2,): force on the head (x, y), then moments on the links.

    They become the velocity of the head and the angular velocities.
    """
    length = chain.link
    n = factor.shape[0]
    rx, ry, m = 0.0, 0.0, 0.0
    for j in range(n - 1, -1, -1):
        c, s = factor[j, COS], factor[j, SIN]
        m += length * (-s * rx + c * ry) + forces[2 + j]
        forces[2 + j] = m
        share = m / factor[j, PIVOT]
        rx -= factor[j, QX] * share
        ry -= factor[j, QY] * share
        m = coupling * share if j > 0 else 0.0
    fx, fy = forces[0] + rx, forces[1] + ry
    determinant = front[0] * front[2] - front[1] * front[1]
    ux = (front[2] * fx - front[1] * fy) / determinant
    uy = (front[0] * fy - front[1] * fx) / determinant
    forces[0], forces[1] = ux, uy
    w = 0.0
    for j in range(n):
        pulled = factor[j, QX] * ux + factor[j, QY] * uy
        w = (coupling * w + forces[2 + j] - pulled) / factor[j, PIVOT]
        forces[2 + j] = w
        ux -= length * factor[j, SIN] * w
        uy += length * factor[j, COS] * w


@compiled
def elastic_moments(chain, angles, preferred, forces):
    """Overwrite `forces`, shape (N + 2,), with those of the elastic joints."""
    forces[:] = 0.0
    for i in range(angles.size - 1):
        moment = chain.stiffness * ((angles[i + 1] - angles[i]) / chain.link - preferred[i])
        forces[2 + i] += moment
        forces[3 + i] -= moment


@compiled
def find_velocity(chain, angles, preferred, step, middle, velocity, factor, front):
    """Mean velocity over one step of order 2.

    Parameters
    ----------
    chain : Chain
    angles : ndarray, shape (N,)
        Angles at the start of the step.
    preferred : ndarray, shape (N - 1,)
        Preferred curvature in the middle of the step, 1/mm.
    step : float
        Time step, s.
    middle : ndarray, shape (N,)
        Overwritten with the angles in the middle, predicted by linearly implicit Euler.
    velocity : ndarray, shape (N + 2,)
        Overwritten with the velocity of the head, mm/s, and the angular velocities, 1/s: the
        implicit midpoint rule for the elastic moments, the drag at the prediction.
    factor, front : ndarray
        Work; `factorize` at the prediction afterwards.
    """
    coupling = (chain.viscosity + 0.5 * step * chain.stiffness) / chain.link
    middle[:] = angles
    for stage in range(2):
        factorize(chain, middle, coupling, factor, front)
        elastic_moments(chain, angles, preferred, velocity)
        solve(chain, factor, front, coupling, velocity)
        if stage == 0:
            for i in range(angles.size):
                middle[i] += 0.5 * step * velocity[2 + i]


@compiled
def move(chain, head, angles, preferred, step, every, record):
    """Take one step for each row of `preferred`, shape (n_steps, N - 1), in place.

    After each `every` steps head and angles are written to a row of `record`, shape
    (n_steps // every, N + 2).
    """
    n = angles.size
    middle, velocity = np.empty(n), np.empty(n + 2)
    factor, front = np.empty((n, 5)), np.empty(3)
    for k in range(preferred.shape[0]):
        find_velocity(chain, angles, preferred[k], step, middle, velocity, factor, front)
        head += step * velocity[:2]
        angles += step * velocity[2:]
        if (k + 1) % every == 0:
            row = record[(k + 1) // every - 1]
            row[:2] = head
            row[2:] = angles


@compiled
def find_force_derivative(chain, angles, velocity, derivative):
    """Derivative of D(angles) velocity with respect to the angles, for a given velocity.

    Parameters
    ----------
    chain : Chain
    angles : ndarray, shape (N,)
    velocity : ndarray, shape (N + 2,)
    derivative : ndarray, shape (N, N + 2)
        Overwritten: row k is that by angle k.
    """
    n, length = angles.size, chain.link
    c, s = np.cos(angles), np.sin(angles)
    forces = np.empty((n, 2))  # on each link
    behind = np.zeros((n + 1, 2))  # on all links from j on
    slopes = np.empty((n, 3))  # drag of a link: xx, xy, yy
    turned = np.empty((n, 2))  # change of the force on a link if its drag turns with it
    ux, uy = velocity[0], velocity[1]
    for j in range(n):
        w = velocity[2 + j]
        vx, vy = ux - 0.5 * length * s[j] * w, uy + 0.5 * length * c[j] * w
        along, across = c[j] * vx + s[j] * vy, -s[j] * vx + c[j] * vy
        a, b = length * chain.tangential * along, length * chain.normal * across
        forces[j, 0], forces[j, 1] = a * c[j] - b * s[j], a * s[j] + b * c[j]
        more = length * (chain.tangential - chain.normal)
        turned[j, 0] = more * (across * c[j] - along * s[j])
        turned[j, 1] = more * (across * s[j] + along * c[j])
        slopes[j, 0] = length * (chain.tangential * c[j] ** 2 + chain.normal * s[j] ** 2)
        slopes[j, 1] = more * c[j] * s[j]
        slopes[j, 2] = length * (chain.tangential * s[j] ** 2 + chain.normal * c[j] ** 2)
        ux, uy = ux - length * s[j] * w, uy + length * c[j] * w
    for j in range(n - 1, -1, -1):
        behind[j] = behind[j + 1] + forces[j]
    for k in range(n):
        # If link k turns, the links behind it move with an additional velocity (gx, gy).
        gx, gy = -length * c[k] * velocity[2 + k], -length * s[k] * velocity[2 + k]
        fx, fy = 0.0, 0.0
        for j in range(n - 1, -1, -1):
            share = 0.0 if j < k else (0.5 if j == k else 1.0)
            dx = share * (slopes[j, 0] * gx + slopes[j, 1] * gy)
            dy = share * (slopes[j, 1] * gx + slopes[j, 2] * gy)
            if j == k:
                dx, dy = dx + turned[j, 0], dy + turned[j, 1]
            moment = -s[j] * (fx + 0.5 * dx) + c[j] * (fy + 0.5 * dy)
            if j == k:
                mx, my = (
                    behind[k + 1, 0] + 0.5 * forces[k, 0],
                    behind[k + 1, 1] + 0.5 * forces[k, 1],
                )
                moment -= c[k] * mx + s[k] * my
            derivative[k, 2 + j] = length * moment
            fx, fy = fx + dx, fy + dy
        derivative[k, 0], derivative[k, 1] = fx, fy


@compiled
def find_joint_jacobian(chain, angles, preferred, step, by_curvature, by_preferred):
    """Derivatives of the curvature after a step, both of shape (N - 1, N - 1).

    With respect to the curvature before it, and to the preferred curvature.
    """
    n, length = angles.size, chain.link
    coupling = (chain.viscosity + 0.5 * step * chain.stiffness) / length
    factors, fronts = np.empty((2, n, 5)), np.empty((2, 3))
    pushes = np.empty((2, n, n + 2))
    velocity, middle = np.empty(n + 2), angles.copy()
    for stage in range(2):
        factorize(chain, middle, coupling, factors[stage], fronts[stage])
        elastic_moments(chain, angles, preferred, velocity)
        solve(chain, factors[stage], fronts[stage], coupling, velocity)
        find_force_derivative(chain, middle, velocity, pushes[stage])
        if stage == 0:
            for i in range(n):
                middle[i] += 0.5 * step * velocity[2 + i]
    change, moved = np.empty(n + 2), np.empty(n)
    for column in range(2 * (n - 1)):
        k, by_angle = column % (n - 1), column < n - 1
        for i in range(n):
            moved[i] = length if by_angle and i > k else 0.0
        for stage in range(2):
            change[:] = 0.0
            moment = chain.stiffness if by_angle else -chain.stiffness
            change[2 + k], change[3 + k] = moment, -moment
            for i in range(n):
                if moved[i] != 0.0:
                    for j in range(n + 2):
                        change[j] -= pushes[stage, i, j] * moved[i]
            solve(chain, factors[stage], fronts[stage], coupling, change)
            if stage == 0:
                for i in range(n):
                    moved[i] += 0.5 * step * change[2 + i]
        out = by_curvature if by_angle else by_preferred
        for i in range(n - 1):
            own = 1.0 if by_angle and i == k else 0.0
            out[i, k] = own + step * (change[3 + i] - change[2 + i]) / length
