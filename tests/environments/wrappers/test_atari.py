"""The Atari set: equal to the chain of OpenAI's baselines, written down here once more, and to Gymnasium's own."""

import functools

import ale_py
import cv2
import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

from rliable.environments.wrappers import with_wrappers
from rliable.schema import ConfigError

gymnasium.register_envs(ale_py)
SET = [{"atari": {}}]


def make_game(game, **constants):
    keywords = {"frameskip": 1, "repeat_action_probability": 0.0, **constants}
    return gymnasium.make(f"ALE/{game}-v5", **keywords)


class Reference:
    """The chain, as one loop over the raw frames of a game, with rewards and lives as training sees them."""

    def __init__(self, game, is_training):
        self.game, self.is_training = make_game(game), is_training
        self.has_fire = "FIRE" in self.game.unwrapped.get_action_meanings()
        self.is_over = True

    def skip(self, action):
        total, frames = 0.0, []
        for _ in range(4):
            frame, reward, ended, cut, info = self.game.step(action)
            total += reward
            frames.append(frame)
            if ended or cut:
                break
        self.is_over = ended or cut
        is_lost = 0 < info["lives"] < self.lives
        self.lives = info["lives"]
        self.frame = np.maximum(*frames[-2:]) if len(frames) == 4 else None
        return total, ended or (self.is_training and is_lost), cut

    def reset(self, seed, num_noops):
        if self.is_over or not self.is_training:
            self.frame, info = self.game.reset(seed=seed)
            for _ in range(num_noops):
                self.frame, *_, info = self.game.step(0)
            self.lives = info["lives"]
        else:
            self.skip(0)
        if self.has_fire:
            self.skip(1)
            self.skip(2)
        self.stack = [self.small()] * 4
        return np.stack(self.stack, axis=-1)

    def step(self, action):
        total, ended, cut = self.skip(action)
        if self.frame is None:
            return None, total, ended, cut
        self.stack = [*self.stack[1:], self.small()]
        return np.stack(self.stack, axis=-1), np.sign(total) if self.is_training else total, ended, cut

    def small(self):
        return cv2.resize(cv2.cvtColor(self.frame, cv2.COLOR_RGB2GRAY), (84, 84), interpolation=cv2.INTER_AREA)


@functools.cache
def num_noops_of(game, seed):
    """How many steps of doing nothing the set draws for a seed."""
    environment = with_wrappers(make_game(game), [{"noop_start": {}}])
    return environment.reset(seed=seed)[1]["frame_number"] - make_game(game).reset(seed=seed)[1]["frame_number"]


@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize(("game", "num_steps"), [("Pong", 500), ("Breakout", 500)])
def test_the_set_is_the_chain_of_the_literature(game, num_steps, is_training):
    environment, reference = with_wrappers(make_game(game), SET, is_training), Reference(game, is_training)
    assert environment.observation_space == gymnasium.spaces.Box(0, 255, (84, 84, 4), np.uint8)
    actions, is_over, num_episodes = np.random.default_rng(3).integers(0, 4, num_steps), True, 0
    rewards = []
    for action in actions:
        if is_over:
            num_episodes += 1
            shown, _ = environment.reset(seed=num_episodes)
            assert np.array_equal(shown, reference.reset(num_episodes, num_noops_of(game, num_episodes)))
        shown, reward, ended, cut, _ = environment.step(action)
        expected, *others = reference.step(action)
        assert [reward, ended, cut] == others
        assert expected is None or (shown.dtype == np.uint8 and np.array_equal(shown, expected))
        is_over = ended or cut
        rewards.append(reward)
    assert set(rewards) > {0.0}
    assert num_episodes > (1 if game == "Breakout" else 0)


@pytest.mark.parametrize("game", ["Pong", "Breakout"])
def test_on_the_games_own_grey_the_parts_are_gymnasiums_own_preprocessing(game):
    parts = ["noop_start", "max_and_skip", "grey", "resize", "frame_stack"]
    environment = with_wrappers(make_game(game, obs_type="grayscale"), [{part: {}} for part in parts])
    reference = AtariPreprocessing(make_game(game, obs_type="grayscale"), noop_max=0)
    shown, _ = environment.reset(seed=5)
    reference.reset(seed=5)
    for _ in range(num_noops_of(game, 5)):
        reference.env.step(0)
    for action in np.random.default_rng(4).integers(0, 4, 300):
        shown, *results, _ = environment.step(action)
        expected, *wanted, _ = reference.step(action)
        assert results == wanted
        if any(wanted[1:]):
            break
        assert np.array_equal(shown[..., -1], expected)


def test_the_stack_is_gymnasiums_with_channels_last():
    frames = [{part: {}} for part in ("max_and_skip", "grey", "resize")]
    environment = with_wrappers(make_game("Pong"), [*frames, {"frame_stack": {}}])
    reference = FrameStackObservation(with_wrappers(make_game("Pong"), frames), 4)
    assert np.array_equal(environment.reset(seed=1)[0], np.moveaxis(reference.reset(seed=1)[0][..., 0], 0, -1))
    for action in (2, 3, 2, 2, 0):
        assert np.array_equal(environment.step(action)[0], np.moveaxis(reference.step(action)[0][..., 0], 0, -1))


def test_a_game_that_skips_frames_itself_is_refused_with_the_cure():
    with pytest.raises(ConfigError) as caught:
        with_wrappers(make_game("Pong", frameskip=4), SET)
    assert caught.value.problems == [
        'wrappers: atari skips frames, and so does the environment (4); give it "environment_kwargs": {"frameskip": 1}'
    ]


def test_an_episode_follows_from_its_seed_and_actions():
    played = []
    for _ in range(2):
        environment = with_wrappers(make_game("Breakout"), SET, is_training=True)
        for seed in (7, 8):
            frames = [environment.reset(seed=seed)[0]]
            frames += [environment.step(action)[0] for action in (1, 2, 3) * 8]
            played.append(np.stack(frames))
            while not any(environment.step(0)[2:4]):
                pass
    assert np.array_equal(played[0], played[2]) and np.array_equal(played[1], played[3])
