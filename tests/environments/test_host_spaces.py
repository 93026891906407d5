"""What agents see and do in the spaces of Gymnasium and Gym, and what is refused."""

import gym
import numpy as np
import pytest
from gymnasium import spaces

from rliable.environments.old_interface import as_gymnasium
from rliable.environments.spaces import read_actions, read_observations
from rliable.schema import ConfigError

BOX = spaces.Box(-1.0, 1.0, (2, 3), np.float64)
SEEN = {
    "a row of numbers": (spaces.Box(-np.inf, np.inf, (3,)), [1, 2, 3], [1, 2, 3]),
    "a number": (spaces.Box(0, 9, ()), 4, [4]),
    "a table": (BOX, np.arange(6).reshape(2, 3) / 8, np.arange(6) / 8),
    "bytes": (spaces.Box(0, 255, (2,), np.uint8), [7, 255], [7, 255]),
    "one of three": (spaces.Discrete(3), 2, [0, 0, 1]),
    "one of three from -1": (spaces.Discrete(3, start=-1), -1, [1, 0, 0]),
    "one of Gym's": (as_gymnasium(gym.spaces.Discrete(2)), 1, [0, 1]),
    "several choices": (spaces.MultiDiscrete([2, 3]), [1, 0], [0, 1, 1, 0, 0]),
    "switches": (spaces.MultiBinary(3), [1, 0, 1], [1, 0, 1]),
    "a tuple": (spaces.Tuple([spaces.Discrete(2), spaces.Box(0, 1, (1,))]), (1, [0.5]), [0, 1, 0.5]),
    "parts by name": (
        spaces.Dict(a=spaces.Dict(b=spaces.Discrete(2)), c=spaces.MultiBinary(1)),
        {"a": {"b": 0}, "c": [1]},
        [1, 0, 1],
    ),
}


def words_of(function, space):
    with pytest.raises(ConfigError) as caught:
        function("Maze", space)
    (line,) = caught.value.problems
    return line


@pytest.mark.parametrize("what", SEEN)
def test_an_observation_becomes_a_row_of_numbers(what):
    space, raw, expected = SEEN[what]
    seen = read_observations("Maze", space)
    shown = seen.show(raw)
    assert (seen.size, seen.image_shape, shown.dtype, shown.shape) == (len(expected), None, np.float32, (seen.size,))
    np.testing.assert_array_equal(shown, np.asarray(expected, np.float32))
    is_changed = what in ("a table", "several choices", "switches", "a tuple", "parts by name")
    assert (f"flattened to {seen.size} numbers" in seen.note) == is_changed


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3)])
def test_bytes_in_two_or_three_dimensions_are_an_image(shape):
    seen = read_observations("Maze", spaces.Box(0, 255, shape, np.uint8))
    raw = np.full(shape, 200, np.uint8)
    shown = seen.show(raw)
    assert seen.image_shape == shown.shape == (*shape, 1)[:3] and shown.dtype == np.uint8
    assert seen.size == shown.size and seen.note == ""


@pytest.mark.parametrize("space", [spaces.Box(-1, 1, (2,)), spaces.Box(0, 255, (2, 2, 1), np.uint8)])
def test_what_is_shown_does_not_change_when_the_environment_writes_over_its_own(space):
    raw = np.zeros(space.shape, space.dtype)
    shown = read_observations("Maze", space).show(raw)
    raw[...] = 1
    assert not shown.any()


@pytest.mark.parametrize("space", [spaces.Text(3), spaces.Sequence(spaces.Discrete(2)), spaces.Graph(BOX, None)])
def test_an_observation_that_is_no_numbers_is_refused_with_the_spaces_text(space):
    line = words_of(read_observations, spaces.Dict(a=spaces.Discrete(2), b=space))
    assert line.startswith("environment: Maze has observations Dict('a': Discrete(2), 'b': ")
    assert line.endswith(
        f"{type(space).__name__} is not supported; known: Box, Discrete, MultiDiscrete, MultiBinary, Tuple, Dict"
    )


def test_discrete_actions_count_from_where_the_space_does():
    assert read_actions("Maze", spaces.Discrete(3)).take(np.int32(2)) == 2
    actions = read_actions("Maze", spaces.Discrete(3, start=5))
    assert (actions.count, actions.take(np.int32(2))) == (3, 7)


def test_each_combination_of_choices_is_an_action_of_its_own():
    space = spaces.MultiDiscrete([[2, 3], [1, 2]], np.int32, start=[[0, 10], [0, 0]])
    actions = read_actions("Maze", space)
    taken = [actions.take(action) for action in range(actions.count)]
    assert actions.count == 12 and len({action.tobytes() for action in taken}) == 12
    assert all(space.contains(action) for action in taken)
    assert "each of the 12 combinations" in actions.note
    assert read_actions("Maze", spaces.MultiBinary(10)).count == 1024


def test_too_many_combinations_are_refused():
    assert words_of(read_actions, spaces.MultiDiscrete([32, 33])) == (
        "environment: Maze has actions MultiDiscrete([32 33]): 1,056 combinations are more than the 1,024 of which "
        "each can be one action"
    )


def test_continuous_actions_have_the_spaces_shape_and_type():
    row = np.array([0.5, -1, 1, 0, 0, 0.25], np.float32)
    actions = read_actions("Maze", BOX)
    assert actions.low == (-1.0,) * 6 and actions.high == (1.0,) * 6
    assert BOX.contains(actions.take(row)) and actions.take(row)[0, 1] == -1
    same = read_actions("Maze", spaces.Box(-1, 1, (6,))).take
    assert same(row) is row
    whole = spaces.Box(0, 10, (1,), np.int16)
    assert whole.contains(read_actions("Maze", whole).take(np.array([9.6], np.float32)))


@pytest.mark.parametrize("high", [np.inf, np.array([1.0, np.inf])])
def test_unbounded_actions_name_the_cure(high):
    line = words_of(read_actions, spaces.Box(-1.0, high, (2,)))
    assert line.startswith("environment: Maze has actions Box(-1.0, ")
    assert line.endswith(': agents need finite bounds; give it some by "wrappers": [{"clip_actions": [-1, 1]}]')


def test_actions_of_several_parts_are_refused():
    line = words_of(read_actions, spaces.Tuple([spaces.Discrete(2), BOX]))
    assert line.endswith(
        ": Tuple is not supported; known: Discrete, MultiDiscrete, MultiBinary, Box with finite bounds"
    )
