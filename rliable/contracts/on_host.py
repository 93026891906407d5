"""The contract of an environment that steps on the host, whoever wrote it."""

from __future__ import annotations

import contextlib
import functools
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rliable.contracts.observed import observation_problem
from rliable.environments.host import LARGEST_REWARD, HostEnvironment
from rliable.environments.recording import Moment, first_difference, moments_of, play
from rliable.executors.worker import error_line
from rliable.schema import Problem

#: Episodes that are played, and how many steps of each are played again.
SEEDS = (1, 2, 3, 4, 5)
NUM_REPEATED = 200


class Fault(Exception):
    """The first fault of a part of the contract.

    Attributes:
      problem: its name and the cure.
    """

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.problem = Problem(name, words)


def host_problems(environment: HostEnvironment, max_steps: int) -> list[Problem]:
    """The faults of an environment, one of each part of the contract at most.

    What the later parts compare is right only where the earlier ones found nothing.
    """
    problems = found_by(functools.partial(check_episodes, environment, max_steps))
    if not problems:
        problems = found_by(functools.partial(check_seeds, environment))
    if not problems:
        problems = found_by(functools.partial(check_used, environment))
        problems += found_by(functools.partial(check_independence, environment))
    return problems + found_by(functools.partial(check_render, environment))


def found_by(check: Callable[[], None]) -> list[Problem]:
    """The fault that a part of the contract meets, also one that the environment raises itself."""
    try:
        check()
    except Fault as fault:
        return [fault.problem]
    except (Exception, SystemExit) as error:
        return [Problem("raises", error_line(error))]
    return []


def check_episodes(environment: HostEnvironment, max_steps: int) -> None:
    """Plays episodes of random actions to their ends, and looks at all that they give."""
    with contextlib.closing(environment.make_gymnasium()) as instance:
        episodes = [played_to_end(environment, instance, seed, max_steps) for seed in SEEDS]
        check_truncation(environment, episodes)
        check_bounds(environment, instance)


def played_to_end(environment: HostEnvironment, instance: Any, seed: int, max_steps: int) -> list[Moment]:
    """An episode of random actions, each step of which has been looked at."""
    episode = play(environment, instance, seed, max_steps)
    for moment in episode:
        check_moment(instance, moment)
    if not episode[-1].is_end:
        words = f"an episode of random actions did not end within {max_steps:,} steps"
        raise Fault("endless", f'{words}; give it a time limit, by "wrappers": ["time_limit(1000)"] or in the class')
    return episode


def check_moment(instance: Any, moment: Moment) -> None:
    """Looks at what a step has given."""
    problem = observation_problem(instance.observation_space, moment.observation)
    if problem is not None:
        raise Fault(problem.path, problem.words)
    if not is_one_number(moment.reward):
        raise Fault("reward", f"must be a finite number, found {moment.reward!r:.60}")
    for name in ("terminated", "truncated"):
        flag = getattr(moment, name)
        if not isinstance(flag, bool | np.bool_):
            raise Fault("flags", f"{name} must be True or False, found {flag!r:.60}")


def is_one_number(value: Any) -> bool:
    """Tells whether something is one number, as Python or NumPy have them, and finite with 32 bits."""
    try:
        return isinstance(np.asarray(value).item(), int | float) and abs(value) <= LARGEST_REWARD
    except (TypeError, ValueError):
        return False


def check_truncation(environment: HostEnvironment, episodes: Sequence[Sequence[Moment]]) -> None:
    """Finds a time limit that is told as termination: all episodes end at one step, which no observation shows."""
    num_steps = {len(episode) - 1 for episode in episodes}
    is_told = any(episode[-1].truncated for episode in episodes)
    if len(num_steps) > 1 or is_told or num_steps == {1} or environment.image_shape is not None:
        return
    rows = [environment.show(moment.observation) for episode in episodes for moment in episode]
    if not follows_from(np.array([step for episode in episodes for step in range(len(episode))]), np.array(rows)):
        words = f"every episode is terminated after {num_steps.pop()} steps; a time limit must be told as truncated"
        old = "(in an old class info['TimeLimit.truncated'] = True)"
        raise Fault(
            "truncation", f"{words} {old}, and the task's own end be seen in the observation, as time that is left"
        )


