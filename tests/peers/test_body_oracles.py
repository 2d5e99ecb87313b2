"""The body against two physics engines, MuJoCo and PyElastica, with the same drag.

Both have inertia, and a worm does not: their bodies are so light that they follow the drag within
0.1 ms. The drag is applied by hand, as neither engine has that of a slender body with a ratio of
coefficients. They need the extra ``oracles``; ``make oracles`` installs it and runs this.
"""

import numpy as np
import pytest

from isochron import sims
from isochron.sims.body.simulation import joint_positions
from tests.sims.body.waves import wave

N_LINKS, FREQUENCY_Hz, WAVELENGTH, AMPLITUDE = 16, 1.0, 0.65, 6.5
STIFFNESS, VISCOSITY = 0.2, 5e-4
DURATION_S, TRANSIENT_S, STEP_S, EVERY = 1.6, 0.5, 2e-5, 500
RESPONSE_S = 1e-4  # mass of a link divided by its normal drag
LINK = 1 / N_LINKS
TOLERANCE = 0.005  # inertia, and strains of a rod that is not quite stiff: 2e-3 each at most

DRAGS = [(128.0, 40.0), (128.0, 10.0)]


def preferred(time_s, places):
    """Curvature of the wave, 1/mm; it grows within half a second."""
    size = AMPLITUDE * min(1.0, 2 * time_s)
    return size * np.sin(2 * np.pi * (FREQUENCY_Hz * time_s - places / WAVELENGTH))


def ours(normal_drag, drag_ratio, viscosity=VISCOSITY):
    """The motion by `simulate_body`."""
    drive = wave(AMPLITUDE, FREQUENCY_Hz, WAVELENGTH, DURATION_S)
    growth = np.minimum(1.0, 2e-3 * drive["time"])
    medium = sims.Medium(normal_drag=normal_drag, drag_ratio=drag_ratio)
    body = sims.BodyParameters(
        n_links=N_LINKS, stiffness=STIFFNESS, viscosity=viscosity, medium=medium
    )
    return sims.simulate_body(drive * growth, body, step_ms=2.0, record_every_ms=10.0)


def compared(nodes, run):
    """Check speed, curvature and posture of an oracle; nodes have shape (n_times, N + 1, 2)."""
    same_times = run[["x", "y"]].isel(time=slice(1, len(nodes) + 1))
    theirs = same_times.assign(
        {name: (("time", "node"), nodes[..., k]) for k, name in enumerate("xy")}
    )
    gait, same = (
        sims.describe_gait(each, transient_s=TRANSIENT_S) for each in (theirs, same_times)
    )
    assert gait.speed == pytest.approx(same.speed, rel=TOLERANCE)
    assert gait.rms_curvature == pytest.approx(same.rms_curvature, rel=TOLERANCE)
    assert gait.wavelength == pytest.approx(same.wavelength, rel=TOLERANCE)
    # Postures at the end; the body is 1 mm long.
    last = same_times.isel(time=-1)
    apart = np.hypot(nodes[-1, :, 0] - last["x"], nodes[-1, :, 1] - last["y"])
    assert float(apart.max()) < TOLERANCE
    return gait, same, float(apart.max())


def chain_xml():
    """A planar chain: slides and a hinge for the head, hinges at the joints; mm, s, g."""
    mass = RESPONSE_S * 128.0 * LINK
    turning = mass * LINK**2 / 12
    inertia = f'mass="{mass}" diaginertia="{turning} {turning} {turning}"'
    inertial = f'<inertial pos="{LINK / 2} 0 0" {inertia}/>'
    hinge = f'<joint type="hinge" axis="0 0 1" damping="{VISCOSITY / LINK}"/>'
    first = (
        '<joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 1 0"/>'
        '<joint type="hinge" axis="0 0 1"/>'
    )
    body = ""
    for k in reversed(range(N_LINKS)):
        place = 0 if k == 0 else LINK
        body = f'<body pos="{place} 0 0">{hinge if k else first}{inertial}{body}</body>'
    return f"""<mujoco><compiler autolimits="true" boundmass="0" boundinertia="0"/>
    <option timestep="{STEP_S}" gravity="0 0 0" integrator="implicitfast">
    <flag contact="disable" constraint="disable"/></option>
    <worldbody>{body}</worldbody></mujoco>"""


