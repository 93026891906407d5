"""`optimize`: searches the hyperparameters of a model."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import secrets
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rliable.cli.arguments import LineParser, add_set, overrides_of
from rliable.cli.dry_run import print_dry_run
from rliable.cli.streams import redirect_stderr
from rliable.config.study_file import Study, load_study
from rliable.executors.base import Executor, ExecutorError, ExecutorOptions
from rliable.executors.worker import error_line
from rliable.records.folders import StudyFolder, StudyFolderError
from rliable.records.results import StudyRecord, TrialRecord
from rliable.records.saved_study import load_saved_study, save_study
from rliable.registry import EXECUTORS, SAMPLERS
from rliable.report.plots import draw_study
from rliable.report.plots.drawer import CurveDrawer, draw_missing_curves
from rliable.report.terminal import Reporter
from rliable.report.terminal.ending import program, summary
from rliable.schema import ConfigError
from rliable.tuning.interrupts import Interrupts
from rliable.tuning.resume import take_up
from rliable.tuning.tuner import Surroundings, Tuner
from rliable.unit import Answer, Report, RunRecord

FAILURE = 1


def make_parser() -> LineParser:
    """The command's arguments."""
    parser = LineParser(prog="optimize", description="Search the hyperparameters of a model.")
    add_input(parser.add_argument_group("what to search"))
    add_mode(parser.add_argument_group("where it runs"))
    add_output(parser.add_argument_group("what it leaves and shows"))
    return parser


def add_input(parser: argparse._ActionsContainer) -> None:
    """Adds what says which study to run."""
    parser.add_argument("study", nargs="?", metavar="FILE", help="the study file, such as config/optim_dqn.json")
    parser.add_argument("--optim-config", metavar="FILE", help="the same, by name")
    parser.add_argument("--resume", metavar="DIR", help="continue the study in this folder; max_iters stays the total")
    parser.add_argument("--seed", type=int, metavar="N", help="the study's seed")
    parser.add_argument("--num-workers", type=int, metavar="N", help="slots of the parallel modes")
    parser.add_argument("--max-iters", type=int, metavar="N", help="trials in total")
    parser.add_argument("--sampler", metavar="NAME", help=f"how trials are chosen: {', '.join(SAMPLERS.table)}")
    add_set(parser, "grid.batch_size=[64]")


def add_mode(parser: argparse._ActionsContainer) -> None:
    """Adds what says where it runs."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--parallelized", action="store_true", help="run on Spark; without it, in one slot here")
    where.add_argument(
        "--in-process", action="store_true", help="run in this process, where a breakpoint works and no limit holds"
    )
    where.add_argument("--executor", metavar="NAME", help=f"run in another: {', '.join(EXECUTORS.table)}, or your own")
    parser.add_argument(
        "--plevel", type=int, choices=(1, 2), metavar="{1,2}", help="1: one trial per worker (default); 2: rollouts too"
    )
    parser.add_argument(
        "--master", metavar="URL", help="Spark master (default: spark-submit's, else local[num_workers])"
    )


def add_output(parser: argparse._ActionsContainer) -> None:
    """Adds what says what it leaves and shows."""
    parser.add_argument("--output", metavar="DIR", help="the study's folder (default: runs/<optim_name>-<time>)")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the checked study and its first trials, run nothing"
    )
    parser.add_argument("--no-plots", action="store_true", help="draw no figures")
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quiet", action="store_true", help="print only the result")
    how_much.add_argument("--verbose", action="store_true", help="print each run as well")
    how_much.add_argument("--json", action="store_true", help="print one JSON object on stdout, all else on stderr")


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Returns:
      0 when a trial succeeded, 1 when all failed, 130 or 143 when interrupted.

    Raises:
      ConfigError: a mistake in the arguments or files; nothing has been written.
    """
    args = make_parser().parse_args(arguments)
    check_combination(args)
    names = ("seed", "num_workers", "max_iters", "sampler")
    overrides = overrides_of(args.set, **{name: getattr(args, name) for name in names})
    folder = StudyFolder(Path(args.resume or "."))
    if args.resume:
        folder.require()
        folder.lock()
        study, seed = load_saved_study(folder, overrides)
    else:
        study = load_study(args.optim_config or args.study, overrides)
        seed = secrets.randbits(31) if study.config.seed is None else study.config.seed
        if args.dry_run:
            print_dry_run(study, seed)
            return 0
        executor_class(args).check(executor_options(args, study, folder))
        folder = StudyFolder(Path(args.output) if args.output else claim_folder(study.config.optim_name))
        folder.create()
        save_study(folder, study, seed)
    return search(args, study, seed, folder)


def claim_folder(name: str) -> Path:
    """Makes runs/NAME-TIME, with a number behind it when another study has that already."""
    base = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    for suffix in itertools.chain([""], (f"-{number}" for number in itertools.count(2))):
        with contextlib.suppress(FileExistsError):
            path = Path("runs", base + suffix)
            path.mkdir(parents=True)
            return path
    raise AssertionError("there is always one number more")


