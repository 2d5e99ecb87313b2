"""Systems with known answers. Each says where the answer comes from."""

import numpy as np

from isochron.analysis import Flow, SteppedMap


def stuart_landau(mu=1.0, omega=1.0, c=0.0):
    """z' = (mu + i omega) z - (1 + i c) |z|² z, as (re, im).

    r = √mu, angular velocity omega - c mu; radial perturbations obey δ' = -2 mu δ, so the
    multipliers are 1 and exp(-2 mu T).
    """

    def field(t, x):
        u, v = x
        square = u * u + v * v
        return np.array(
            [
                mu * u - omega * v - square * (u - c * v),
                mu * v + omega * u - square * (v + c * u),
            ]
        )

    def jacobian(t, x):
        u, v = x
        square = u * u + v * v
        return np.array(
            [
                [
                    mu - square - 2 * u * (u - c * v),
                    -omega + c * square - 2 * v * (u - c * v),
                ],
                [
                    omega - c * square - 2 * u * (v + c * u),
                    mu - square - 2 * v * (v + c * u),
                ],
            ]
        )

    return Flow(field, jacobian)


def van_der_pol(mu, *, stiff=False):
    """x'' - mu (1 - x²) x' + x = 0.

    Period and multiplier from isochron's specification: mu = 1: T = 6.66328685932313,
    ln multiplier = -7.0589328088; mu = 5: T = 11.612230667719.
    """
    return Flow(
        lambda t, x: np.array([x[1], mu * (1 - x[0] ** 2) * x[1] - x[0]]),
        lambda t, x: np.array([[0, 1], [-2 * mu * x[0] * x[1] - 1, mu * (1 - x[0] ** 2)]]),
        stiff=stiff,
    )


def subcritical_hopf():
    """z' = (-1 + i) z + |z|² z: an unstable cycle r = 1, multiplier exp(2 T), T = 2π."""

    def field(t, x):
        growth = x @ x - 1
        return np.array([growth * x[0] - x[1], growth * x[1] + x[0]])

    def jacobian(t, x):
        growth = x @ x - 1
        return growth * np.eye(2) + 2 * np.outer(x, x) + np.array([[0, -1], [1, 0]])

    return Flow(field, jacobian)


def markus_yamabe():
    """x' = A(t) x, period π; every A(t) has eigenvalues with negative real part.

    Solutions exp(t/2) (-cos t, sin t) and exp(-t) (sin t, cos t), hence multipliers
    -exp(π/2) and -exp(-π). A transposed product gives 0.456 and looks stable.
    """

    def matrix(t):
        c, s = np.cos(t), np.sin(t)
        return np.array([[-1 + 1.5 * c * c, 1 - 1.5 * s * c], [-1 - 1.5 * s * c, -1 + 1.5 * s * s]])

    return Flow(lambda t, x: matrix(t) @ x, lambda t, x: matrix(t))


def rotating_frame(constant, omega=1.0):
    """x = R(omega t) y with y' = C y: the multipliers over 2π/omega are those of exp(C T)."""
    spin = omega * np.array([[0.0, -1.0], [1.0, 0.0]])

    def matrix(t):
        c, s = np.cos(omega * t), np.sin(omega * t)
        rotation = np.array([[c, -s], [s, c]])
        return spin + rotation @ constant @ rotation.T

    return Flow(lambda t, x: matrix(t) @ x, lambda t, x: matrix(t))


