"""A rollout and its evaluations that several processes share, here played by several models of the same run."""

import gymnasium
import numpy as np
import pytest

from rliable.environments.host import HostEnvironment
from rliable.registry import MODELS
from rliable.schema import check_record
from rliable.training.arrays import by_path
from rliable.training.run import Run

QUICK = {
    "train_iterations": 4,
    "collect_steps_per_iteration": 24,
    "num_environments": 5,
    "num_eval_episodes": 7,
    "eval_interval": 2,
    "fc_layer_params": [8],
    "batch_size": 24,
    "checkpoint_interval_steps": 240,
}


@pytest.fixture(autouse=True)
def always_pays(monkeypatch):
    """Has helpers do their part of whatever can be shared, however quick it is."""
    monkeypatch.setattr("rliable.helping.READY_SECONDS", 0.0)
    monkeypatch.setattr("rliable.helping.LEAST_SECONDS", 0.0)


class Counting(gymnasium.Env):
    """A walk that starts at random and lasts 9 to 17 steps; it knows how many steps all of them have taken."""

    observation_space = gymnasium.spaces.Box(-100, 100, [2], np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, [1], np.float32)
    num_steps = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.left = (
            self.np_random.standard_normal(2).astype(np.float32),
            int(self.np_random.integers(9, 18)),
        )
        return self.place, {}

    def step(self, action):
        Counting.num_steps += 1
        self.left -= 1
        self.place = self.place + np.float32(action[0]) * self.np_random.standard_normal(2).astype(np.float32)
        return self.place, -float(abs(self.place[0])), bool(self.place[0] > 3), self.left == 0, {}


class Lives(Counting):
    """The same, where an episode goes on after the first two of three ends."""

    lives = 1

    def reset(self, *, seed=None, options=None):
        self.lives -= 1
        if self.lives > 0:
            self.left = 10
            return self.place, {"continues": True}
        self.lives = 3
        return super().reset(seed=seed)


class Endless(Counting):
    """The same, where no episode but an instance's first begins anew, and not even that says so."""

    place = None

    def reset(self, *, seed=None, options=None):
        if self.place is None:
            super().reset(seed=seed)
        self.left = 10
        return self.place, {"continues": True}


def make_run(name, kind=Counting, **hp_params):
    """A run, and where it trains."""
    model_class = MODELS.load(name)
    values, problems = check_record(model_class.hyperparameters, QUICK | hp_params)
    assert problems == []
    environment = HostEnvironment(kind.__name__, kind, {})
    return Run(model_class.agent, environment, values, seed=3, num_rows=4), environment


class Crew:
    """Helpers that are objects of the same run.

    Args:
      number: how many there are at first.
      name, hp_params: of the run.
      lost_at: numbers of orders upon which a helper is lost.
      come_at: numbers of orders before which another helper comes.
    """

    def __init__(self, number, name, lost_at=(), come_at=(), **hp_params):
        self.new = lambda: make_run(name, **hp_params)[0]
        self.runs = {f"slot {number}": self.new() for number in range(number)}
        self.lost_at, self.come_at = lost_at, come_at
        self.answers, self.num_orders, self.num_answered = {}, 0, 0

    def present(self):
        if self.num_orders in self.come_at:
            self.runs.setdefault(f"come at {self.num_orders}", self.new())
        return list(self.runs)

    def ask(self, helper, order):
        self.num_orders += 1
        if self.num_orders in self.lost_at:
            del self.runs[helper]
            self.answers[helper] = None
        else:
            self.num_answered += 1
            self.answers[helper] = self.runs[helper].help(order)

    def answer(self, helper):
        return self.answers.pop(helper)


def outcome(name, helpers=None, checkpoint=None, **hp_params):
    """All that a run leaves: its parts, its reports, its checkpoints."""
    run, environment = make_run(name, **hp_params)
    rows, checkpoints = [], []
    run.train(
        lambda step, **figures: rows.append((step, figures)), environment, checkpoints.append, checkpoint, helpers
    )
    return {path: array.tobytes() for path, array in by_path(run.parts).items()}, rows, checkpoints


@pytest.mark.parametrize("name", ["PPO", "REINFORCE"])
@pytest.mark.parametrize(
    "crew",
    [
        {"number": 1},
        {"number": 3},
        {"number": 9},
        {"number": 2, "lost_at": (3,)},
        {"number": 2, "lost_at": (6, 9)},
        {"number": 1, "come_at": (2, 4)},
        {"number": 2, "lost_at": (5, 6), "come_at": (6,)},
    ],
    ids=str,
)
def test_whoever_helps_the_run_is_the_same_to_the_last_bit(name, crew):
    helpers = Crew(name=name, **crew)

    assert outcome(name, helpers) == outcome(name)

    assert helpers.num_answered >= 2


@pytest.mark.parametrize("kind", [Lives, Endless])
@pytest.mark.parametrize("crew", [{"number": 2, "lost_at": (6, 9)}, {"number": 1, "come_at": (2, 4)}], ids=str)
def test_whoever_helps_a_run_whose_episodes_go_on_it_is_the_same_to_the_last_bit(kind, crew):
    assert outcome("PPO", Crew(name="PPO", kind=kind, **crew), kind=kind) == outcome("PPO", kind=kind)


@pytest.mark.parametrize("kind", [Counting, Lives, Endless])
def test_a_run_that_goes_on_from_a_checkpoint_is_helped_from_there(kind):
    _, _, checkpoints = whole = outcome("PPO", kind=kind)

    parts, rows, _ = outcome("PPO", Crew(2, "PPO", kind=kind), checkpoints[0], kind=kind)

    assert parts == whole[0]
    assert rows == whole[1][-len(rows) :]


def test_helpers_take_their_share_of_the_steps():
    alone = steps_of(None)
    crew = Crew(4, "PPO")
    crew.ask = lambda helper, order: crew.answers.update({helper: answer_uncounted(crew.runs[helper], order)})

    assert steps_of(crew) == pytest.approx(alone / 5, rel=0.2)


def steps_of(helpers):
    """How many steps a run takes itself."""
    before = Counting.num_steps
    outcome("PPO", helpers, num_eval_episodes=5)
    return Counting.num_steps - before


def answer_uncounted(run, order):
    before = Counting.num_steps
    answer = run.help(order)
    Counting.num_steps = before
    return answer


@pytest.mark.parametrize("normalised", ["normalize_observations", "normalize_rewards"])
def test_rollouts_whose_statistics_need_every_step_are_not_shared_but_evaluations_are(normalised):
    helpers = Crew(1, "PPO", **{normalised: True})

    assert outcome("PPO", helpers, **{normalised: True}) == outcome("PPO", **{normalised: True})

    assert helpers.num_orders == 3


def test_off_policy_agents_are_helped_with_their_evaluations():
    hp_params = {"batch_size": 8, "initial_collect_steps": 8}
    helpers = Crew(1, "SAC", **hp_params)

    assert outcome("SAC", helpers, **hp_params) == outcome("SAC", **hp_params)

    assert helpers.num_orders == 3
