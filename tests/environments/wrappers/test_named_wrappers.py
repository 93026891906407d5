"""Each wrapper on a small environment, against numbers worked out by hand."""

import gymnasium
import numpy as np
import pytest

from rliable.environments.host import HostEnvironment
from rliable.environments.wrappers import WRAPPERS, with_wrappers
from rliable.registry import WRAPPERS as REGISTRY
from rliable.schema import ConfigError, declarations
from tests.environments.wrapped_environments import Counting, Steering


def wrap(*wrappers, is_training=False, **constants):
    return with_wrappers(Counting(**constants), wrappers, is_training)


def play(environment, actions, seed=1):
    """The first observation, and the steps until an episode ends."""
    steps = [(environment.reset(seed=seed)[0], None, False, False)]
    for action in actions:
        if any(steps[-1][2:]):
            break
        steps.append(environment.step(action)[:4])
    return [[part[index] for part in steps] for index in range(4)]


@pytest.mark.parametrize("name", WRAPPERS)
def test_every_wrapper_says_what_it_does_and_what_its_parameters_are(name):
    found = REGISTRY.load(name)
    assert found.__doc__.partition("\n")[0].endswith(".")
    assert all(declared.rule.doc.endswith(".") for declared in declarations(found).values())


def test_a_time_limit_cuts_and_does_not_terminate():
    _, _, terminated, truncated = play(wrap({"time_limit": {"steps": 4}}), [0] * 9)
    assert truncated == [False] * 4 + [True] and not any(terminated)


def test_an_action_that_is_repeated_earns_the_sum():
    environment = wrap({"action_repeat": {"times": 3}})
    _, rewards, *_ = play(environment, [2, 3])
    assert rewards[1:] == [1 + 2 + 3, 4 + 5 + 6]
    assert environment.unwrapped.actions == [2, 2, 2, 3, 3, 3]


def test_the_last_two_frames_of_a_skip_are_pooled():
    class Blinking(Counting):
        def show(self):
            frame = np.zeros((6, 8, 3), np.uint8)
            frame[self.num_steps % 2] = self.num_steps
            return frame

    environment = with_wrappers(Blinking(), [{"max_and_skip": {"skip": 4}}])
    shown, rewards, *_ = play(environment, [0, 0])
    assert [frame[:2, 0, 0].tolist() for frame in shown] == [[0, 0], [4, 3], [8, 7]]
    assert rewards[1:] == [10, 26]


@pytest.mark.parametrize("is_numbers", [True, False])
def test_frames_of_an_environment_that_fills_one_array_are_stacked_as_they_were(is_numbers):
    class InPlace(Counting):
        def show(self):
            new = super().show()
            self.array = getattr(self, "array", new)
            self.array[:] = new
            return self.array

    stack = [{"frame_stack": {"size": 3}}]
    shown, *_ = play(with_wrappers(InPlace(is_numbers=is_numbers), stack), [0, 0, 0])
    expected, *_ = play(with_wrappers(Counting(is_numbers=is_numbers), stack), [0, 0, 0])
    np.testing.assert_array_equal(shown, expected)


def test_a_skip_shows_nothing_of_the_episode_before():
    environment = wrap({"max_and_skip": {"skip": 4}}, num_lives=1)
    play(environment, [0, 0])
    environment.unwrapped.num_lives = 0
    environment.reset(seed=2)
    assert environment.step(0)[0].max() == 0 and environment.unwrapped.num_steps == 1


def test_rewards_are_clipped_and_scaled_in_training_alone():
    wrappers = [{"clip_rewards": {"low": -1, "high": 2}}, {"scale_rewards": {"factor": 0.5}}]
    assert play(wrap(*wrappers, is_training=True), [0] * 4)[1][1:] == [0.5, 1, 1, 1]
    assert play(wrap(*wrappers), [0] * 4)[1][1:] == [1, 2, 3, 4]


def test_stacked_images_are_channels_the_oldest_first():
    shown, *_ = play(wrap({"grey": {}}, {"frame_stack": {"size": 3}}), [0, 0, 0])
    assert [frame.shape for frame in shown] == [(6, 8, 3)] * 4 and shown[0].dtype == np.uint8
    assert [frame[5, 7].tolist() for frame in shown] == [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3]]
    assert all(frame.flags.c_contiguous for frame in shown)


def test_stacked_colours_stay_together_and_stacked_numbers_are_a_longer_row():
    shown, *_ = play(wrap({"frame_stack": {"size": 2}}), [0, 0])
    assert [frame[0, 0].tolist() for frame in shown] == [[0] * 6, [0] * 3 + [1] * 3, [1] * 3 + [2] * 3]
    shown, *_ = play(wrap({"frame_stack": {"size": 2}}, is_numbers=True), [0, 0])
    assert [row.tolist() for row in shown] == [[0, 0, 0, 0], [0, 0, 1, -1], [1, -1, 2, -2]]


def test_grey_is_brightness_and_a_resized_pixel_the_mean_of_its_area():
    class Colours(Counting):
        def show(self):
            frame = np.zeros((6, 8, 3), np.uint8)
            frame[:, ::2] = [255, 0, 0]
            frame[:, 1::2] = [0, 255, 0]
            return frame

    grey, *_ = play(with_wrappers(Colours(), [{"grey": {}}]), [])
    assert grey[0].shape == (6, 8, 1) and grey[0][0, :2, 0].tolist() == [76, 150]  # 0.299 and 0.587 of 255
    small = with_wrappers(Colours(), [{"grey": {}}, {"resize": {"height": 3, "width": 4}}])
    assert small.observation_space.shape == (3, 4, 1)
    assert (small.reset(seed=1)[0] == 113).all() and small.reset(seed=1)[0].shape == (3, 4, 1)


