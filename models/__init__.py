"""The registry of models: name in a model file -> "module:Class". Importing it imports no model."""

from __future__ import annotations

MODELS: dict[str, str] = {
    "CountModel": "models.count_model:CountModel",
    "DQN": "models.dqn:DQN",
    "PPO": "models.ppo:PPO",
    "REINFORCE": "models.reinforce:REINFORCE",
}
