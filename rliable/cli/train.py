"""`train`: trains one model into a folder."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from rliable.cli.arguments import AT_LEAST_1, SEED, LineParser, add_set, number_problems, overrides_of
from rliable.cli.streams import redirect_stderr
from rliable.config.claims import learner_of, missing_devices
from rliable.config.model_file import load_model_file
from rliable.environments import short_name
from rliable.executors.in_process import context_if_needed
from rliable.executors.worker import Exchange, run_unit
from rliable.records.folders import RunFolder, make_empty_folder
from rliable.records.run_files import write_run
from rliable.registry import MODELS
from rliable.report.formats import format_duration, format_metric
from rliable.report.plots import draw_learning_curve
from rliable.schema import ConfigError
from rliable.threads import limit_threads
from rliable.tuning.interrupts import Interrupts
from rliable.unit import Limits, ModelConfig, Unit, UnitResult


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Returns:
      0, 1 when the training failed, 130 or 143 when interrupted.

    Raises:
      ConfigError: a mistake in the arguments or the file; nothing has been written.
    """
    args = make_parser().parse_args(arguments)
    model, notes, files = load_model_file(args.config, overrides_of(args.set))
    folder = RunFolder(Path(args.output or f"{model.mdl_file}-{time.strftime('%Y%m%d-%H%M%S')}"))
    problems = number_problems(args, seed=SEED, threads=AT_LEAST_1)
    problems = problems or missing_devices(MODELS.load(model.class_name), model.hp_params)
    if problems:
        raise ConfigError(problems)
    seed = secrets.randbits(31) if args.seed is None else args.seed
    make_empty_folder(folder.path)
    what = f"{model.class_name} on {short_name(model.environment)}, seed {seed}"
    learner = learner_of(model, model.hp_params, is_here=True)
    print("\n".join([*notes, f"training {what}" + (f", learner {learner}" if learner else "")]), flush=True)
    with Interrupts() as interrupts, redirect_stderr(folder.log_txt):
        try:
            result = train_here(model, seed, args.threads)
        except KeyboardInterrupt:
            print("interrupted; nothing is kept of a run that has not finished")
            return interrupts.exit_code
    write_run(folder, model, args.threads, result, files)
    if result.learning_curve:
        draw_learning_curve(result.learning_curve, folder.learning_curve_png, what)
    return show(result, folder)


def make_parser() -> LineParser:
    """The command's arguments."""
    parser = LineParser(prog="train", description="Train one model.")
    parser.add_argument(
        "--config", required=True, metavar="FILE", help="the model file, such as config/config_dqn.json"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of the run (default: drawn and printed)")
    parser.add_argument("--output", metavar="DIR", help="the folder to leave it in (default: <mdl_file>-<time>)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="cores to compute with (default: 1)")
    add_set(parser, "hp_params.learning_rate=0.001")
    return parser


def train_here(model: ModelConfig, seed: int, threads: int) -> UnitResult:
    """Trains in this process and prints the learning curve as it grows."""
    limit_threads(threads)
    unit = Unit(0, 0, model, seed, Limits(threads=threads))
    with context_if_needed(model) as sc:
        return run_unit(unit, "driver", sc=sc, exchange=Exchange(CurvePrinter()))


class CurvePrinter:
    """Prints the rows of a learning curve that hold an evaluation, and any other after a silence."""

    SILENCE_SECONDS = 2.0

    def __init__(self) -> None:
        self._printed = time.monotonic()

    def __call__(self, row: dict[str, float]) -> None:
        now = time.monotonic()
        if len(row) > 2 or "loss" not in row or now - self._printed > self.SILENCE_SECONDS:
            self._printed = now
            print("  " + "  ".join(f"{name} {format_metric(value)}" for name, value in row.items()), flush=True)


def show(result: UnitResult, folder: RunFolder) -> int:
    """Prints what came of it; the exit code."""
    if result.metrics is None:
        print(f"failed: {result.error}; see {folder.error_txt}")
        return 1
    figures = ", ".join(f"{name} {format_metric(value)}" for name, value in result.metrics.items())
    print(f"{figures}, after {format_duration(result.finished - result.started)}")
    print(f"model, curve and returns are in {folder.path}")
    return 0