def follows_from(steps: np.ndarray, rows: np.ndarray) -> bool:
    """Tells whether a linear function of the observations [N, O] gives the steps [N], or there are too few to know."""
    features = np.column_stack([rows, np.ones(len(rows))])
    if len(rows) < 2 * features.shape[1]:
        return True
    weights, *_ = np.linalg.lstsq(features, steps, rcond=None)
    return bool(np.abs(features @ weights - steps).max() < 0.1)


def check_bounds(environment: HostEnvironment, instance: Any) -> None:
    """Acts at both ends of the action space."""
    low, high = (np.array(bound, np.float32) for bound in (environment.action_low, environment.action_high))
    for action in (0, environment.num_actions - 1) if environment.num_actions else (low, high):
        instance.reset(seed=SEEDS[0])
        instance.step(environment.take(action))


def check_seeds(environment: HostEnvironment) -> None:
    """Plays an episode in two new instances, with the generators that all of a process share in different states."""
    episodes = []
    for state in range(2):
        np.random.seed(state)
        random.seed(state)
        episodes.append(played_anew(environment, SEEDS[0]))
    step = first_difference(environment, *episodes)
    if step is not None:
        words = f"the same seed and actions gave another episode, from step {step} on"
        raise Fault("seed", f"{words}; draw from a generator that reset(seed=...) begins, such as self.np_random")


def played_anew(environment: HostEnvironment, seed: int) -> list[Moment]:
    """The beginning of an episode in a new instance."""
    with contextlib.closing(environment.make_gymnasium()) as instance:
        return play(environment, instance, seed, NUM_REPEATED)


def check_used(environment: HostEnvironment) -> None:
    """Plays an episode again in an instance that has played others, one of them not to its end."""
    with contextlib.closing(environment.make_gymnasium()) as instance:
        first = play(environment, instance, SEEDS[0], NUM_REPEATED)
        play(environment, instance, SEEDS[1], 3)
        step = first_difference(environment, first, play(environment, instance, SEEDS[0], NUM_REPEATED))
    if step is not None:
        words = f"in an instance that has been used the same seed and actions gave another episode, from step {step} on"
        raise Fault("used", f"{words}; reset must set all that an episode changes")


def check_independence(environment: HostEnvironment) -> None:
    """Plays two episodes step by step side by side, and compares each with itself alone."""
    seeds = SEEDS[:2]
    alone = [played_anew(environment, seed) for seed in seeds]
    with contextlib.ExitStack() as stack:
        instances = [stack.enter_context(contextlib.closing(environment.make_gymnasium())) for _ in seeds]
        moments = [moments_of(environment, one, seed) for one, seed in zip(instances, seeds, strict=True)]
        rows = list(itertools.islice(itertools.zip_longest(*moments), NUM_REPEATED + 1))
    for expected, column in zip(alone, zip(*rows, strict=True), strict=True):
        step = first_difference(environment, expected, [moment for moment in column if moment is not None])
        if step is not None:
            words = f"two instances side by side disturb each other, from step {step} on"
            raise Fault("independence", f"{words}; keep what an episode changes in self, not in the class or module")


def check_render(environment: HostEnvironment) -> None:
    """Draws a picture, if the environment says that it can."""
    with contextlib.closing(environment.make_gymnasium()) as instance:
        modes = instance.metadata.get("render_modes") or instance.metadata.get("render.modes") or []
    if "rgb_array" not in modes:
        return
    try:
        with contextlib.closing(environment.make(render_mode="rgb_array")) as drawn:
            drawn.reset(SEEDS[0])
            picture = drawn.render()
    except (Exception, SystemExit) as error:
        words = f"metadata says that it can draw (rgb_array); that raised {error_line(error)}"
        raise Fault("render", words) from error
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise Fault("render", f"must give uint8 [height, width, 3], found {picture.dtype} {list(picture.shape)}")
