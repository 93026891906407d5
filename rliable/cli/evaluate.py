"""`evaluate`: evaluates a trained model."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rliable.cli.arguments import AT_LEAST_1, SEED, LineParser, add_trust, number_problems
from rliable.cli.environments import space_words
from rliable.cli.streams import redirect_stderr
from rliable.config.claims import missing_packages
from rliable.config.constants import constants_problems, make_environment
from rliable.config.environment import kind_of_environment, kinds_for, resolve_environment
from rliable.config.model_file import check_fit
from rliable.config.wrappers import place_problems
from rliable.executors.base import ExecutorError
from rliable.executors.filming import film_run, lack_of_film
from rliable.executors.in_process import context_if_needed
from rliable.executors.worker import Reevaluation, error_line, evaluate_run
from rliable.metrics import interquartile_mean, iqm_interval, return_metrics
from rliable.records.encoding import to_json
from rliable.records.run_files import SavedRun, find_runs
from rliable.records.writing import write_atomically
from rliable.registry import MODELS
from rliable.report.film import SUFFIXES, write_film
from rliable.report.formats import format_metric, one_line
from rliable.schema import ConfigError, Problem
from rliable.unit import ModelConfig


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Raises:
      ConfigError: a mistake in the arguments, or no trained model in the folder.
    """
    args = make_parser().parse_args(arguments)
    check_arguments(args)
    runs = [with_environment(found, args.env) for found in find_runs(args.model, args.trust)]
    lack = lack_of_film(runs[0].model) if args.video else None
    if lack is not None:
        raise ConfigError([Problem("--video", f"{runs[0].model.environment} cannot be filmed: {lack}")])
    reports = [report_on(found, args) for found in runs]
    content = reports[0] if len(reports) == 1 else {"runs": reports, "metrics": mean_of_runs(reports)}
    print("\n".join(line for report in reports for line in lines_of(report, args.quiet)))
    if len(reports) > 1:
        print(f"mean over {len(reports)} runs: {words_of(mean_of_runs(reports))}")
    if args.out:
        write_atomically(Path(args.out), to_json(content, indent=2) + "\n")
        print(f"written to {args.out}")
    if args.video:
        print(film_first(runs, args))
    return 0


def film_first(runs: list[SavedRun], args: argparse.Namespace) -> str:
    """Films the first of several runs; gives the line that says so.

    Raises:
      ConfigError: it cannot be drawn, or drawing it failed.
    """
    run, path = runs[0], Path(args.video)
    try:
        with redirect_stderr(Path("/dev/null")):
            num_episodes = args.episodes or run.num_episodes or 1
            frame_rate, frames = film_run(run, args.seed, num_episodes)
            written, num_frames = write_film(frames, frame_rate, path, args.video_frames)
    except Exception as error:
        raise as_config_error(error, f"--video {path}") from error
    end = "" if written == path else "; there is no encoder for MP4: pip install 'rliable-spark[video]'"
    whose = f" of {run.folder}" if len(runs) > 1 else ""
    return f"filmed {num_frames} frames, {num_frames / frame_rate:.1f} s{whose}, in {written}{end}"


def as_config_error(error: Exception, path: str) -> ConfigError:
    """What went wrong while drawing, as one line."""
    if isinstance(error, ConfigError):
        return error
    return ConfigError([Problem(path, f"drawing failed: {one_line(error_line(error))}")])


def check_arguments(args: argparse.Namespace) -> None:
    """Refuses numbers out of range, and a file that could not be written afterwards.

    Raises:
      ConfigError: with every mistake.
    """
    problems = number_problems(args, episodes=AT_LEAST_1, seed=SEED, video_frames=AT_LEAST_1)
    for option, name in (("--out", args.out), ("--video", args.video)):
        if name and (Path(name).is_dir() or not Path(name).parent.is_dir()):
            problems.append(Problem(f"{option} {name}", "no file can be written there"))
    if args.video and Path(args.video).suffix.lower() not in SUFFIXES:
        problems.append(Problem(f"--video {args.video}", f"the file's name must end in {' or '.join(SUFFIXES)}"))
    if problems:
        raise ConfigError(problems)


def make_parser() -> LineParser:
    """The command's arguments."""
    parser = LineParser(prog="evaluate", description="Evaluate a trained model.")
    parser.add_argument("--model", required=True, metavar="DIR", help="a study's best/, a trial, or what train.py left")
    parser.add_argument("--env", metavar="NAME", help="another environment or data file (default: the recorded one)")
    parser.add_argument("--episodes", type=int, metavar="N", help="test episodes (default: as recorded)")
    parser.add_argument("--seed", type=int, metavar="N", help="of the test episodes (default: the recorded one)")
    parser.add_argument("--out", metavar="FILE", help="write the figures and every return to this JSON file")
    parser.add_argument("--video", metavar="FILE", help="film test episodes as MP4 (GIF where no encoder is found)")
    parser.add_argument(
        "--video-frames", type=int, default=1000, metavar="N", help="frames of the film at most (default: 1000)"
    )
    add_trust(parser)
    parser.add_argument("--quiet", action="store_true", help="do not list the returns")
    return parser


