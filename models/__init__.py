"""The registry of models: name in a model file -> "module:Class". Importing it imports no model."""

from __future__ import annotations

MODELS: dict[str, str] = {
    "C51": "models.c51:C51",
    "Command": "models.command:Command",
    "CountModel": "models.count_model:CountModel",
    "DDPG": "models.ddpg:DDPG",
    "DQN": "models.dqn:DQN",
    "PPO": "models.ppo:PPO",
    "REINFORCE": "models.reinforce:REINFORCE",
    "SAC": "models.sac:SAC",
    "SB3": "models.sb3:SB3",
    "TD3": "models.td3:TD3",
}
