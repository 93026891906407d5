"""A training script of somebody's, which tells of its figures in every way there is."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--say", choices=("json", "text"))
parser.add_argument("--csv", type=Path)
parser.add_argument("--events", type=Path)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--pause", type=float, default=0.0)
parser.add_argument("--value", type=float)
parser.add_argument("--megabytes", type=int, default=0)
parser.add_argument("--weights", type=int, default=0)
parser.add_argument("--folder", type=Path)
parser.add_argument("--resume", type=Path)
parser.add_argument("--told", type=Path)
parser.add_argument("--die-once", type=Path, dest="death")
parser.add_argument("--fail", action="store_true")
parser.add_argument("--mark")
args = parser.parse_args()


def asked_to_end(*_):
    if args.told:
        args.told.write_text("asked to end")
    if args.folder:
        save()
    sys.exit()


def save():
    (args.folder / "checkpoint").mkdir(exist_ok=True)
    (args.folder / "checkpoint" / "state.json").write_text(json.dumps(number))


signal.signal(signal.SIGTERM, asked_to_end)
ballast = bytearray(args.megabytes * 10**6)
ballast[:: 2**12] = b"x" * len(ballast[:: 2**12])
number = json.loads((args.resume / "state.json").read_text()) if args.resume else 0
if args.folder:
    (args.folder / "began.json").write_text(json.dumps(number))
    (args.folder / "weights.bin").write_bytes(bytes(args.weights))
if args.csv:
    args.csv.write_text("step,reward\n")
if args.events:
    from torch_like import EventWriter

    writer = EventWriter(args.events)
while number < args.steps:
    number += 1
    step, reward = 10 * number, 5.0 * number if args.value is None else args.value
    if args.say == "json":
        print(json.dumps({"step": step, "reward": reward}))
    if args.say == "text":
        print(f"step {step}: {reward}", file=sys.stderr)
    if args.csv:
        with args.csv.open("a") as file:
            file.write(f"{step},{reward}\n")
    if args.events:
        writer.add_scalar("charts/reward", reward, step)
    time.sleep(args.pause)
    if args.folder:
        save()
    if args.death and number == 5 and not args.death.exists():
        args.death.touch()
        time.sleep(2.0)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
if args.fail:
    raise ValueError("the script's own mistake")
