"""`python -m rliable`: the command line."""

from __future__ import annotations

import sys

from rliable.cli import main
from rliable.python_version import require_python

require_python()
sys.exit(main())
