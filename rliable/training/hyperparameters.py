"""The hyperparameters that agents share: of every run, of off-policy agents, of on-policy agents.

An agent's own table inherits one of these and adds its knobs. Reading a table imports no TensorFlow.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from rliable.environments.workers import Stepping
from rliable.schema import REQUIRED, Problem, setting, with_default
from rliable.training.shapes import known_to_programs, padded_batch, padded_widths

#: Steps and updates are counted in whole numbers of 32 bits.
MAX_COUNT = 2**31 - 1
#: The size of numbers that 32 bits hold in full, other than 0.
SMALLEST, LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)

#: What does nothing where environments step inside the graph.
OUTSIDE_THE_GRAPH = ("env_workers", "env_step_timeout_seconds")
#: Where the learner may be wished.
DEVICES = ("auto", "cpu", "gpu")


@dataclasses.dataclass(frozen=True)
class RunHyperparameters:
    """What every agent may be told."""

    train_iterations: int = setting(REQUIRED, "How long to train.", unit="iterations", low=1, high=10**9)
    collect_steps_per_iteration: int = setting(
        1,
        "Steps taken in each environment in each iteration, before its updates.",
        unit="environment steps",
        low=1,
        high=10**6,
    )
    num_environments: int = setting(
        1, "Environments that the agent acts in side by side.", unit="environments", low=1, high=1024, compiles=True
    )
    learning_rate: float = setting(1e-3, "Step size of the Adam optimizer.", above=0, high=1)
    learning_rate_end: float | None = setting(
        None, "Step size at the end of the training, reached linearly; null for a constant one.", low=0, high=1
    )
    adam_epsilon: float = setting(1e-8, "What Adam adds to the root of the mean square.", above=0, high=1)
    gradient_clipping: float | None = setting(
        None, "Largest norm of all gradients of an update together; null for no limit.", above=0
    )
    gamma: float = setting(0.99, "Discount factor: what a reward is worth one step later.", low=0, high=1)
    network: str | None = setting(
        None,
        "What sees: mlp, nature_cnn, impala_cnn or module:Class; null for nature_cnn where images are seen, else mlp. "
        "Convolutional ones bring their dense layers along.",
        compiles=True,
    )
    fc_layer_params: list[int] | None = setting(
        [256, 256],
        "Widths of the hidden layers of each network; null for none.",
        unit="units",
        low=1,
        high=16384,
        compiles=padded_widths,
    )
    activation: str = setting("relu", "What follows each hidden layer.", choices=("relu", "tanh"), compiles=True)
    device: str = setting(
        "auto",
        "Where the learner computes: cpu, gpu (the first that TensorFlow sees), or auto: a GPU for convolutional "
        "networks where there is one, else the CPU. Each kind has its own bits.",
        choices=DEVICES,
        in_program=False,
        searchable=False,
    )
    num_eval_episodes: int = setting(
        10, "Episodes of each evaluation during training.", unit="episodes", low=1, high=10**6, in_program=False
    )
    num_test_episodes: int | None = setting(
        None,
        "Episodes of the final evaluation; null for num_eval_episodes.",
        unit="episodes",
        low=1,
        high=10**6,
        in_program=False,
    )
    eval_interval: int = setting(
        1000, "How often to evaluate during training.", unit="iterations", low=1, high=10**9, in_program=False
    )
    log_interval: int = setting(200, "How often to record the mean losses.", unit="iterations", low=1, high=10**9)
    checkpoint_interval_steps: int | None = setting(
        None,
        "How often to keep all that a run needs to go on after its process was killed; null for never.",
        unit="environment steps",
        low=1,
        high=10**9,
        in_program=False,
    )
    env_workers: int = setting(
        0,
        "Processes that step environments outside the graph, if slow; 0 for the run's own. Results are the same.",
        unit="processes",
        low=0,
        high=256,
        in_program=False,
    )
    env_step_timeout_seconds: float | None = setting(
        None,
        "How long a step or reset of an environment outside the graph may take, else the run fails; null for no limit. "
        "With a limit and env_workers 0, one process steps them.",
        unit="seconds",
        above=0,
        high=10**6,
        in_program=False,
    )

    def problems(self) -> list[Problem]:
        """The mistakes that only show where hyperparameters are seen together; paths are their names."""
        return [*self._unrepresentable(), *self._uncountable()]

    def _unrepresentable(self) -> Iterator[Problem]:
        """Numbers that programs, which compute with 32 bits, would take for 0 or for infinite."""
        for name, value, _ in known_to_programs(self):
            if isinstance(value, float) and value and not SMALLEST <= abs(value) <= LARGEST:
                size = f"0, or between {SMALLEST:.3g} and {LARGEST:.3g} in size"
                yield Problem(name, f"{value:g} does not fit into 32 bits, must be {size}")

    def _uncountable(self) -> Iterator[Problem]:
        """More iterations than 32 bits can count the steps or updates of."""
        steps, environments = self.collect_steps_per_iteration, self.num_environments
        updates = self.updates_per_iteration
        fitting = [(MAX_COUNT // environments - self.warm_up_steps) // steps, MAX_COUNT // max(updates, 1)]
        if self.train_iterations > min(fitting):
            first = " and the first random steps" * bool(self.warm_up_steps)
            of_steps = f"{steps} steps x {environments} environments{first} make {self.total_steps} steps"
            of_updates = f"{updates} updates make {self.train_iterations * updates} updates"
            product = f"{self.train_iterations} iterations x {of_steps if fitting[0] < fitting[1] else of_updates}"
            words = f"{product}, above {MAX_COUNT}; at most {min(fitting)} iterations fit"
            yield Problem("train_iterations", words)

    def as_trained(self) -> Any:
        """The hyperparameters as a run works with them, where some make others meaningless."""
        return self

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Width of each hidden layer."""
        return tuple(self.fc_layer_params or ())

    @property
    def stepping(self) -> Stepping:
        """How environments on the host are stepped."""
        return Stepping(self.env_workers, self.env_step_timeout_seconds)

    @property
    def iterations_per_checkpoint(self) -> int:
        """Iterations between two checkpoints; more than there are for none."""
        if self.checkpoint_interval_steps is None:
            return self.train_iterations + 1
        return max(1, self.checkpoint_interval_steps // (self.num_environments * self.collect_steps_per_iteration))

    @property
    def train_steps(self) -> int:
        """Updates in each iteration, for agents that may choose."""
        return 1

    @property
    def updates_per_iteration(self) -> int:
        """Updates in each iteration."""
        return self.train_steps

    @property
    def warm_up_steps(self) -> int:
        """Steps in each environment with random actions, before the first iteration."""
        return 0

    @property
    def total_steps(self) -> int:
        """Environment steps of the whole training, in all environments together."""
        steps = self.warm_up_steps + self.train_iterations * self.collect_steps_per_iteration
        return self.num_environments * steps


@dataclasses.dataclass(frozen=True)
class OffPolicyHyperparameters(RunHyperparameters):
    """What every agent that learns from a replay of its experience may be told."""

    train_steps_per_iteration: int = setting(1, "Updates made in each iteration.", unit="updates", low=1, high=10**6)
    initial_collect_steps: int = setting(
        1000, "Random steps taken before the first update.", unit="environment steps", low=0, high=10**8
    )
    replay_buffer_max_length: int = setting(
        100_000,
        "How many of the latest transitions are kept for replay.",
        unit="transitions",
        low=1,
        high=10**7,
    )
    batch_size: int = setting(
        64, "Transitions replayed in one update.", unit="transitions", low=1, high=65536, compiles=padded_batch
    )
    n_step: int = setting(
        1, "Rewards summed up before bootstrapping from the target network.", unit="environment steps", low=1, high=64
    )
    target_update_period: int = setting(
        1, "How often the target networks follow the online networks.", unit="updates", low=1, high=10**9
    )
    target_update_tau: float = setting(
        0.005, "Fraction of the way they go each time; 1 copies the online networks.", above=0, high=1
    )

    def problems(self) -> list[Problem]:
        memory, found = self.replay_buffer_max_length, super().problems()
        if self.batch_size <= memory:
            return found
        words = f"{self.batch_size} is above replay_buffer_max_length {memory}; take at most {memory}, or keep more"
        return [*found, Problem("batch_size", words)]

    def as_trained(self) -> Any:
        """A replay has room for one step of every environment, and for no more than there is to remember."""
        length = min(max(self.replay_buffer_max_length, self.num_environments), self.total_steps)
        return dataclasses.replace(self, replay_buffer_max_length=length)

    @property
    def train_steps(self) -> int:
        return self.train_steps_per_iteration

    @property
    def warm_up_steps(self) -> int:
        return -(-self.initial_collect_steps // self.num_environments)


@dataclasses.dataclass(frozen=True)
class OnPolicyHyperparameters(RunHyperparameters):
    """What every agent that learns from whole rollouts of its present policy may be told.

    A rollout is what one iteration collects: `collect_steps_per_iteration` steps in each of `num_environments`.
    """

    collect_steps_per_iteration: int = with_default(
        RunHyperparameters, "collect_steps_per_iteration", 2048, compiles=True
    )
    num_epochs: int = setting(1, "How often each rollout is learned from.", unit="epochs", low=1, high=10**4)
    batch_size: int | None = setting(
        None,
        "Steps of the rollout learned from in one update, a minibatch; null for all.",
        unit="environment steps",
        low=1,
        high=10**8,
        compiles=True,
    )
    learning_rate: float = with_default(RunHyperparameters, "learning_rate", 3e-4)
    adam_epsilon: float = with_default(RunHyperparameters, "adam_epsilon", 1e-5)
    gradient_clipping: float | None = with_default(RunHyperparameters, "gradient_clipping", 0.5)
    value_loss_weight: float = setting(0.5, "Weight of the squared error of values in the loss.", low=0, high=1000)
    entropy_weight: float = setting(0.0, "Weight of the policy's entropy, which is sought.", low=0, high=1000)
    normalize_advantage: bool = setting(
        True, "Whether the advantages of each update get mean 0 and standard deviation 1.", compiles=True
    )
    normalize_observations: bool = setting(
        False, "Whether observations get running mean 0 and standard deviation 1, cut off at ±10.", compiles=True
    )
    normalize_rewards: bool = setting(
        False,
        "Whether rewards are divided by the running standard deviation of discounted returns, and cut off at ±10.",
        compiles=True,
    )
    fc_layer_params: list[int] | None = with_default(RunHyperparameters, "fc_layer_params", [64, 64])
    activation: str = with_default(RunHyperparameters, "activation", "tanh")
    orthogonal_weights: bool = setting(
        True, "Whether initial weights are orthogonal, and those of the policy's last layer small."
    )
    log_std_init: float = setting(
        0.0,
        "Logarithm of the policy's first standard deviation; actions span [-1, 1]. Unused with discrete actions.",
        low=-20,
        high=2,
    )
    eval_interval: int = with_default(RunHyperparameters, "eval_interval", 10)
    log_interval: int = with_default(RunHyperparameters, "log_interval", 1)

    @property
    def updates_per_iteration(self) -> int:
        rollout = self.collect_steps_per_iteration * self.num_environments
        return self.num_epochs * (rollout // (self.batch_size or rollout))

    def problems(self) -> list[Problem]:
        steps, environments, found = self.collect_steps_per_iteration, self.num_environments, super().problems()
        if self.batch_size is None or steps * environments % self.batch_size == 0:
            return found
        fitting = " or ".join(str(size) for size in nearest_divisors(steps * environments, self.batch_size))
        rollout = f"the rollout of {steps} x {environments} = {steps * environments} steps"
        words = f"{self.batch_size} does not divide {rollout}; {fitting} would, and null takes all"
        return [*found, Problem("batch_size", words)]


def nearest_divisors(number: int, size: int) -> list[int]:
    """The divisors of a number that are next to `size`, below and above."""
    small = [part for part in range(1, math.isqrt(number) + 1) if number % part == 0]
    divisors = sorted({*small, *(number // part for part in small)})
    return [*[part for part in divisors if part < size][-1:], *[part for part in divisors if part > size][:1]]
