"""Updates per second of Stable-Baselines3's DQN at Atari's size, one number: `python peer_gpu.py UPDATES STEPS DEVICE`.

As `peer_sb3.py`, for scripts/benchmark_gpu.py: UPDATES after every 4 environment steps, measured over STEPS of them.
"""

from __future__ import annotations

import sys
import time

from stable_baselines3 import DQN

from atari_frames import AtariFrames

STEPS_PER_ROUND, WARM_UP_STEPS = 4, 108


def main() -> None:
    """Trains, with the network, batch and optimizer of config/zoo/dqn_pong.json."""
    updates, steps, device = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    model = DQN(
        "CnnPolicy",
        AtariFrames(),
        batch_size=32,
        train_freq=STEPS_PER_ROUND,
        gradient_steps=updates,
        learning_starts=100,
        buffer_size=1000,
        learning_rate=1e-4,
        target_update_interval=1000,
        device={"gpu": "cuda"}.get(device, device),
        seed=1,
    )
    model.learn(WARM_UP_STEPS)
    before, started = model._n_updates, time.perf_counter()
    model.learn(steps, reset_num_timesteps=False)
    print((model._n_updates - before) / (time.perf_counter() - started))


if __name__ == "__main__":
    main()
