"""NeuroGym's environments as tasks, against NeuroGym itself."""

import importlib

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.tasks import NeuroGymTask, masked_loss

neurogym = pytest.importorskip("neurogym")
core = importlib.import_module("neurogym.core")
gymnasium = importlib.import_module("gymnasium")
pytestmark = pytest.mark.filterwarnings("ignore:.*render_modes")

NAME = "DelayMatchSample-v0"


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_trials_are_those_of_neurogym():
    """The same seed, and NeuroGym's own trials in turn."""
    task = NeuroGymTask(name=NAME, periods=("decision",))
    trials = task.sample(5, generator())
    assert trials.inputs.shape == (32, 5, 3)
    environment = neurogym.make(NAME).unwrapped
    environment.seed(int(torch.randint(2**31, (), generator=generator())))
    for k in range(5):
        environment.new_trial()
        np.testing.assert_array_equal(trials.inputs[:, k], environment.ob)
        np.testing.assert_array_equal(trials.targets[:, k].argmax(dim=1), environment.gt)
        np.testing.assert_array_equal(trials.targets[:, k].sum(dim=1), 1)
        decision = np.zeros(32)
        decision[environment.start_ind["decision"] :] = 1
        np.testing.assert_array_equal(trials.mask[:, k], decision)


def test_a_seed_gives_the_same_trials_and_chance_is_that_of_the_best_constant():
    task = NeuroGymTask(name=NAME, periods=("decision",))
    first, again, other = (task.sample(400, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.inputs, again.inputs)
    assert not torch.equal(first.inputs, other.inputs)
    # Match or not, each with 1/2: variances 0, 1/4, 1/4.
    assert task.chance == pytest.approx(1 / 6, rel=0.02)
    constant = torch.tensor([0.0, 0.5, 0.5]).expand_as(first.targets)
    found = masked_loss(constant, first)
    assert float(found) == pytest.approx(1 / 6, rel=1e-5)


def test_trials_of_random_length_are_padded():
    task = NeuroGymTask(name="ReadySetGo-v0", step_ms=50.0)
    trials = task.sample(50, generator())
    lengths = trials.mask.sum(dim=0)
    assert len(set(lengths.tolist())) > 1
    assert lengths.max() <= task.n_steps
    assert (trials.inputs[trials.mask == 0] == 0).all()
    for length, mask in zip(lengths.int(), trials.mask.T, strict=True):
        assert (mask[:length] == 1).all()


def test_many_environments_are_tasks():
    for name in ("PerceptualDecisionMaking-v0", "GoNogo-v0", "ReachingDelayResponse-v0"):
        task = NeuroGymTask(name=name)
        trials = task.sample(3, generator())
        assert trials.inputs.shape == (task.n_steps, 3, task.n_inputs)
        outputs = (task.n_outputs,) if task.n_outputs > 1 else ()
        assert trials.targets.shape == (task.n_steps, 3, *outputs)
        assert trials.inputs.isfinite().all()


def test_a_net_learns_one():
    """The stronger of two signals is reported; the limit lies well below chance."""
    task = NeuroGymTask(
        name="PerceptualDecisionMaking-v0", periods=("decision",), options={"sigma": 0.1}
    )
    net = ann_bridge.GRUNet(
        n_units=32, n_inputs=task.n_inputs, n_outputs=task.n_outputs, step_ms=task.step_ms
    )
    budget = ann_bridge.TrainingParameters(steps=80, batch_size=16, learning_rate=1e-2)
    ann_bridge.train(net, task, budget, seed=0)
    assert ann_bridge.evaluate(net, task, seed=5) < 0.6 * task.chance


class Bare(core.BaseEnv):
    """An environment without trials."""

    action_space = gymnasium.spaces.Discrete(2)
    observation_space = gymnasium.spaces.Box(-1, 1, (1,))


def test_what_is_no_task_is_refused():
    gymnasium.register("Bare-v0", entry_point=Bare)
    with pytest.raises(ValueError, match="cannot make 'Nothing-v0'"):
        NeuroGymTask(name="Nothing-v0")
    with pytest.raises(ValueError, match="not have a period 'test2'.*fixation"):
        NeuroGymTask(name=NAME, periods=("test2",))
    with pytest.raises(ValueError, match="not set the ground truth"):
        NeuroGymTask(name="DawTwoStep-v0")
    with pytest.raises(ValueError, match="not have trials"):
        NeuroGymTask(name="Bare-v0")


def own_environment(space, truth, *, observations=None, inputs=None):
    """A registered class of trials with this action space and ground truth."""

    class Own(core.TrialEnv):
        def __init__(self, dt=100, **_):
            super().__init__(dt=dt)
            self.timing = {"wait": 300, "decision": 300}
            box = gymnasium.spaces.Box(-np.inf, np.inf, shape=(2,), dtype=np.float32)
            self.observation_space = box if observations is None else observations
            self.action_space = space

        def _new_trial(self, **_):
            self.add_period(["wait", "decision"])
            self.add_ob(0.0)
            if inputs is not None:
                self.ob = inputs
            self.gt = np.array(truth(self.rng))
            self._gt_built = True
            return {}

        def _step(self, action):  # pragma: no cover - never stepped
            raise NotImplementedError

    gymnasium.register("Own-v0", entry_point=Own)
    return "Own-v0"


@pytest.fixture
def own():
    yield own_environment
    gymnasium.registry.pop("Own-v0", None)


Discrete, Box = gymnasium.spaces.Discrete, gymnasium.spaces.Box


def test_the_ground_truth_of_no_target_does_not_count(own):
    """-1 was the last of the choices."""
    task = NeuroGymTask(name=own(Discrete(3), lambda rng: [-1, -1, 0, -1, 2, rng.randint(3)]))
    trials = task.sample(50, generator())
    np.testing.assert_array_equal(trials.mask[:, 0], [0, 0, 1, 0, 1, 1])
    np.testing.assert_array_equal(trials.targets[[0, 1, 3]], 0)
    np.testing.assert_array_equal(trials.targets[4, 0], [0, 0, 1])
    assert trials.targets.sum() == 150
    # One of 3 with 1/3, 0 with 1/3, 2 with 1/3 of the steps that count.
    p = np.array([4, 1, 4]) / 9
    assert task.chance == pytest.approx((p * (1 - p)).mean(), rel=0.05)
    assert 0 < task.chance_error < 0.01


def test_no_target_within_a_period_is_refused(own):
    name = own(Discrete(2), lambda _: [0, 1, 0, -1, -1, -1])
    with pytest.raises(ValueError, match=r"no step of 200 trials has a target in \('decision',\)"):
        NeuroGymTask(name=name, periods=("decision",))


def test_choices_may_start_elsewhere(own):
    task = NeuroGymTask(name=own(Discrete(3, start=-1), lambda _: [-1, 0, 1, 1, 0, -1]))
    trials = task.sample(2, generator())
    np.testing.assert_array_equal(trials.targets[:, 0].argmax(dim=1), [0, 1, 2, 2, 1, 0])
    assert (trials.mask == 1).all()


MultiBinary = gymnasium.spaces.MultiBinary


@pytest.mark.parametrize(
    ("space", "first"),
    [(Box(-2, 2, shape=(2,)), -1), (Box(-1, 1, shape=(2,)), -1), (MultiBinary(2), 0)],
)
def test_targets_that_are_numbers_are_themselves(own, space, first):
    """-1 is a number where the space contains it."""
    values = np.array([[first, 0], [1, 1], [0, 1], [0, 0], [1, 0], [1, 1]])
    task = NeuroGymTask(name=own(space, lambda _: values))
    trials = task.sample(2, generator())
    np.testing.assert_array_equal(trials.targets[:, 1], values)
    assert (trials.mask == 1).all()


@pytest.mark.parametrize(
    ("space", "truth", "message"),
    [
        (Discrete(3), [0, 0, 6, 0, 0, 0], r"ground truth 6; .* choices 0 to 2, and -1 or NaN"),
        (Discrete(3), [0, 0, -2, 0, 0, 0], r"ground truth -2; .* choices 0 to 2"),
        (Discrete(3), [0, 0, 0.5, 0, 0, 0], r"ground truth 0\.5; "),
        (Discrete(3), [0, 0, np.inf, 0, 0, 0], "ground truth inf; "),
        (Discrete(3), ["left"] * 6, r"ground truth of .* real numbers, .* the type <U4"),
        (Discrete(3), [None] * 6, r"ground truth of .* got the type object"),
        (Discrete(3), [1j] * 6, r"ground truth of .* is complex, where real"),
        (Discrete(3), np.eye(3)[[0, 1, 2] * 2], r"shape \(6, 3\); .* need 6 times 1 values"),
        (Discrete(3), [0, 1], r"ground truth of shape \(2,\); its 6 steps"),
        (Box(0, 1, shape=(3,)), np.zeros((6, 2)), r"shape \(6, 2\); .* need 6 times 3 values"),
        (Box(0, 1, shape=(1,)), [0, 0, -999, 0, 0, 0], "ground truth -999, which its action space"),
        (Box(0, 1, shape=(1,)), [0, 0, np.inf, 0, 0, 0], "ground truth inf, which its action"),
        (MultiBinary(1), [0, 0, 2, 0, 0, 0], "ground truth 2, which its action space MultiBinary"),
        (MultiBinary(2), [[0, -1]] * 6, r"some outputs of a step .* \[0\.0, -1\.0\]; a"),
        (gymnasium.spaces.MultiDiscrete([2, 3]), np.zeros((6, 2)), r"MultiDiscrete\(\[2 3\]\); a"),
        (gymnasium.spaces.Tuple([Discrete(2)]), np.zeros(6), r"Tuple\(Discrete\(2\)\); a task"),
    ],
)  # fmt: skip
def test_other_action_spaces_and_truths_are_named(own, space, truth, message):
    with pytest.raises(ValueError, match=message):
        NeuroGymTask(name=own(space, lambda _: truth))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.full((6, 2), np.nan), "an input that is not finite, nan at step 0"),
        (np.diag([1, 1, np.inf, 1, 1, 1])[:, 2:4], "not finite, inf at step 2"),
        (np.ones((6, 2)) * 1j, r"input of Own-v0 is complex, where real numbers"),
        (np.full((6, 2), "a"), "input of Own-v0 must be .* real numbers, .* <U1"),
        (np.zeros((6, 3)), r"input of shape \(6, 3\), .* needs \(n_steps, 2\)"),
        (np.zeros((2, 6)), r"input of shape \(2, 6\), .* needs \(n_steps, 2\)"),
        (np.zeros((7, 2)), "its 7 steps"),
    ],
)
def test_inputs_that_do_not_fit_are_named(own, inputs, message):
    with pytest.raises(ValueError, match=message):
        NeuroGymTask(name=own(Discrete(3), lambda _: [0] * 6, inputs=inputs))