def check_combination(args: argparse.Namespace) -> None:
    """Refuses arguments that do not go together.

    Raises:
      ConfigError: with the cure.
    """
    files = [name for name in (args.study, args.optim_config, args.resume) if name]
    problems = []
    if len(files) != 1:
        problems.append("give one study file, such as config/optim_dqn.json, or --resume DIR")
    if args.plevel and not args.parallelized:
        problems.append(f"--plevel {args.plevel} needs --parallelized; add it")
    if args.master and not args.parallelized:
        problems.append(f"--master {args.master} needs --parallelized; add it")
    if args.resume and (args.output or args.dry_run):
        problems.append("--resume DIR goes on in DIR; leave out --output and --dry-run")
    if args.json and args.dry_run:
        problems.append("--dry-run prints text; leave out --json")
    if problems:
        raise ConfigError(problems)


def search(args: argparse.Namespace, study: Study, seed: int, folder: StudyFolder) -> int:
    """Runs a checked study in its folder and shows how it goes."""
    verbosity = next((name for name in ("quiet", "verbose", "json") if getattr(args, name)), "normal")
    screen = sys.stdout
    is_terse = args.json or args.quiet
    with Interrupts() as interrupts, redirect_stderr(folder.log) as errors, contextlib.ExitStack() as stack:
        stream = errors if args.json else screen
        if is_terse:  # what a model prints goes to the log
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with Reporter(verbosity, stream, errors) as reporter:
            try:
                record = search_with(args, study, seed, folder, reporter, interrupts)
            except (KeyboardInterrupt, ExecutorError, StudyFolderError) as error:
                reporter.close()
                what = str(error) or "interrupted"
                reporter.error(f"{what}; all finished trials are kept. Continue: {resume_command(args, folder)}")
                return interrupts.exit_code if isinstance(error, KeyboardInterrupt) else FAILURE
    if args.json:
        print(json.dumps(summary(record, folder.path)))
    return 0 if record.best is not None else FAILURE


def resume_command(args: argparse.Namespace, folder: StudyFolder) -> str:
    """What to type to go on with a study in the same mode."""
    words = ["--resume", str(folder.path), *(["--parallelized"] if args.parallelized else [])]
    words += ["--plevel", str(args.plevel)] if args.plevel else []
    words += ["--master", args.master] if args.master else []
    return f"{program('optimize')} {shlex.join(words)}"


def search_with(
    args: argparse.Namespace, study: Study, seed: int, folder: StudyFolder, reporter: Reporter, interrupts: Interrupts
) -> StudyRecord:
    """The search, once the terminal is set up."""
    with CurveDrawer() as drawer, open_executor(args, study, folder) as executor:
        draw_curve = None if args.no_plots else drawer.draw
        surroundings = Surroundings(folder, executor, TerminalListener(reporter), interrupts, draw_curve)
        tuner = Tuner(take_up(study, seed, folder), surroundings)
        reporter.study_started(tuner.record, notes_for(args, study))
        record = tuner.run()
    if not args.no_plots and record.trials:
        draw_pictures(folder, reporter)
    reporter.study_finished(record, folder.path)
    if record.best is None and record.trials:
        reporter.error(f"all {len(record.trials)} trials failed; the first: {record.trials[0].error}")
    return record


class TerminalListener:
    """Shows on the terminal what a study does."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def trial_finished(self, trial: TrialRecord, best: TrialRecord | None, num_finished: int) -> None:
        """As `Listener.trial_finished`."""
        self._reporter.trial_finished(trial, best, num_finished)

    def run_reported(self, report: Report) -> Answer:
        """As `Listener.run_reported`."""
        return Answer.GO_ON

    def run_ended(self, run: RunRecord) -> None:
        """As `Listener.run_ended`."""


def draw_pictures(folder: StudyFolder, reporter: Reporter) -> None:
    """Draws what a finished study leaves; a picture that fails takes nothing else with it."""
    try:
        draw_missing_curves(folder.path)
        draw_study(folder.path)
    except Exception as error:
        reporter.warning(f"pictures: {error_line(error)}; the study is complete, and rliable plot draws it again")


@contextlib.contextmanager
def open_executor(args: argparse.Namespace, study: Study, folder: StudyFolder) -> Iterator[Any]:
    """The executor that the arguments ask for, closed at the end whatever happens."""
    executor = executor_class(args)(executor_options(args, study, folder))
    try:
        yield executor
    finally:
        executor.close()


def executor_class(args: argparse.Namespace) -> type[Executor]:
    """The executor that the arguments name.

    Raises:
      ConfigError: there is no such executor.
    """
    name = "spark" if args.parallelized else "in-process" if args.in_process else args.executor or "serial"
    found: type[Executor] = EXECUTORS.load(name)
    return found


def executor_options(args: argparse.Namespace, study: Study, folder: StudyFolder) -> ExecutorOptions:
    """What an executor is made from."""
    return ExecutorOptions(
        num_workers=study.config.num_workers,
        level=args.plevel or 1,
        master=args.master,
        app_name=study.config.optim_name,
        log_path=folder.log,
        class_names=(study.model.class_name,),
        files=(study.model.environment,),
        uses_cluster=study.model.data == "rdd",
        threads=study.config.threads_per_trial,
    )


def notes_for(args: argparse.Namespace, study: Study) -> list[str]:
    """What the user should know before the study starts."""
    notes = list(study.notes)
    if args.in_process:
        notes.append("--in-process: limits do not hold, and what a model does to its process it does to the search")
    if args.parallelized and SAMPLERS.load(study.config.sampler).uses_results:
        name, slots = study.config.sampler, study.config.num_workers
        notes.append(f"{name} learns from results: on {slots} slots their order of arrival matters")
    return notes
