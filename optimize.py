"""Searches the hyperparameters of a model: `python optimize.py --help`."""

import sys

from rliable.python_version import require_python

if __name__ == "__main__":
    require_python()
    from rliable.cli import main

    sys.exit(main(["optimize", *sys.argv[1:]]))
