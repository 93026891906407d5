"""The command line: `rliable` with one of `COMMANDS`, and optimize.py, train.py and evaluate.py."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence

from rliable.cli.arguments import LineParser
from rliable.executors.base import ExecutorError
from rliable.schema import ConfigError, nearest

#: Command -> what it does; each lives in the module of its name.
COMMANDS = {
    "optimize": "search the hyperparameters of a model",
    "train": "train one model",
    "evaluate": "evaluate a trained model",
    "status": "tell how studies stand, also those that run elsewhere",
    "plot": "draw a study's figures and its report",
    "models": "list the models, or one model's hyperparameters",
    "check": "check an environment or a model of one's own",
    "environments": "list the environments, or one environment's constants and spaces",
}
FAILURE = 1
USER_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
      arguments: the command and its arguments; those of this process when None.

    Returns:
      The exit code: 0 done, 1 nothing succeeded, 2 a mistake in the input, 75 ended in time, 130 or 143 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a folder's name need not be UTF-8
    if not words or words[0].startswith("-"):
        make_parser().parse_args(words)
    if words[0] not in COMMANDS:
        print(f"error: unknown command {words[0]!r}{nearest(words[0], COMMANDS)}", file=sys.stderr)
        return USER_ERROR
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # a user's model may import TensorFlow while it is checked
    try:
        command = importlib.import_module(f"rliable.cli.{words[0]}")
        return int(command.run(words[1:]))
    except BrokenPipeError:  # nobody reads what is printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except ModuleNotFoundError as error:
        cure = "activate the environment (source .venv/bin/activate), or pip install rliable-spark"
        print(f"error: the package {error.name!r} is missing; {cure}", file=sys.stderr)
        return USER_ERROR
    except ConfigError as error:
        print("\n".join(f"error: {line}" for line in error.shown), file=sys.stderr)
        return USER_ERROR
    except (ExecutorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        return 130


def make_parser() -> LineParser:
    """The parser of the command's name alone."""
    lines = "\n".join(f"  {name:13} {text}" for name, text in COMMANDS.items())
    parser = LineParser(
        prog="rliable",
        epilog=f"commands:\n{lines}",
        description="Hyperparameter search for reinforcement learning, on a laptop or a Spark cluster.",
        formatter="raw",
    )
    parser.add_argument("command", metavar="command", help="one of those below; each has --help")
    return parser
