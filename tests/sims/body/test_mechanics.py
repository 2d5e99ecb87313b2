import time
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from isochron import sims
from isochron.sims.body.chain import Chain, chain_of, factorize, find_velocity, move, solve
from isochron.sims.body.simulation import joint_positions
from tests.sims.body.waves import differences, drag_matrix, wave

STIFF = {"stiffness": 100.0, "viscosity": 0.5}  # follows the muscles within 5 ms
FANG_YEN = {"stiffness": 0.095, "viscosity": 5e-4}


def body_in(normal_drag, drag_ratio, **constants):
    medium = sims.Medium(normal_drag=normal_drag, drag_ratio=drag_ratio)
    return sims.BodyParameters(medium=medium, **constants)


def velocity_of(chain, angles, coupling, forces):
    factor, front, found = np.empty((angles.size, 5)), np.empty(3), forces.copy()
    factorize(chain, angles, coupling, factor, front)
    solve(chain, factor, front, coupling, found)
    return found


@pytest.mark.parametrize("n", [3, 24, 97])
@pytest.mark.parametrize("coupling", [0.0, 0.3])
def test_elimination_solves_the_dense_equations(n, coupling):
    """The sum over links of J' C J, assembled and solved by LAPACK."""
    rng = np.random.default_rng(n)
    chain = chain_of(body_in(128.0, 40.0, n_links=n))
    angles, forces = rng.normal(size=n), rng.normal(size=n + 2)
    joints = differences(n)
    matrix = drag_matrix(angles, chain) + coupling * joints.T @ joints
    expected = np.linalg.solve(matrix, forces)
    found = velocity_of(chain, angles, coupling, forces)
    # A backward stable solution: residual of rounding relative to matrix and velocity.
    residual = np.abs(matrix @ found - forces).max()
    assert residual <= 1e-11 * np.abs(matrix).max() * np.abs(found).max()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("drag_ratio", [1.0, 1.6, 40.0])
def test_the_drag_matrix_is_positive_definite(drag_ratio):
    chain = chain_of(body_in(128.0, drag_ratio, n_links=24))
    for seed in range(5):
        angles = np.random.default_rng(seed).normal(scale=2.0, size=24)
        factor, front = np.empty((24, 5)), np.empty(3)
        factorize(chain, angles, 0.0, factor, front)
        assert (factor[:, 4] > 0).all()
        assert front[0] > 0
        assert front[0] * front[2] > front[1] ** 2
        assert np.linalg.eigvalsh(drag_matrix(angles, chain)).min() > 0


def run_wave(step_s, duration_s=4.8):
    """10/mm, 0.4 Hz, 0.65 L on agar, 24 links, EI 0.02, eta 0.001."""
    chain = Chain(1 / 24, 128.0, 3.2, 0.02, 0.001)
    times = (np.arange(round(duration_s / step_s)) + 0.5) * step_s
    phase = 0.4 * times[:, None] - joint_positions(24) / 0.65
    head, angles = np.zeros(2), np.zeros(24)
    preferred = 10 * np.sin(2 * np.pi * phase)
    move(chain, head, angles, preferred, step_s, len(times), np.empty((1, 26)))
    return np.concatenate([head, angles])


def test_the_step_is_of_order_two_with_the_expected_errors():
    """Errors after 4.8 s of an independent implementation with a dense Cholesky factor."""
    reference = run_wave(0.25e-3)
    steps = np.array([16, 8, 4, 2, 1]) * 1e-3
    errors = np.array([np.abs(run_wave(step) - reference).max() for step in steps])
    np.testing.assert_allclose(errors, [5.1e-4, 1.3e-4, 3.3e-5, 8.2e-6, 2.0e-6], rtol=0.03)
    orders = np.log2(errors[:-1] / errors[1:])
    assert np.abs(orders - 2).max() < 0.15


def test_motion_is_that_of_the_equations():
    """Dense equations, integrated by SciPy with tight tolerances."""
    chain, joints = Chain(1 / 12, 128.0, 3.2, 0.02, 0.001), differences(12)
    places = joint_positions(12)

    def preferred(t):
        return 10 * np.sin(2 * np.pi * (0.4 * t - places / 0.65))

    def velocity(t, pose):
        matrix = drag_matrix(pose[2:], chain) + chain.viscosity / chain.link * joints.T @ joints
        curvature = joints @ pose / chain.link
        return np.linalg.solve(matrix, -joints.T @ (chain.stiffness * (curvature - preferred(t))))

    exact = solve_ivp(velocity, (0, 0.5), np.zeros(14), "BDF", rtol=1e-8, atol=1e-10).y[:, -1]
    head, angles = np.zeros(2), np.zeros(12)
    middles = (np.arange(2000) + 0.5) * 0.25e-3
    targets = np.stack([preferred(t) for t in middles])
    move(chain, head, angles, targets, 0.25e-3, 2000, np.empty((1, 14)))
    # The error of the step is 1e-7, that of the integration 1e-6.
    np.testing.assert_allclose(np.concatenate([head, angles]), exact, atol=1e-5)