def forced_stuart_landau(frequency_Hz, force, *, own_Hz=1.0, n_steps=400):
    """Stuart-Landau (mu = 1, c = 0) with a force F cos(2π f t) on the real part, as RK4 steps.

    The resonant half of the force locks the phase: ψ' = Δω - (F/2) sin ψ to first order,
    so the 1:1 tongue has half-width F / 2 in angular frequency, with an error of O(F²).
    Time in seconds.
    """
    omega = 2 * np.pi * own_Hz
    flow = stuart_landau(mu=1.0, omega=omega)
    h = 1 / (frequency_Hz * n_steps)

    def velocity(t, x):
        return flow(t, x) + np.array([force * np.cos(2 * np.pi * frequency_Hz * t), 0.0])

    def stages(k, x):
        t = k * h
        xs = [x]
        ks = [velocity(t, x)]
        for shift in (h / 2, h / 2, h):
            xs.append(x + shift * ks[-1])
            ks.append(velocity(t + shift, xs[-1]))
        return xs, ks

    def step(k, x):
        _, (a, b, c, d) = stages(k, x)
        return x + h / 6 * (a + 2 * b + 2 * c + d)

    def tangent(k, x, v):
        xs, _ = stages(k, x)
        slopes = [flow.jacobian(0, xs[0]) @ v]
        for y, shift in zip(xs[1:], (h / 2, h / 2, h), strict=True):
            slopes.append(flow.jacobian(0, y) @ (v + shift * slopes[-1]))
        a, b, c, d = slopes
        return v + h / 6 * (a + 2 * b + 2 * c + d)

    return SteppedMap(
        step, tangent, dimension=2, n_steps=n_steps, step_ms=1e3 * h, forcing_cycles=1
    )


def logistic(r, n_steps):
    """x → r x (1 - x). The 2-cycle, for 3 < r < 1 + √6, has the multiplier 4 + 2r - r²."""
    return SteppedMap(
        lambda k, x: r * x * (1 - x),
        lambda k, x, v: r * (1 - 2 * x)[:, None] * v,
        dimension=1,
        n_steps=n_steps,
    )


def bistable(drive=0.05, n_steps=4):
    """x → 2 tanh x + a drive of mean zero: two stable cycles and an unstable one between."""
    inputs = drive * np.sin(2 * np.pi * np.arange(n_steps) / n_steps)
    return SteppedMap(
        lambda k, x: 2 * np.tanh(x) + inputs[k],
        lambda k, x, v: 2 * (1 - np.tanh(x) ** 2)[:, None] * v,
        dimension=1,
        n_steps=n_steps,
        forcing_cycles=1,
    )


def lorenz(rho=28.0):
    """Lorenz (1963), sigma = 10, beta = 8/3; the trace of the Jacobian is -41/3.

    The fixed points C± lose stability at rho = 470/19 in a subcritical Hopf bifurcation, with
    angular frequency sqrt(8/3 (rho + 10)). At rho = 28 the shortest unstable cycles, by
    their turns round C- (A) and C+ (B), are AB; AAB, ABB; AAAB, AABB, ABBB. Viswanath (2003),
    Nonlinearity 16:1035, gives 1.5586522107161747 for AB; `lorenz_by_taylor` is independent.
    """

    def field(t, x):
        return np.array(
            [10 * (x[1] - x[0]), x[0] * (rho - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]]
        )

    def jacobian(t, x):
        return np.array([[-10, 10, 0], [rho - x[2], -1, -x[0]], [x[1], x[0], -8 / 3]])

    return Flow(field, jacobian)


def lorenz_by_taylor(state, duration, *, order=24, step=0.01):
    """The flow of `lorenz` by Taylor series, a different kind of integrator."""
    n_steps = int(np.ceil(duration / step))
    h = duration / n_steps
    state = np.array(state, dtype=float)
    for _ in range(n_steps):
        x = np.zeros((order + 1, 3))
        x[0] = state
        for k in range(order):
            xz, xy = x[: k + 1, 0] @ x[k::-1, 2], x[: k + 1, 0] @ x[k::-1, 1]
            u, v, w = x[k]
            x[k + 1] = np.array([10 * (v - u), 28 * u - xz - v, xy - 8 / 3 * w]) / (k + 1)
        state = h ** np.arange(order + 1) @ x
    return state


def roessler(a=0.2, b=0.2, c=5.7):
    """Rössler (1976): x' = -y - z, y' = x + a y, z' = b + z (x - c).

    ChaosBook.org, extras/simon/Roessler.html: the cycle 1 has T = 5.88108845586 and the
    multiplier -2.403953527; the cycle 10 T = 11.7586260717 and -3.512006980.
    """

    def field(t, x):
        return np.array([-x[1] - x[2], x[0] + a * x[1], b + x[2] * (x[0] - c)])

    def jacobian(t, x):
        return np.array([[0, -1, -1], [1, a, 0], [x[2], 0, x[0] - c]])

    return Flow(field, jacobian)


