"""The losses of TF-Agents' agents, given our networks' weights and a batch; for tests of where theirs are right."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tf_agents.agents.ddpg.actor_network import ActorNetwork
from tf_agents.agents.ddpg.critic_network import CriticNetwork
from tf_agents.agents.ddpg.ddpg_agent import DdpgAgent
from tf_agents.agents.sac.sac_agent import SacAgent
from tf_agents.agents.sac.tanh_normal_projection_network import TanhNormalProjectionNetwork
from tf_agents.agents.td3.td3_agent import Td3Agent
from tf_agents.networks.actor_distribution_network import ActorDistributionNetwork
from tf_agents.specs import BoundedTensorSpec
from tf_agents.trajectories import time_step
from tf_agents.utils.common import element_wise_huber_loss, element_wise_squared_loss

OBSERVATION = tf.TensorSpec([3], tf.float32)
ACTION = BoundedTensorSpec([2], tf.float32, -1.0, 1.0)
STEPS = time_step.time_step_spec(OBSERVATION)


def ddpg_oracle(parts: Any, batch: Any, is_huber: bool = False) -> tuple[float, list[tf.Tensor]]:
    """The critic's loss and the actor's slopes of DdpgAgent."""
    errors = element_wise_huber_loss if is_huber else element_wise_squared_loss
    agent = DdpgAgent(STEPS, ACTION, make_actor(), make_critic(), None, None, td_errors_loss_fn=errors)
    set_weights(agent._actor_network, parts["actor"])
    set_weights(agent._target_actor_network, parts["actor_target"])
    set_weights(agent._critic_network, parts["critic"])
    set_weights(agent._target_critic_network, parts["critic_target"])
    return critic_loss(agent, batch), actor_slopes(agent, batch)


def td3_oracle(parts: Any, batch: Any) -> tuple[float, list[tf.Tensor]]:
    """The critics' loss and the actor's slopes of Td3Agent, without noise on the target's actions."""
    errors = element_wise_squared_loss
    agent = Td3Agent(
        STEPS, ACTION, make_actor(), make_critic(), None, None, target_policy_noise=0.0, td_errors_loss_fn=errors
    )
    set_weights(agent._actor_network, parts["actor"])
    set_weights(agent._target_actor_network, parts["actor_target"])
    set_critics(agent, parts)
    return critic_loss(agent, batch), actor_slopes(agent, batch)


def sac_oracle(parts: Any, batch: Any, log_alpha: float) -> tuple[float, float]:
    """The losses of critics and actor of SacAgent; it draws actions without a seed, so they should be certain."""
    actor = ActorDistributionNetwork(
        OBSERVATION, ACTION, fc_layer_params=(32,), continuous_projection_net=TanhNormalProjectionNetwork
    )
    errors = element_wise_squared_loss
    agent = SacAgent(
        STEPS,
        ACTION,
        make_critic(),
        actor,
        None,
        None,
        None,
        td_errors_loss_fn=errors,
        initial_log_alpha=log_alpha,
    )
    set_weights(agent._actor_network, parts["actor"])
    set_critics(agent, parts)
    return critic_loss(agent, batch, errors), float(agent.actor_loss(time_steps(batch)[0]))


def make_actor() -> ActorNetwork:
    return ActorNetwork(OBSERVATION, ACTION, fc_layer_params=(32,))


def make_critic() -> CriticNetwork:
    return CriticNetwork((OBSERVATION, ACTION), joint_fc_layer_params=(32,))


def set_critics(agent: Any, parts: Any) -> None:
    for number, name in ((1, "q1"), (2, "q2")):
        set_weights(getattr(agent, f"_critic_network_{number}"), parts["critics"][name])
        set_weights(getattr(agent, f"_target_critic_network_{number}"), parts["critics_target"][name])


def set_weights(network: Any, parameters: Any) -> None:
    """Sets the layers in their order."""
    values = [parameters[f"layer_{index}"][name] for index in range(len(parameters)) for name in ("kernel", "bias")]
    for variable, value in zip(network.variables, values, strict=True):
        variable.assign(value)


def time_steps(batch: Any) -> tuple[time_step.TimeStep, time_step.TimeStep]:
    """Both ends of the transitions of a batch that count."""
    observation, _, reward, discount, next_observation, _ = (field[:12] for field in batch)
    now = time_step.restart(observation, batch_size=12)
    return now, time_step.TimeStep(tf.fill([12], 1), reward, discount, next_observation)


def critic_loss(agent: Any, batch: Any, *arguments: Any) -> float:
    now, then = time_steps(batch)
    return float(agent.critic_loss(now, batch.action[:12], then, *arguments))


def actor_slopes(agent: Any, batch: Any) -> list[tf.Tensor]:
    """Of the loss -Q, layer by layer, biases first as `tf.nest` has them.

    Theirs is a loss of another value; its slope is that of -Q where an action has two numbers.
    """
    with tf.GradientTape() as tape:
        loss = agent.actor_loss(time_steps(batch)[0])
    kernel, bias, last_kernel, last_bias = tape.gradient(loss, agent._actor_network.trainable_variables)
    return [bias, kernel, last_bias, last_kernel]
