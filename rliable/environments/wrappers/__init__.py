"""What can lie around an environment that steps on the host: wrappers by name.

The registry maps a name to "module:Class"; the fields of the class are its parameters. Importing this module imports no
wrapper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rliable.registry import WRAPPERS as REGISTRY

if TYPE_CHECKING:
    import gymnasium

WRAPPERS: dict[str, str] = {
    "time_limit": "rliable.environments.wrappers.episodes:TimeLimit",
    "noop_start": "rliable.environments.wrappers.episodes:NoopStart",
    "fire_on_reset": "rliable.environments.wrappers.episodes:FireOnReset",
    "episodic_life": "rliable.environments.wrappers.episodes:EpisodicLife",
    "action_repeat": "rliable.environments.wrappers.actions:ActionRepeat",
    "sticky_actions": "rliable.environments.wrappers.actions:StickyActions",
    "clip_actions": "rliable.environments.wrappers.actions:ClipActions",
    "rescale_actions": "rliable.environments.wrappers.actions:RescaleActions",
    "max_and_skip": "rliable.environments.wrappers.observations:MaxAndSkip",
    "grey": "rliable.environments.wrappers.observations:Grey",
    "resize": "rliable.environments.wrappers.observations:Resize",
    "frame_stack": "rliable.environments.wrappers.observations:FrameStack",
    "scale_rewards": "rliable.environments.wrappers.rewards:ScaleRewards",
    "clip_rewards": "rliable.environments.wrappers.rewards:ClipRewards",
    "atari": "rliable.environments.wrappers.atari:Atari",
}


def with_wrappers(
    environment: gymnasium.Env[Any, Any], wrappers: Sequence[Mapping[str, Any]], is_training: bool = False
) -> gymnasium.Env[Any, Any]:
    """An environment with wrappers around it.

    Args:
      environment: the innermost.
      wrappers: from the inside out, each {name: its arguments by name}, checked.
      is_training: whether those that only training should see are there.

    Raises:
      ConfigError: a wrapper does not fit what it is to lie around.
    """
    for wrapper in wrappers:
        ((name, arguments),) = wrapper.items()
        found = REGISTRY.load(name)
        if name not in REGISTRY:
            environment = found(environment, **arguments)
            continue
        for layer in found(**arguments).layers(environment):
            if is_training or not layer.is_for_training:
                environment = layer.wrap(environment)
    return environment
