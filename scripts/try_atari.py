"""Trains config/zoo/dqn_pong.json for 50,000 steps, and tells how fast it is and how much memory it takes on the way.

That is too short to learn Pong. It shows that the wrappers, the network, the memory of images and its checkpoints work
together, and that nothing grows but that memory, which is full halfway: the script fails if anything does later.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from rliable.config.model_file import load_model_file
from rliable.environments import load_data
from rliable.registry import MODELS
from rliable.unit import Answer

FILE = Path(__file__).resolve().parents[1] / "config" / "zoo" / "dqn_pong.json"
STEPS_PER_ITERATION = 4
#: What may be taken beyond what was taken when the memory of images was full, bytes.
MOST_GROWTH = 50 * 10**6


class Watch:
    """Prints what is reported of a run, with its speed and its memory since the report before.

    Attributes:
      sizes: memory at each report, by step; bytes.
    """

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        self._last = (0, time.monotonic())

    def look(self, row: dict[str, float]) -> Answer:
        """Takes what the run reports."""
        step, now = int(row["step"]), time.monotonic()
        self.sizes[step] = resident_bytes()
        figures = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "step")
        speed = (step - self._last[0]) / (now - self._last[1])
        print(f"step {step:>6}  {speed:>5.0f} steps/s  {self.sizes[step] / 1e6:>6.0f} MB  {figures}", flush=True)
        self._last = (step, now)
        return Answer.GO_ON

    def growth(self, step: int) -> int:
        """How many bytes more the last report has than the first one from a step on."""
        later = [size for at, size in sorted(self.sizes.items()) if at >= step]
        return later[-1] - later[0]


def resident_bytes() -> int:
    """The memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def main() -> None:
    """Trains and watches."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=50_000, help="environment steps, of four frames each")
    steps = parser.parse_args().steps
    random_steps, report_steps = steps // 5, steps // 10
    overrides: dict[str, Any] = {
        "hp_params.train_iterations": (steps - random_steps) // STEPS_PER_ITERATION,
        "hp_params.initial_collect_steps": random_steps,
        "hp_params.replay_buffer_max_length": steps // 2,
        "hp_params.num_eval_episodes": 1,
        "hp_params.eval_interval": steps,
        "hp_params.log_interval": report_steps // STEPS_PER_ITERATION,
        "hp_params.checkpoint_interval_steps": report_steps,  # a run reports no later than that
    }
    model_config, _, _ = load_model_file(str(FILE), overrides)
    with tempfile.TemporaryDirectory() as folder:
        model = MODELS.load(model_config.class_name)(None, model_config.as_cfg(seed=1, folder=folder))
        environment = load_data(
            model_config.environment, constants=model_config.environment_kwargs, wrappers=model_config.wrappers
        )
        watch = Watch()
        model.on_report = watch.look
        start = time.monotonic()
        model.train(environment, environment)
        model.save()
    growth = watch.growth(steps // 2 + report_steps)
    print(f"{steps / (time.monotonic() - start):.0f} steps/s; {growth / 1e6:+.0f} MB since the memory was full")
    if growth > MOST_GROWTH:
        raise SystemExit("something grows that should not")


if __name__ == "__main__":
    main()
