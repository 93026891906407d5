"""What `hp_params` of an SB3 may hold: what is ours, and all that the constructor of the algorithm takes."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
from collections.abc import Iterator
from typing import Any

from models.baselines.constructors import Constructor, constructors
from rliable.schema import ABSENT, REQUIRED, Problem, nearest, setting

#: What of the constructors' arguments is decided elsewhere.
DECIDED_ELSEWHERE = ("env", "seed", "verbose", "tensorboard_log", "action_noise", "_init_setup_model")
#: The options of an argument's type -> what stands for it in JSON.
HINTS: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "None": types.NoneType,
    "Schedule": str,
    "Callable": str,
    "dict": dict,
    "tuple": list[Any],
    "type": str,
}
#: Options of arguments that may change while an algorithm learns.
SCHEDULES = {"Schedule", "Callable"}
SCHEDULE = re.compile(r"lin_(\d*\.?\d+(e[+-]?\d+)?)", re.IGNORECASE)
#: Arguments that cannot be less than 1.
COUNTS = ("batch_size", "buffer_size", "n_epochs", "n_steps")
DEVICE = re.compile(r"cpu|mps|auto|cuda(:\d+)?")


@dataclasses.dataclass(frozen=True)
class BaselineHyperparameters:
    """What an SB3 is told besides the arguments of its algorithm's constructor."""

    algorithm: str = setting(REQUIRED, "The algorithm, of Stable-Baselines3 or sb3-contrib.")
    total_timesteps: int = setting(REQUIRED, "How long to train.", unit="environment steps", low=1, high=10**10)
    num_envs: int = setting(1, "Environments that it acts in side by side.", unit="environments", low=1, high=1024)
    policy: str | None = setting(
        None,
        "MlpPolicy, CnnPolicy, MultiInputPolicy or another of the algorithm's; null for what fits the observations.",
    )
    net_arch: list[Any] | dict[str, Any] | None = setting(
        None, "Widths of the hidden layers, of `policy_kwargs`; null for what is there, or the policy's own."
    )
    activation_fn: str | None = setting(None, "What follows each hidden layer, likewise: relu, tanh, elu, leaky_relu.")
    policy_kwargs: dict[str, Any] = setting({}, "Arguments of the policy; classes in it by name: RMSpropTFLike.")
    normalize: bool | dict[str, Any] = setting(
        False, "Whether observations and rewards are normalised; an object holds arguments of VecNormalize."
    )
    noise_type: str | None = setting(
        None, "What is added to actions while it learns.", choices=("normal", "ornstein-uhlenbeck")
    )
    noise_std: float = setting(0.1, "The deviation of that.", low=0)
    num_eval_episodes: int = setting(10, "Episodes of each evaluation during training.", unit="episodes", low=1)
    num_test_episodes: int | None = setting(
        None, "Episodes of the final evaluation; null for num_eval_episodes.", unit="episodes", low=1
    )
    eval_interval: int = setting(10_000, "How often to evaluate during training.", unit="environment steps", low=1)
    log_interval: int = setting(2000, "How often to record what it logs.", unit="environment steps", low=1)
    checkpoint_interval_steps: int | None = setting(
        None,
        "How often to keep all that a run needs to go on after its process was killed; null for never.",
        unit="environment steps",
        low=1,
    )
    device: str = setting("cpu", "Where it computes: cpu, cuda, cuda:1 ..., mps, or auto for cuda where there is one.")

    def arguments(self) -> dict[str, Any]:
        """What the constructor is given besides, as it stands in the file."""
        ours = {field.name for field in dataclasses.fields(BaselineHyperparameters)}
        names = [field.name for field in dataclasses.fields(self) if field.name not in ours]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not ABSENT}

    def policy_arguments(self) -> dict[str, Any]:
        """`policy_kwargs` with what stands beside them."""
        beside = {"net_arch": self.net_arch, "activation_fn": self.activation_fn}
        return {**self.policy_kwargs, **{name: value for name, value in beside.items() if value is not None}}

    def problems(self) -> list[Problem]:
        """What does not fit the algorithm."""
        found = constructors()[self.algorithm]
        if not DEVICE.fullmatch(self.device):
            known = ("cpu", "cuda", "mps", "auto")
            return [Problem("device", f"unknown {self.device!r}{nearest(self.device, known)}")]
        return [*self._argument_problems(found), *self._policy_problems(found)]

    def _argument_problems(self, constructor: Constructor) -> Iterator[Problem]:
        known = [name for name in constructor.arguments if is_theirs(name)]
        for name, value in self.arguments().items():
            if name not in known:
                yield Problem(name, f"{self.algorithm} has no such argument{nearest(name, known)}")
            elif is_schedule(constructor.arguments[name], value) and not SCHEDULE.fullmatch(value):
                words = f"expected a number, or a text such as 'lin_0.001' that falls to 0 linearly, found {value!r}"
                yield Problem(name, words)

    def _policy_problems(self, constructor: Constructor) -> Iterator[Problem]:
        if self.policy is not None and self.policy not in constructor.policies:
            yield Problem("policy", f"unknown {self.policy!r}{nearest(self.policy, constructor.policies)}")
        if self.noise_type is not None and "action_noise" not in constructor.arguments:
            yield Problem("noise_type", f"{self.algorithm} takes no noise")


def is_theirs(name: str) -> bool:
    """Tells whether an argument of a constructor is set under its own name."""
    return name not in DECIDED_ELSEWHERE and name not in {
        field.name for field in dataclasses.fields(BaselineHyperparameters)
    }


def is_schedule(options: tuple[str, ...], value: Any) -> bool:
    """Tells whether the value of an argument is the text of a schedule."""
    return isinstance(value, str) and bool(SCHEDULES & set(options))


@functools.cache
def table_for_algorithm(algorithm: str | None) -> type[BaselineHyperparameters]:
    """The settings for an algorithm; those of all of them where it is not known, or searched over."""
    known = constructors()
    chosen = [known[algorithm]] if algorithm in known else list(known.values())
    arguments = {name: options for one in chosen for name, options in one.arguments.items() if is_theirs(name)}
    doc = "The algorithm, of Stable-Baselines3 or sb3-contrib."
    fields = [("algorithm", str, setting(REQUIRED, doc, choices=tuple(known)))] + [
        (name, hint_of(options), setting(ABSENT, "An argument of the algorithm.", low=1 if name in COUNTS else None))
        for name, options in arguments.items()
    ]
    return dataclasses.make_dataclass(
        "BaselineHyperparameters", fields, bases=(BaselineHyperparameters,), frozen=True, kw_only=True
    )


def hint_of(options: tuple[str, ...]) -> Any:
    """The type of what stands for an argument in JSON."""
    hints = [HINTS.get(option.partition("[")[0], Any) for option in options]
    if not hints or Any in hints:
        return Any
    return functools.reduce(lambda one, other: one | other, hints)