def test_a_choice_that_is_not_a_number_does_not_count(own):
    task = NeuroGymTask(name=own(Discrete(3), lambda rng: [np.nan] * 5 + [rng.randint(3)]))
    trials = task.sample(20, generator())
    np.testing.assert_array_equal(trials.mask.sum(dim=0), 1)
    assert trials.targets.sum() == 20


@pytest.mark.parametrize("periods", [3, ("decision", 1), {"decision": 1}])
def test_periods_are_names(own, periods):
    with pytest.raises(TypeError, match="periods must be names of periods"):
        NeuroGymTask(name=own(Discrete(2), lambda _: [0, 1] * 3), periods=periods)


@pytest.mark.parametrize(
    ("space", "absent"),
    [
        *[(Box(-2, 2, shape=(2,)), np.nan), (Box(0, 1, shape=(2,)), -1)],
        *[(Box(0, 1, shape=(2,)), np.nan), (MultiBinary(2), -1), (MultiBinary(2), np.nan)],
        (Box(np.array([0, 0.5]), np.array([1, 1]), dtype=np.float64), -1),
    ],
)
def test_no_target_among_numbers_does_not_count(own, space, absent):
    """It was trained on as a number; NaN made every loss NaN."""
    values = np.array([[absent] * 2, [absent] * 2, [0, 1], [absent] * 2, [1, 1], [0, 1]])
    task = NeuroGymTask(name=own(space, lambda _: values))
    trials = task.sample(3, generator())
    np.testing.assert_array_equal(trials.mask[:, 1], [0, 0, 1, 0, 1, 1])
    np.testing.assert_array_equal(trials.targets[:, 1], np.where(values >= 0, values, 0))
    # One of two outputs is 0, 1, 0; the other is constant.
    assert task.chance == pytest.approx(2 / 9 / 2, rel=1e-12)