@pytest.fixture(scope="module")
def crawl():
    drive = wave(4.6 * 2**0.5, 0.4, 0.65, 2.0)
    body = body_in(128.0, 40.0, **FANG_YEN)
    return drive, body, sims.simulate_body(drive, body)


def test_a_rotated_body_moves_the_same(crawl):
    drive, body, run = crawl
    turned = sims.simulate_body(drive, body, initial_angles=np.full(48, 0.7))
    place, place_turned = (r["x"].values + 1j * r["y"].values for r in (run, turned))
    np.testing.assert_allclose(place_turned, place * np.exp(0.7j), atol=1e-12)
    np.testing.assert_allclose(turned.curvature.values, run.curvature.values, atol=1e-12)


def test_a_mirrored_body_moves_the_same(crawl):
    drive, body, run = crawl
    mirrored = sims.simulate_body(-drive, body)
    np.testing.assert_allclose(mirrored["x"].values, run["x"].values, atol=1e-12)
    np.testing.assert_allclose(mirrored["y"].values, -run["y"].values, atol=1e-12)
    np.testing.assert_allclose(mirrored.curvature.values, -run.curvature.values, atol=1e-12)


def gait_of(body, *drive, **options):
    run = sims.simulate_body(wave(*drive, **options), body)
    return sims.describe_gait(run)


def test_a_reversed_wave_moves_backward_as_fast():
    body = body_in(128.0, 40.0, **STIFF)
    there, back = (gait_of(body, 6.5, 0.4, 0.65, 10.0, direction=d) for d in (1, -1))
    assert (there.direction, back.direction) == ("head to tail", "tail to head")
    assert back.speed == pytest.approx(-there.speed, rel=0.02)


def test_a_standing_wave_stays_in_its_place():
    """Reciprocal motion does not move a body in a viscous medium (Purcell's theorem)."""
    drive = wave(6.5, 0.5, 0.65, 8.0, direction=0)
    run = sims.simulate_body(drive, body_in(128.0, 40.0, **STIFF), record_every_ms=2000.0)
    center = run.isel(time=slice(1, None)).mean("node")
    steps = np.hypot(center["x"].diff("time"), center["y"].diff("time"))
    assert float(steps.max()) < 1e-3


def test_a_passive_body_loses_energy():
    """Elastic energy of a bent body without muscles never grows, at any step."""
    rng = np.random.default_rng(2)
    for step in (1e-3, 8e-3, 0.1):
        chain = chain_of(sims.BodyParameters(medium="water"))
        head, angles = np.zeros(2), np.cumsum(0.3 * rng.normal(size=48))
        poses = np.empty((200, 50))
        move(chain, head, angles, np.zeros((200, 47)), step, 1, poses)
        energy = (np.diff(poses[:, 2:], axis=1) ** 2).sum(axis=1)
        assert (np.diff(energy) <= 1e-15 * energy[0]).all()
        assert energy[-1] < energy[0]


@pytest.mark.parametrize("drag_ratio", [1.0, 2.0, 5.0, 10.0, 40.0])
def test_slip_of_four_waves_is_that_of_a_long_body(drag_ratio):
    """V/c = (K - 1) beta / (1 + (K - 1) beta), beta = <sin^2 theta>, c the speed of the wave
    along the axis; Gray and Hancock (1955). The ends of a body of four waves cost 1e-2.
    """
    body = body_in(128.0, drag_ratio, n_links=96, **STIFF)
    run = sims.simulate_body(wave(20.0, 0.5, 0.25, 6.0), body)
    late = run.sel(time=slice(2000, None))
    x, y = late["x"].values, late["y"].values
    axis = np.exp(1j * np.arctan2(y[:, -1] - y[:, 0], x[:, -1] - x[:, 0]))
    turned = np.diff(x + 1j * y, axis=1) / axis[:, None]
    beta = np.mean(np.sin(np.angle(turned)) ** 2)
    wave_speed = 0.5 * 0.25 * np.hypot(x[:, -1] - x[:, 0], y[:, -1] - y[:, 0]).mean()
    expected = (drag_ratio - 1) * beta / (1 + (drag_ratio - 1) * beta)
    found = sims.describe_gait(run, transient_s=2.0).speed / wave_speed
    assert found == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("drag_ratio", "speed", "efficiency"), [(40.0, 0.199, 0.765), (10.0, 0.133, 0.51)]
)
def test_a_prescribed_wave_on_agar(drag_ratio, speed, efficiency):
    """0.40 Hz, 0.65 L, 4.6/mm rms: 0.199 mm/s (K = 40) and 0.133 (K = 10), with 48 links."""
    gait = gait_of(body_in(128.0, drag_ratio, **FANG_YEN), 4.6 * 2**0.5, 0.4, 0.65, 20.0)
    assert gait.speed == pytest.approx(speed, rel=0.01)
    assert gait.frequency_Hz == pytest.approx(0.4, rel=1e-3)
    # Of the wave that is prescribed; the wavelength of the body is 1 % shorter.
    assert gait.speed / (0.4 * 0.65) == pytest.approx(efficiency, rel=0.01)
    assert gait.traveling_index > 0.9


