"""Steps per second of Stable-Baselines3's DQN on CartPole, printed as one number: `python peer_sb3.py STEPS`.

Runs in an environment of its own (scripts/peers-requirements.txt) and imports nothing of this project.
"""

from __future__ import annotations

import sys
import time

import gymnasium
import torch
from stable_baselines3 import DQN

WARM_UP_STEPS = 1000


def main() -> None:
    """Trains with one update of batch 64 per step, one hidden layer of 100, on one core."""
    torch.set_num_threads(1)
    model = DQN(
        "MlpPolicy",
        gymnasium.make("CartPole-v0"),
        batch_size=64,
        train_freq=1,
        gradient_steps=1,
        learning_starts=100,
        buffer_size=100_000,
        learning_rate=1e-3,
        target_update_interval=10,
        exploration_final_eps=0.1,
        policy_kwargs={"net_arch": [100]},
        device="cpu",
        seed=1,
    )
    model.learn(WARM_UP_STEPS)
    steps, started = int(sys.argv[1]), time.perf_counter()
    model.learn(steps, reset_num_timesteps=False)
    print(steps / (time.perf_counter() - started))


if __name__ == "__main__":
    main()
