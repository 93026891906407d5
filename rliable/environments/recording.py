"""Records episodes of random actions in an environment that steps on the host, to compare them."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rliable.environments.host import HostEnvironment
from rliable.processes import environment_for_python

if TYPE_CHECKING:
    import gymnasium

#: What the process runs; its arguments are name, constants and wrappers.
CODE = """
import json, sys
from rliable.config.constants import make_environment
from rliable.environments.recording import is_repeatable
name, constants, wrappers = json.loads(sys.argv[1])
environment = make_environment(name, constants, *([wrappers] if wrappers else []))
sys.exit(0 if is_repeatable(environment) else 3)
"""
NOT_REPEATABLE_CODE = 3
TIMEOUT_SECONDS = 30.0
#: How long the steps that are compared may take before an environment counts as slow.
SLOW_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Moment:
    """What an environment gives after a step, unchanged; after the reset, the reward is 0 and nothing has ended."""

    observation: Any
    reward: Any
    terminated: Any
    truncated: Any

    @property
    def is_end(self) -> bool:
        """Whether the episode is over."""
        return bool(self.terminated) or bool(self.truncated)


def moments_of(environment: HostEnvironment, instance: gymnasium.Env[Any, Any], seed: int) -> Iterator[Moment]:
    """Plays an episode of random actions, step by step, as far as it is asked for.

    Args:
      environment: what the instance is one of.
      instance: with Gymnasium's interface.
      seed: of the episode, and of the actions.
    """
    random = np.random.default_rng(seed)
    moment = Moment(copy.deepcopy(instance.reset(seed=seed)[0]), 0.0, False, False)
    yield moment
    while not moment.is_end:
        observation, *others, _ = instance.step(environment.take(any_action(environment, random)))
        moment = Moment(copy.deepcopy(observation), *others)
        yield moment


def any_action(environment: HostEnvironment, random: np.random.Generator) -> Any:
    """An action of an agent that knows nothing."""
    if environment.num_actions:
        return int(random.integers(environment.num_actions))
    return random.uniform(environment.action_low, environment.action_high).astype(np.float32)


def play(environment: HostEnvironment, instance: gymnasium.Env[Any, Any], seed: int, num_steps: int) -> list[Moment]:
    """The first steps of an episode of random actions."""
    return list(itertools.islice(moments_of(environment, instance, seed), num_steps + 1))


def first_difference(environment: HostEnvironment, one: Sequence[Moment], other: Sequence[Moment]) -> int | None:
    """The step at which two episodes are no longer the same to an agent; None where they are to the last bit."""
    pairs = itertools.zip_longest(one, other)
    return next((step for step, pair in enumerate(pairs) if len({bits_of(environment, m) for m in pair}) > 1), None)


def bits_of(environment: HostEnvironment, moment: Moment | None) -> tuple[Any, ...]:
    """What an agent gets of a moment, bit for bit; empty where the episode had ended."""
    if moment is None:
        return ()
    shown = environment.show(moment.observation).tobytes()
    return shown, float(moment.reward).hex(), bool(moment.terminated), bool(moment.truncated)


def is_repeatable(environment: HostEnvironment, num_steps: int = 50, seed: int = 1) -> bool:
    """Tells whether the same seed and actions give the same episode: in a new instance, and in a used one.

    Where it says no it is right; a rare deviation it may miss, and where an environment is slow it does not look.
    """
    started = time.monotonic()
    with contextlib.closing(environment.make_gymnasium()) as instance:
        first = play(environment, instance, seed, num_steps)
        if time.monotonic() - started > SLOW_SECONDS:
            return True
        used = play(environment, instance, seed, num_steps)
    with contextlib.closing(environment.make_gymnasium()) as instance:
        again = play(environment, instance, seed, num_steps)
    return all(first_difference(environment, first, other) is None for other in (used, again))


def probe_repeatability(environment: HostEnvironment) -> bool:
    """`is_repeatable` in a process of its own, which the environment may hang or kill without harm to the search.

    Where the environment fails, it counts as repeatable: the run that fails by it says why.
    """
    told = json.dumps([environment.name, environment.constants, list(environment.wrappers)])
    command = [sys.executable, "-c", CODE, told]
    try:
        done = subprocess.run(command, env=environment_for_python(), capture_output=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != NOT_REPEATABLE_CODE