def test_an_episode_begins_with_as_many_no_ops_as_its_seed_says():
    environment = wrap({"noop_start": {"most": 8}}, num_lives=9)
    first = {seed: int(environment.reset(seed=seed)[0].max()) for seed in range(60)}
    assert set(first.values()) == set(range(1, 9))
    assert {seed: int(environment.reset(seed=seed)[0].max()) for seed in range(60)} == first
    assert set(environment.unwrapped.actions) == {0}


def test_an_episode_that_no_ops_end_begins_anew():
    environment = wrap({"noop_start": {"most": 30}}, num_lives=1)
    assert max(environment.reset(seed=seed)[0].max() for seed in range(30)) < 5


def test_fire_is_pressed_after_each_reset_and_needs_the_button():
    environment = wrap({"fire_on_reset": {}})
    assert environment.reset(seed=1)[0].max() == 2
    assert environment.unwrapped.actions == [1, 2]
    with pytest.raises(ConfigError, match="wrappers: fire_on_reset needs the action FIRE as number 1; here it lies"):
        wrap({"fire_on_reset": {}}, has_fire=False)


def test_a_life_is_an_episode_in_training_and_the_next_goes_on_from_there():
    environment = wrap({"episodic_life": {}}, is_training=True)
    told, lengths = [], []
    for seed in range(5):
        observation, info = environment.reset(seed=seed)
        told.append((info["continues"], int(observation.max()), environment.unwrapped.seed_of_game))
        lengths.append(len(play_on(environment)))
    # The reset between two lives is a step of doing nothing.
    assert told == [(False, 0, 0), (True, 6, 0), (True, 11, 0), (False, 0, 3), (True, 6, 3)]
    assert lengths == [5, 4, 4, 5, 4]
    assert len(play(wrap({"episodic_life": {}}), [0] * 99)[0]) == 16


def play_on(environment):
    steps = []
    while not steps or not any(steps[-1][2:4]):
        steps.append(environment.step(0))
    return steps


def test_an_episode_that_begins_anew_while_fire_is_pressed_does_not_say_that_it_continues():
    environment = wrap({"episodic_life": {}}, {"fire_on_reset": {}}, is_training=True, num_lives=2)
    environment.reset(seed=1)
    play_on(environment)
    environment.unwrapped.num_steps = 8  # one step before the game is over
    _, info = environment.reset(seed=2)
    assert not info["continues"] and environment.unwrapped.seed_of_game == 2


def test_lives_must_be_told():
    with pytest.raises(ConfigError, match=r'episodic_life needs an environment that tells info\["lives"\]'):
        with_wrappers(Steering(), [{"episodic_life": {}}], is_training=True).reset(seed=1)


def test_sticky_actions_follow_from_the_seed_even_where_the_environment_does_not_seed_its_generator():
    class Unseeded(Counting):
        def reset(self, *, seed=None, options=None):
            return super().reset(options=options)

    played = []
    for _ in range(2):
        environment = with_wrappers(Unseeded(num_lives=100), [{"sticky_actions": {"probability": 0.25}}])
        for seed in (1, 2):
            play(environment, [index % 4 for index in range(400)], seed)
            played.append(environment.unwrapped.actions)
    assert played[:2] == played[2:] and played[0] != played[1]
    repeated = np.mean([action != index % 4 for index, action in enumerate(played[0])])
    assert 0.15 < repeated < 0.35


def test_clipped_actions_have_bounds_and_narrower_ones_stay():
    environment = with_wrappers(Steering(), [{"clip_actions": {"low": -2, "high": 1}}])
    assert environment.action_space == gymnasium.spaces.Box(-2, 1, (2,), np.float32)
    environment.reset(seed=1)
    assert environment.step(np.array([-9, 9], np.float32))[1] == -1
    space = with_wrappers(Steering(0.5), [{"clip_actions": {}}]).action_space
    assert space == gymnasium.spaces.Box(-0.5, 0.5, (2,), np.float32)
    with pytest.raises(ConfigError, match="clip_actions needs actions between 1 and 2; here it lies"):
        with_wrappers(Steering(0.5), [{"clip_actions": {"low": 1, "high": 2}}])


def test_rescaled_actions_reach_the_environment_in_its_own_bounds():
    environment = with_wrappers(Steering(3), [{"rescale_actions": {"low": 0, "high": 1}}])
    assert environment.action_space == gymnasium.spaces.Box(0, 1, (2,), np.float32)
    environment.reset(seed=1)
    assert environment.step(np.array([0, 0.5], np.float32))[1] == -3
    with pytest.raises(ConfigError, match=r"rescale_actions needs finite bounds \(clip_actions gives them\)"):
        with_wrappers(Steering(), [{"rescale_actions": {}}])


@pytest.mark.parametrize(
    ("name", "needs"),
    [("grey", "images"), ("resize", "images"), ("clip_actions", "continuous actions")],
)
def test_a_wrapper_that_does_not_fit_says_what_it_needs(name, needs):
    with pytest.raises(ConfigError, match=f"wrappers: {name} needs {needs}.*Box.*Discrete"):
        wrap({name: {}}, is_numbers=True)


def test_environments_with_other_wrappers_are_others():
    one, two = (HostEnvironment("Counting", Counting, {}, [{"frame_stack": {"size": size}}]) for size in (2, 3))
    again = HostEnvironment("Counting", Counting, {}, [{"frame_stack": {"size": 2}}])
    assert one == again and hash(one) == hash(again) and one != two
    assert one.image_shape == (6, 8, 6)
