"""`optimize`: searches the hyperparameters of a model."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import shlex
import sys
from collections.abc import Iterator, Sequence

from rliable.cli import FAILURE
from rliable.cli.arguments import LineParser, add_set, add_trust, overrides_of, whole_number_or_text
from rliable.cli.dry_run import print_dry_run
from rliable.cli.film import film_best
from rliable.cli.streams import redirect_stderr, redirect_stdout
from rliable.cli.study import Mode, OpenStudy, resume_study, run_study, seed_of, start_study
from rliable.config.study_file import load_study
from rliable.executors.base import ExecutorError
from rliable.records.results import StudyRecord, TrialRecord, load_record
from rliable.records.saved_study import planned_record
from rliable.records.writing import StudyFolderError
from rliable.registry import EXECUTORS, SAMPLERS
from rliable.report.formats import one_line
from rliable.report.plots import draw_study
from rliable.report.plots.drawer import draw_missing_curves
from rliable.report.terminal import Reporter, summary
from rliable.report.terminal.ending import program
from rliable.report.terminal.warning_handler import TerminalWarnings
from rliable.schema import ConfigError
from rliable.tuning.ends import DRAINED, Deadline, SearchDrained, find_deadline
from rliable.tuning.interrupts import Interrupts
from rliable.unit import Answer, Report, RunRecord


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
    parser.add_argument(
        "--across-versions", action="store_true", help="with --resume: also where the model's version has changed since"
    )
    parser.add_argument("--resume", metavar="DIR", help="continue the study in this folder; max_iters stays the total")
    add_trust(parser, "with --resume: ")
    parser.add_argument("--seed", type=int, metavar="N", help="the study's seed")
    parser.add_argument(
        "--num-workers", type=whole_number_or_text, metavar="N", help="slots of the parallel modes, or auto"
    )
    parser.add_argument("--max-iters", type=int, metavar="N", help="trials in total")
    names = ", ".join(SAMPLERS.table)
    parser.add_argument("--sampler", metavar="NAME", help=f"how trials are chosen: {names}, or a class of your own")
    add_set(parser, "grid.batch_size=[64]")


def add_mode(parser: argparse._ActionsContainer) -> None:
    """Adds what says where it runs."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--parallelized", action="store_true", help="run on Spark; without it, in one slot here")
    where.add_argument(
        "--in-process", action="store_true", help="run in this process, where a breakpoint works and no limit holds"
    )
    names = ", ".join(EXECUTORS.table)
    where.add_argument("--executor", metavar="NAME", help=f"run elsewhere: {names}, or a class of your own")
    parser.add_argument(
        "--plevel", type=int, choices=(1, 2), metavar="{1,2}", help="1: one trial per worker (default); 2: rollouts too"
    )
    parser.add_argument(
        "--stop-before",
        metavar="HH:MM:SS",
        help="end by this time of day, with checkpoints of what runs, and exit 75 (default: the end of a Slurm job)",
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
    parser.add_argument("--no-plots", action="store_true", help="draw no figures and film nothing")
    parser.add_argument("--no-video", action="store_true", help="do not film the best trial")
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quiet", action="store_true", help="print only the result")
    how_much.add_argument("--verbose", action="store_true", help="print each run as well")
    how_much.add_argument("--json", action="store_true", help="print one JSON object on stdout, all else on stderr")


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Returns:
      0 when a trial succeeded, 1 when all failed, 75 when it ended in time for a deadline or on SIGUSR1, 130 or 143
      when interrupted.

    Raises:
      ConfigError: a mistake in the arguments or files; nothing has been written.
    """
    args = make_parser().parse_args(arguments)
    check_combination(args)
    names = ("seed", "num_workers", "max_iters", "sampler")
    overrides = overrides_of(args.set, **{name: getattr(args, name) for name in names})
    deadline = find_deadline(args.stop_before)
    if args.resume:
        opened = resume_study(args.resume, overrides, mode_of(args), args.across_versions, args.trust)
        return search_on_terminal(args, opened, deadline)
    path = args.optim_config or args.study
    if args.dry_run:
        study = load_study(path, overrides)
        print_dry_run(study, seed_of(study))
        return 0
    return search_on_terminal(args, start_study(path, overrides, args.output, mode_of(args)), deadline)


def mode_of(args: argparse.Namespace) -> Mode:
    """Where the arguments say that the study is to run."""
    name = "spark" if args.parallelized else "in-process" if args.in_process else args.executor or "serial"
    return Mode(name, args.plevel or 1, args.master)


def check_combination(args: argparse.Namespace) -> None:
    """Refuses arguments that do not go together.

    Raises:
      ConfigError: with the cure.
    """
    files = [name for name in (args.study, args.optim_config, args.resume) if name]
    problems = []
    if len(files) != 1:
        problems.append("give one study file, such as config/optim_dqn.json, or --resume DIR")
    if not (args.parallelized or args.executor):
        given = {"--plevel": args.plevel, "--master": args.master}
        problems += [f"{name} {value} needs --parallelized; add it" for name, value in given.items() if value]
    if args.across_versions and not args.resume:
        problems.append("--across-versions goes with --resume DIR")
    if args.trust and not args.resume:
        problems.append("--trust goes with --resume DIR; what your own files name is trusted")
    if args.resume and (args.output or args.dry_run):
        problems.append("--resume DIR goes on in DIR; leave out --output and --dry-run")
    if args.json and args.dry_run:
        problems.append("--dry-run prints text; leave out --json")
    if problems:
        raise ConfigError(problems)


def search_on_terminal(args: argparse.Namespace, opened: OpenStudy, deadline: Deadline | None) -> int:
    """Runs a checked study in its folder and shows how it goes."""
    verbosity = next((name for name in ("quiet", "verbose", "json") if getattr(args, name)), "normal")
    with (
        Interrupts(drains=True) as interrupts,
        redirect_stderr(opened.folder.log) as errors,
        contextlib.ExitStack() as stack,
    ):
        # What models print beside the one thing that is to be printed goes to the log.
        output = stack.enter_context(redirect_stdout()) if args.json or args.quiet else sys.stdout
        reporter = stack.enter_context(Reporter(verbosity, errors if args.json else output, errors))
        stack.enter_context(shown_warnings(reporter))
        try:
            record = run_study(opened, TerminalAudience(reporter), interrupts, not args.no_plots, deadline)
            code = FAILURE if record.best is None else 0
        except (KeyboardInterrupt, SearchDrained, ExecutorError, StudyFolderError) as error:
            reason = str(error) or "interrupted"
            record = record_so_far(opened, reason)
            codes = {KeyboardInterrupt: interrupts.exit_code, SearchDrained: DRAINED}
            code = codes.get(type(error), FAILURE)
            reporter.close()
            if record.status != "finished":  # else the interrupt came after the end
                way_on = resume_command(args, opened)
                reporter.error(f"{reason}; all finished trials are kept. Continue: {way_on}")
        if record.status == "finished":
            show_end(args, record, opened, reporter, interrupts)
        if args.json:
            print(json.dumps(summary(record, opened.folder.path)), file=output)
    return code


def record_so_far(opened: OpenStudy, stop_reason: str) -> StudyRecord:
    """What a search that was cut short has written down; it may not have come to that."""
    folder = opened.folder
    if folder.results_json.is_file():
        return load_record(folder.path)
    planned, mode = planned_record(folder), opened.mode.name
    return dataclasses.replace(planned, mode=mode, status="interrupted", stop_reason=stop_reason)


@contextlib.contextmanager
def shown_warnings(reporter: Reporter) -> Iterator[None]:
    """Shows on the terminal what our own code warns of; the log, where standard error goes, has all of it."""
    logger, handlers = logging.getLogger("rliable"), (TerminalWarnings(reporter), logging.StreamHandler())
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)


def resume_command(args: argparse.Namespace, opened: OpenStudy) -> str:
    """What to type to go on with a study in the same mode."""
    words = ["--resume", str(opened.folder.path)]
    words += [word for name in opened.trusted for word in ("--trust", name)]
    words += ["--parallelized"] if args.parallelized else ["--in-process"] if args.in_process else []
    words += ["--executor", args.executor] if args.executor else []
    words += ["--plevel", str(args.plevel)] if args.plevel else []
    words += ["--master", args.master] if args.master else []
    return f"{program('optimize')} {shlex.join(words)}"


def show_end(
    args: argparse.Namespace, record: StudyRecord, opened: OpenStudy, reporter: Reporter, interrupts: Interrupts
) -> None:
    """Shows what came of a study, and then draws its pictures."""
    is_drawing = not args.no_plots and bool(record.trials)
    reporter.study_finished(record, opened.folder.path, is_drawing, opened.trusted)
    failed = record.failed()
    if record.best is None and failed:
        reporter.error(f"all {len(failed)} trials failed; the first: {failed[0].error}")
    if is_drawing:
        is_filming = not args.no_video
        draw_pictures(record, opened, is_filming, reporter, interrupts)


def draw_pictures(
    record: StudyRecord, opened: OpenStudy, is_filming: bool, reporter: Reporter, interrupts: Interrupts
) -> None:
    """Draws what a finished study leaves; what goes wrong here, or is interrupted, takes nothing else with it."""
    folder = opened.folder.path
    try:
        interrupts.check()
        if (note := draw_missing_curves(folder).note(folder)) is not None:
            reporter.message(note)
        lack = film_best(record, folder, opened.trusted) if is_filming else None
        if lack is not None:
            reporter.warning(f"no film of trial {record.best}: {lack}")
        draw_study(folder)
    except (Exception, KeyboardInterrupt) as error:
        reason = one_line(str(error)) or "interrupted"
        reporter.warning(f"pictures: {reason}; the study is complete, and rliable plot {folder} draws them")


class TerminalAudience:
    """Shows on the terminal how a study goes."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def study_started(self, record: StudyRecord, notes: list[str]) -> None:
        """As `Audience.study_started`."""
        self._reporter.study_started(record, notes)

    def trial_finished(self, trial: TrialRecord, best: TrialRecord | None, num_finished: int) -> None:
        """As `Listener.trial_finished`."""
        self._reporter.trial_finished(trial, best, num_finished)

    def run_reported(self, report: Report) -> Answer:
        """As `Listener.run_reported`."""
        self._reporter.run_reported(report)
        return Answer.GO_ON

    def run_ended(self, run: RunRecord) -> None:
        """As `Listener.run_ended`."""
        self._reporter.run_ended(run.slot)