def report_on(found: SavedRun, args: argparse.Namespace) -> dict[str, Any]:
    """Evaluates one run: all that is printed and written about it."""
    with redirect_stderr(Path("/dev/null")), context_if_needed(found.model) as sc:
        evaluation = evaluated(found, args, sc)
    seed = found.seed if args.seed is None else args.seed
    facts = {"model": str(found.folder), "environment": found.model.environment, "seed": seed}
    if not evaluation.returns:
        return {**facts, "metrics": evaluation.metrics, "recorded": found.metrics}
    statistics = return_statistics(evaluation.returns, seed)
    metrics = return_metrics(evaluation.returns)
    returns = {"episodes": len(evaluation.returns), **statistics, "returns": evaluation.returns}
    return {**facts, **returns, "metrics": metrics, "recorded": found.metrics}


def evaluated(found: SavedRun, args: argparse.Namespace, sc: Any) -> Reevaluation:
    """What `evaluate_run` gives.

    Raises:
      ConfigError: the evaluation makes no sense.
      ExecutorError: the model or its environment has raised something.
    """
    try:
        return evaluate_run(found, args.episodes, args.seed, sc)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        raise ExecutorError(f"evaluating {found.folder} failed: {error_line(error)}") from error


def lines_of(report: dict[str, Any], is_quiet: bool) -> list[str]:
    """A run's report for the terminal."""
    head = f"{report['model']} on {report['environment']}, seed {report['seed']}"
    if "returns" not in report:
        return [head, f"  {words_of(report['metrics'])}", f"  recorded: {words_of(report['recorded'])}"]
    low, high = (format_metric(end) for end in report["iqm_95"])
    lines = [
        f"{head}, {report['episodes']} episodes",
        f"  mean return          {format_metric(report['mean'])}  (standard deviation {format_metric(report['std'])})",
        f"  interquartile mean   {format_metric(report['iqm'])}  (95 % interval {low} to {high})",
        f"  recorded             {words_of(report['recorded'])}",
    ]
    return (
        lines if is_quiet else [*lines, "  returns  " + " ".join(format_metric(value) for value in report["returns"])]
    )


def mean_of_runs(reports: list[dict[str, Any]]) -> dict[str, float]:
    """The mean of each metric over the runs of a trial."""
    return {name: float(np.mean([report["metrics"][name] for report in reports])) for name in reports[0]["metrics"]}


def words_of(metrics: Mapping[str, float | None]) -> str:
    """Metrics on one line, with every digit."""
    return ", ".join(f"{name} {value!r}" for name, value in metrics.items())


def with_environment(run: SavedRun, name: str | None) -> SavedRun:
    """The same model on another environment, with its usual constants; on the recorded one, as recorded, when None.

    Raises:
      ConfigError: there is no such environment or file, it is data where the model wants an environment, the
        model cannot act there, or an environment of the user's own no longer has a constant that is recorded.
    """
    model_class = MODELS.load(run.model.class_name)
    recorded, learns_from = run.model.environment, kinds_for(model_class)
    kinds = [kind_of_environment(candidate, learns_from) for candidate in (name or recorded, recorded)]
    if kinds.count("rows") == 1:
        raise ConfigError([f"--env: {name!r} does not go with a model of {recorded!r}: one is data, one is not"])
    try:
        resolved = resolve_environment(name or recorded, learns_from)
    except ConfigError as error:
        raise ConfigError([Problem("--env", problem.words) for problem in error.found]) from error
    missing = missing_packages(model_class)
    if missing:
        raise ConfigError([Problem("--model", missing)])
    constants = run.model.environment_kwargs if resolved == recorded else {}
    kind = kind_of_environment(resolved, learns_from)
    wrappers = run.model.wrappers
    problems = constants_problems(resolved, kind, constants)
    problems += [Problem("--env", problem.words) for problem in place_problems(wrappers, resolved, kind)]
    if kind == "environment" and not problems:
        _, unfit = check_fit(model_class, resolved, constants, wrappers)
        unfit = unfit or (shape_problems(run.model, resolved) if hasattr(model_class, "environment_problem") else [])
        problems = [Problem("--env", problem.words) for problem in unfit]
    if problems:
        raise ConfigError(problems)
    model = dataclasses.replace(run.model, environment=resolved, environment_kwargs=constants)
    return dataclasses.replace(run, model=model)


def shape_problems(model: ModelConfig, name: str) -> list[Problem]:
    """Why a trained policy cannot act in another environment: there are other numbers to see, or other actions."""
    if name == model.environment:
        return []
    trained = make_environment(model.environment, model.environment_kwargs, model.wrappers)
    other = make_environment(name, {}, model.wrappers)
    if shape_of_spaces(trained) == shape_of_spaces(other):
        return []
    words = f"{name} has {space_words(other)}; the model was trained with {space_words(trained)}"
    return [Problem("environment", words)]


def shape_of_spaces(environment: Any) -> tuple[Any, ...]:
    """All that a network's shape follows from."""
    seen = environment.image_shape or environment.observation_size
    return seen, environment.num_actions, len(environment.action_low)


def return_statistics(returns: list[float], seed: int) -> dict[str, Any]:
    """Mean, standard deviation (divided by N), interquartile mean and its 95 % bootstrap interval."""
    values = np.asarray(returns)
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "iqm": interquartile_mean(values),
        "iqm_95": list(iqm_interval(returns, seed)),
    }