def run_mujoco(normal_drag, drag_ratio):
    """Nodes at every 10 ms, shape (n_times, N + 1, 2)."""
    mujoco = pytest.importorskip("mujoco", reason="make oracles installs it")
    model = mujoco.MjModel.from_xml_string(chain_xml())
    data = mujoco.MjData(model)
    places, record = joint_positions(N_LINKS), []
    for step in range(round(DURATION_S / STEP_S)):
        mujoco.mj_step1(model, data)
        if step and step % EVERY == 0:
            record.append(mujoco_nodes(data))
        along = data.xmat[1:, [0, 3]]
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
        # Velocities are about the center of mass of the chain.
        arm, rate = data.xipos[1:, :2] - data.subtree_com[1, :2], data.cvel[1:, 2]
        middle = data.cvel[1:, 3:5] + rate[:, None] * np.stack([-arm[:, 1], arm[:, 0]], axis=1)
        data.xfrc_applied[1:, :2] = drag(middle, along, normal, normal_drag, drag_ratio)
        data.xfrc_applied[1:, 5] = -normal_drag * LINK**3 / 12 * rate
        curvature = data.qpos[3:] / LINK
        data.qfrc_applied[3:] = -STIFFNESS * (curvature - preferred(step * STEP_S, places))
        mujoco.mj_step2(model, data)
    return np.array(record)


def drag(velocity, along, normal, normal_drag, drag_ratio):
    """Force of the medium on each link, shape (N, 2)."""
    return (
        -LINK
        * normal_drag
        * (
            (velocity * along).sum(axis=1)[:, None] / drag_ratio * along
            + (velocity * normal).sum(axis=1)[:, None] * normal
        )
    )


def mujoco_nodes(data):
    """Nodes of the chain, shape (N + 1, 2)."""
    tail = data.xpos[-1, :2] + LINK * data.xmat[-1, [0, 3]]
    return np.concatenate([data.xpos[1:, :2], tail[None]])


@pytest.mark.slow
@pytest.mark.parametrize(("normal_drag", "drag_ratio"), DRAGS)
def test_mujoco_moves_the_same_body(normal_drag, drag_ratio):
    nodes = run_mujoco(normal_drag, drag_ratio)
    compared(nodes, ours(normal_drag, drag_ratio))


def elastica_rod(elastica):
    """A rod in the plane that hardly stretches or shears, as light as the chain; mm, s, g."""
    x, z = np.eye(3)[0], np.eye(3)[2]
    rod = elastica.CosseratRod.straight_rod(
        N_LINKS, np.zeros(3), x, z, 1.0, 0.05, 1.0, youngs_modulus=1.0, shear_modulus=1.0
    )
    mass = RESPONSE_S * 128.0 * LINK
    rod.mass[:] = mass
    rod.mass[[0, -1]] = mass / 2
    turning = np.eye(3) * mass * LINK**2 / 12
    rod.mass_second_moment_of_inertia[:] = turning[:, :, None]
    rod.inv_mass_second_moment_of_inertia[:] = np.linalg.inv(turning)[:, :, None]
    rod.shear_matrix[:] = 2000.0 * np.eye(3)[:, :, None]  # µN: strains below 1 %
    rod.bend_matrix[:] = STIFFNESS * np.eye(3)[:, :, None]
    return rod


def run_elastica(normal_drag, drag_ratio):
    """Nodes at every 10 ms, shape (n_times, N + 1, 2)."""
    elastica = pytest.importorskip("elastica", reason="make oracles installs it")
    places, record = joint_positions(N_LINKS), []

    class Worm(elastica.BaseSystemCollection, elastica.Forcing):
        """One rod with forces."""

    class Medium(elastica.NoForces):
        """Drag, and the preferred curvature of the muscles."""

        def apply_forces(self, system, time=0.0):
            velocity = system.velocity_collection[:2]
            along, normal = system.director_collection[2, :2].T, system.director_collection[1, :2].T
            middle = (velocity[:, 1:] + velocity[:, :-1]).T / 2
            force = drag(middle, along, normal, normal_drag, drag_ratio).T / 2
            system.external_forces[:2, :-1] += force
            system.external_forces[:2, 1:] += force

        def apply_torques(self, system, time=0.0):
            system.external_torques[0] -= normal_drag * LINK**3 / 12 * system.omega_collection[0]
            system.rest_kappa[0] = preferred(time, places)

    worm, rod = Worm(), elastica_rod(elastica)
    worm.append(rod)
    worm.add_forcing_to(rod).using(Medium)
    worm.finalize()
    stepper, time = elastica.PositionVerlet(), 0.0
    for step in range(round(DURATION_S / STEP_S)):
        if step and step % EVERY == 0:
            record.append(rod.position_collection[:2].T.copy())
        time = stepper.step(worm, time, STEP_S)
    return np.array(record)


@pytest.mark.slow
def test_pyelastica_moves_the_same_body():
    compared(run_elastica(*DRAGS[0]), ours(*DRAGS[0], viscosity=0.0))
