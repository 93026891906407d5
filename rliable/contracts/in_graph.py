"""The contract of an environment inside the graph (`rliable.environments.base.Environment`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rliable.environments.base import Environment
from rliable.environments.runtime import open_devices, prepare_tensorflow, tf
from rliable.executors.worker import error_line
from rliable.schema import Problem

NUM_EPISODES = 7
NUM_STEPS = 30


def graph_problems(environment: Environment) -> list[Problem]:
    """The faults of an environment: the first part of the contract that it breaks."""
    prepare_tensorflow()
    open_devices()
    try:
        for check in (space_fault, start_fault, step_fault):
            problem = check(environment)
            if problem is not None:
                return [problem]
    except (Exception, SystemExit) as error:
        return [Problem("raises", f"{error_line(error):.200}")]
    return []


def space_fault(environment: Environment) -> Problem | None:
    """What is wrong with what it says of itself."""
    bounds = list(zip(environment.action_low, environment.action_high, strict=True))
    if bool(environment.num_actions) == bool(bounds):
        return Problem("actions", "either num_actions is above 0, or action_low and action_high hold bounds")
    if not all(np.isfinite([low, high]).all() and low < high for low, high in bounds):
        return Problem("actions", f"bounds must be finite, each lower one below the upper, found {bounds}")
    if hash(environment) != hash(environment) or environment.max_episode_steps < 1:
        return Problem("max_episode_steps", f"must be at least 1, found {environment.max_episode_steps}")
    return None


def start_fault(environment: Environment) -> Problem | None:
    """What is wrong with how episodes start."""
    first, again = (environment.initial_states([3, 4, 5]) for _ in range(2))
    if not (np.array_equal(first, again) and np.array_equal(first[2:], environment.initial_states([5]))):
        return Problem("seed", "initial_states must follow from each seed alone; draw from a generator of that seed")
    reset = compiled(lambda seed: environment.reset(seed, NUM_EPISODES))
    states, same = reset(tf.constant([1, 2])), reset(tf.constant([1, 2]))
    if not np.array_equal(states, same):
        return Problem("seed", "reset must follow from its seed alone; draw by rliable.environments.random_numbers")
    if states.dtype != first.dtype or states.shape[1:] != first.shape[1:]:
        found = f"{first.dtype} {list(first.shape[1:])} and {states.dtype.name} {list(states.shape[1:])}"
        return Problem("state", f"initial_states and reset must give states of one type and shape, found {found}")
    return None


def step_fault(environment: Environment) -> Problem | None:
    """What is wrong with a course of steps, each compiled by XLA."""
    step, observe = compiled(environment.step), compiled(environment.observe)
    state, random = tf.constant(environment.initial_states(range(NUM_EPISODES))), np.random.default_rng(1)
    for _ in range(NUM_STEPS):
        before, action = state, random_actions(environment, random)
        state, reward, terminated = step(before, action)
        problem = shape_fault(environment, before, observe(state), (state, reward, terminated))
        if problem is not None:
            return problem
    return None


def shape_fault(environment: Environment, before: Any, observation: Any, after: tuple[Any, Any, Any]) -> Problem | None:
    """What is wrong with what a step gives."""
    wanted = {
        "observation": (observation, [NUM_EPISODES, environment.observation_size], "float32"),
        "state": (after[0], list(before.shape), before.dtype.name),
        "reward": (after[1], [NUM_EPISODES], "float32"),
        "flags": (after[2], [NUM_EPISODES], "bool"),
    }
    for name, (found, shape, dtype) in wanted.items():
        if (list(found.shape), found.dtype.name) != (shape, dtype):
            return Problem(name, f"must be {dtype} {shape}, found {found.dtype.name} {list(found.shape)}")
        if dtype.startswith("float") and not np.isfinite(found).all():
            return Problem("finite", f"the {name} holds a number that is not finite")
    return None


def random_actions(environment: Environment, random: np.random.Generator) -> Any:
    """Actions of the environment's kind."""
    if environment.num_actions:
        return tf.constant(random.integers(environment.num_actions, size=NUM_EPISODES), tf.int32)
    low, high = environment.action_low, environment.action_high
    return tf.constant(random.uniform(low, high, size=(NUM_EPISODES, len(low))), tf.float32)


def compiled(function: Any) -> Any:
    """A function of tensors as the training compiles it."""
    return tf.function(function, jit_compile=True, autograph=False)
