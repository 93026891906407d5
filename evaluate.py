"""Evaluates a trained model: `python evaluate.py --help`."""

import sys

from rliable.python_version import require_python

if __name__ == "__main__":
    require_python()
    from rliable.cli import main

    sys.exit(main(["evaluate", *sys.argv[1:]]))