def test_the_number_of_links_does_not_matter():
    few, many = (
        gait_of(body_in(128.0, 40.0, n_links=n, **FANG_YEN), 6.5, 0.4, 0.65, 10.0) for n in (48, 96)
    )
    assert few.speed == pytest.approx(many.speed, rel=0.01)


@pytest.mark.parametrize(("drag_ratio", "efficiency"), [(1.4, 0.055), (1.7, 0.090), (2.0, 0.120)])
def test_a_prescribed_wave_in_water(drag_ratio, efficiency):
    """1.76 Hz, 1.54 L, 4.3/mm rms: the animal's V / (f lambda) in water is 0.08."""
    body = body_in(5.2e-3, drag_ratio, **FANG_YEN)
    gait = gait_of(body, 4.3 * 2**0.5, 1.76, 1.54, 8.0)
    assert gait.efficiency == pytest.approx(efficiency, rel=0.02)


def test_a_step_at_48_links_takes_less_than_20_us():
    """On one core; it takes about 4 us."""
    chain, head, angles = chain_of(sims.BodyParameters()), np.zeros(2), np.zeros(48)
    preferred, record = np.ones((500, 47)), np.empty((1, 50))
    taken = []
    for _ in range(20):
        start = time.process_time()
        move(chain, head, angles, preferred, 8e-3, 500, record)
        taken.append(time.process_time() - start)
    assert min(taken[1:]) / 500 < 20e-6


def test_velocity_does_not_depend_on_the_work_arrays():
    chain, angles = chain_of(sims.BodyParameters(n_links=5)), np.linspace(0, 1, 5)
    found = []
    for fill in (0.0, np.nan):
        work = [np.full(shape, fill) for shape in ((5,), (7,), (5, 5), (3,))]
        middle, velocity, factor, front = work
        find_velocity(chain, angles, np.ones(4), 8e-3, middle, velocity, factor, front)
        found.append(velocity)
    np.testing.assert_array_equal(*found)


def test_muscles_move_a_body():
    """Dorsal muscles of the head alone bend the head to the dorsal side, to the left."""
    from isochron import connectome

    worm = connectome.load("cook2019-hermaphrodite")
    matrix = sims.neuromuscular_matrix(worm)
    dorsal = matrix["quadrant"].isin(["DL", "DR"]) & (matrix["row"] <= 6)
    muscles = xr_activation(np.where(dorsal, 0.01, 0.0), matrix)
    run = sims.simulate_body(muscles, sims.BodyParameters(stiffness=0.095, curvature_gain=46.34))
    curvature = run.curvature.isel(time=-1)
    # The bending is 0.01, and the preferred curvature 0.46/mm, where muscles are active.
    assert float(curvature.sel(joint=slice(0, 0.2)).mean()) == pytest.approx(0.4634, rel=0.05)
    assert abs(float(curvature.sel(joint=slice(0.5, 1)).mean())) < 0.02


def xr_activation(values, matrix):
    import xarray as xr

    return xr.Dataset(
        {"activation": (("time", "muscle"), np.tile(values, (2, 1)))},
        coords={"time": [0.0, 3000.0], "quadrant": matrix["quadrant"], "row": matrix["row"]},
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_links": 2}, r"n_links must be a whole number from 3"),
        (
            {"stiffness": 0.0},
            r"stiffness must be positive and at most 1e\+09 \(in µN mm²\), got 0.0",
        ),
        ({"viscosity": -1.0}, r"viscosity must be from 0 to 1e\+09"),
        ({"curvature_gain": -2e9}, r"curvature_gain must be from -1e\+09 to 1e\+09"),
        ({"curvature_gain": np.nan}, r"curvature_gain must be finite, got nan"),
        ({"medium": "agra"}, r"Unknown medium 'agra'. Did you mean agar"),
    ],
)
def test_a_wrong_body_is_an_error(change, message):
    with pytest.raises(ValueError, match=message):
        sims.BodyParameters(**change)


def test_wrong_drives_are_errors():
    drive = wave(1.0, 1.0, 1.0, 0.1)
    cases: list[tuple[Any, type[Exception], str]] = [
        (drive.values, TypeError, "got ndarray"),
        (drive.rename(position="s"), ValueError, "dimensions"),
        (drive.isel(time=slice(1)), ValueError, "two or more"),
        (drive * np.nan, ValueError, "not finite"),
        (drive.isel(time=slice(2)), ValueError, "less than one sample"),
    ]
    for change, error, message in cases:
        with pytest.raises(error, match=message):
            sims.simulate_body(change)
    with pytest.raises(ValueError, match="initial_angles must be 48"):
        sims.simulate_body(drive, initial_angles=[0.0])
    with pytest.raises(ValueError, match="step_ms must be positive"):
        sims.simulate_body(drive, step_ms=0.0)
    with pytest.raises(ValueError, match="drag_ratio must be positive"):
        sims.Medium(drag_ratio=0.0)