def brusselator(b, a=1.0):
    """x' = a - (b + 1) x + x² y, y' = b x - x² y: a Hopf point at b = 1 + a², frequency a."""

    def field(t, x):
        u, v = x
        return np.array([a - (b + 1) * u + u * u * v, b * u - u * u * v])

    def jacobian(t, x):
        u, v = x
        return np.array([[2 * u * v - b - 1, u * u], [b - 2 * u * v, -u * u]])

    return Flow(field, jacobian)


def cusp(p, q):
    """x' = p + q x - x³: folds where 4 q³ = 27 p², at x² = q / 3."""
    return Flow(lambda t, x: p + q * x - x**3, lambda t, x: np.diag(np.atleast_1d(q - 3 * x**2)))


def bautin(mu, slope=1.0):
    """r' = mu r + slope r³ - r⁵, angle' = 1: cycles fold at mu = -slope²/4, r² = slope/2.

    A cycle's multiplier is exp(2π (mu + 3 slope r² - 5 r⁴)); T = 2π.
    """

    def growth(square):
        return mu + slope * square - square * square

    def field(t, x):
        g = growth(x @ x)
        return np.array([g * x[0] - x[1], g * x[1] + x[0]])

    def jacobian(t, x):
        square = x @ x
        turn = np.array([[0.0, -1.0], [1.0, 0.0]])
        change = 2 * (slope - 2 * square)
        return growth(square) * np.eye(2) + change * np.outer(x, x) + turn

    return Flow(field, jacobian)


def henon(a, b=0.3):
    """x → 1 - a x² + y, y → b x: determinant -b.

    Fixed points x = (b - 1 ± √((1 - b)² + 4 a)) / 2a: a fold at a = -(1 - b)²/4, a period
    doubling at a = 3 (1 - b)²/4. At a = 1.4 the exponents are 0.419 and ln 0.3 - 0.419.
    """
    return SteppedMap(
        lambda k, x: np.stack([1 - a * x[..., 0] ** 2 + x[..., 1], b * x[..., 0]], axis=-1),
        lambda k, x, v: np.array([[-2 * a * x[0], 1], [b, 0]]) @ v,
        dimension=2,
    )


def delayed_logistic(a):
    """x → a x (1 - y), y → x: Neimark-Sacker at a = 2, with multipliers exp(± i π/3)."""
    return SteppedMap(
        lambda k, x: np.stack([a * x[..., 0] * (1 - x[..., 1]), x[..., 0]], axis=-1),
        lambda k, x, v: np.array([[a * (1 - x[1]), -a * x[0]], [1, 0]]) @ v,
        dimension=2,
    )


def circle_map(omega, coupling):
    """x → x + omega - coupling/2π sin 2πx: fixed points fold at |omega| = coupling/2π."""
    return SteppedMap(
        lambda k, x: x + omega - coupling / (2 * np.pi) * np.sin(2 * np.pi * x),
        lambda k, x, v: (1 - coupling * np.cos(2 * np.pi * x))[:, None] * v,
        dimension=1,
    )


def rotating_force(frequency, force, own=1.0):
    """Stuart-Landau (mu = 1, c = 0) with a force that turns: z' = (1 + i own - |z|²) z + F e^{iωt}.

    At rest in the turning frame: ρ ((1 - ρ)² + δ²) = F², δ = own - ω, ρ = |z|². Folds:
    δ² = (1 - ρ)(3ρ - 1), F² = 2ρ² (1 - ρ).
    """
    free = stuart_landau(mu=1.0, omega=own)

    def field(t, x):
        angle = frequency * t
        return free(t, x) + force * np.array([np.cos(angle), np.sin(angle)])

    return Flow(field, free.derivative)


def roessler_by_taylor(state, duration, *, a=0.2, b=0.2, c=5.7, order=24, step=0.02):
    """The flow of `roessler` by Taylor series, a different kind of integrator."""
    n_steps = int(np.ceil(duration / step))
    h = duration / n_steps
    state = np.array(state, dtype=float)
    for _ in range(n_steps):
        x = np.zeros((order + 1, 3))
        x[0] = state
        for k in range(order):
            zx = x[: k + 1, 2] @ x[k::-1, 0]
            u, v, w = x[k]
            x[k + 1] = np.array([-v - w, u + a * v, zx - c * w + (b if k == 0 else 0)]) / (k + 1)
        state = h ** np.arange(order + 1) @ x
    return state
