"""The cross-entropy method on CartPole: one file that knows nothing of RLiable, and needs NumPy alone."""

import argparse
import json
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--population", type=int, default=16)
parser.add_argument("--elite-fraction", type=float, default=0.25)
parser.add_argument("--noise", type=float, default=0.5, help="what is added to the deviation, less in each generation")
parser.add_argument("--generations", type=int, default=10)
parser.add_argument("--folder", type=Path, required=True, help="for the policy and the checkpoint")
parser.add_argument("--resume", type=Path, help="a checkpoint to go on from")
args = parser.parse_args()


def play(weights, rng):
    """The return of one episode, at most 200 (Barto, Sutton and Anderson 1983, as in Gym)."""
    x, speed, angle, spin = rng.uniform(-0.05, 0.05, 4)
    num_steps = 0
    while num_steps < 200 and abs(x) <= 2.4 and abs(angle) <= 0.2095:
        push = 10.0 if weights @ (x, speed, angle, spin) > 0 else -10.0
        sin, cos = np.sin(angle), np.cos(angle)
        drive = (push + 0.05 * spin**2 * sin) / 1.1
        turn = (9.8 * sin - cos * drive) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
        move = drive - 0.05 * turn * cos / 1.1
        x, speed, angle, spin = x + 0.02 * speed, speed + 0.02 * move, angle + 0.02 * spin, spin + 0.02 * turn
        num_steps += 1
    return num_steps


mean, deviation, first = np.zeros(4), np.ones(4), 1
if args.resume:
    saved = json.loads((args.resume / "state.json").read_text())
    mean, deviation, first = np.array(saved["mean"]), np.array(saved["deviation"]), saved["generation"] + 1
num_elite = max(1, round(args.elite_fraction * args.population))
for generation in range(first, args.generations + 1):
    rng = np.random.default_rng([args.seed, generation])
    people = rng.normal(mean, deviation, (args.population, 4))
    returns = np.array([play(weights, rng) for weights in people])
    elite = people[np.argsort(-returns, kind="stable")[:num_elite]]
    mean, deviation = elite.mean(axis=0), elite.std(axis=0) + args.noise / generation
    score = np.mean([play(mean, rng) for _ in range(10)])
    state = {"generation": generation, "mean": mean.tolist(), "deviation": deviation.tolist()}
    (args.folder / "checkpoint").mkdir(exist_ok=True)
    (args.folder / "state.json").write_text(json.dumps(state))
    (args.folder / "state.json").replace(args.folder / "checkpoint" / "state.json")
    print(json.dumps({"step": generation * args.population, "return": score}))
(args.folder / "policy.json").write_text(json.dumps(mean.tolist()))
