"""Trains one model: `python train.py --help`."""

import sys

from rliable.python_version import require_python

if __name__ == "__main__":
    require_python()
    from rliable.cli import main

    sys.exit(main(["train", *sys.argv[1:]]))