def test_no_target_of_one_number_does_not_count(own):
    task = NeuroGymTask(name=own(Box(0, 1, shape=(1,)), lambda _: [-1, -1, 0.1, np.nan, 1, 0]))
    trials = task.sample(3, generator())
    np.testing.assert_array_equal(trials.mask[:, 1], [0, 0, 1, 0, 1, 1])
    np.testing.assert_allclose(trials.targets[:, 1], [0, 0, 0.1, 0, 1, 0], rtol=1e-7)


@pytest.mark.parametrize("step_ms", [100.0, 20.0])
def test_the_step_has_one_name(own, step_ms):
    name = own(Discrete(2), lambda rng: np.zeros(round(600 / step_ms), int))
    with pytest.raises(ValueError, match=r"options has dt=50, but .* Use step_ms=50 without dt"):
        NeuroGymTask(name=name, options={"dt": 50}, step_ms=step_ms)
    task = NeuroGymTask(name=name, options={"dt": step_ms}, step_ms=step_ms)
    assert task.n_steps == round(600 / step_ms)


@pytest.mark.parametrize("periods", ["decision", ["decision"], ("decision",)])
def test_one_period_by_its_name(own, periods):
    task = NeuroGymTask(name=own(Discrete(2), lambda rng: np.zeros(6, int)), periods=periods)
    assert task.periods == ("decision",)
    mask = task.sample(1, generator()).mask[:, 0]
    np.testing.assert_array_equal(mask, [0, 0, 0, 1, 1, 1])


def test_other_observations_are_named(own):
    name = own(Discrete(2), lambda _: np.zeros(6, int), observations=Discrete(5))
    with pytest.raises(ValueError, match=r"observation space Discrete\(5\); a task needs a Box"):
        NeuroGymTask(name=name)


def test_an_environment_of_neurogym_with_a_stranger_truth_is_named():
    with pytest.raises(ValueError, match=r"Reaching1D-v0 has the ground truth \d; .* 0 to 2"):
        NeuroGymTask(name="Reaching1D-v0")


@pytest.mark.parametrize("name", [core.TrialEnv, np.zeros(3)])
def test_a_class_instead_of_a_name_is_named(name):
    with pytest.raises(TypeError, match=r"name must be a string .* got (TrialEnv|ndarray)\. .*reg"):
        NeuroGymTask(name=name)
